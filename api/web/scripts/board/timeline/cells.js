/** The cells of the time line: which one is pointed at, chosen, or has the focus. */

import { around } from "../../dom.js";
import { board, notify, pointAt, select } from "../state.js";
import { hintOf, stopsOf } from "./items.js";
import { isDetailed, shownDays, toPixels } from "./scale.js";
import { AXIS_HEIGHT, drawnCell, focus, grid, itemAt, order, ROW_HEIGHT, roomHeight, scroller, trackWidth } from "./timeline.js";

/** Listen to the pointer. */
export function mountCells() {
  grid.addEventListener("click", clicked);
  grid.addEventListener("pointerover", pointed);
  grid.addEventListener("pointerleave", () => pointAt({}));
}

/**
 * The technician, the cell and the item of an element of the grid.
 *
 * @param {EventTarget | null} target
 */
function found(target) {
  const technicianId = around(target, ".row")?.dataset.technician ?? null;
  const cell = around(target, "[role=gridcell], [role=rowheader]");
  const key = cell?.dataset.key ?? null;
  return { technicianId, cell, key, item: technicianId && key ? itemAt(technicianId, key) : null };
}

/**
 * The job and technician of an element of the grid.
 *
 * @param {EventTarget | null} target
 */
export function cellAt(target) {
  const { technicianId, item } = found(target);
  return { technicianId, jobId: item?.job?.id ?? null };
}

/** @param {PointerEvent} event */
function pointed({ target }) {
  const { technicianId, cell, item } = found(target);
  pointAt({ technicianId, jobId: item?.job?.id ?? null });
  if (cell && item) cell.title = hintOf(item);
}

/** @param {MouseEvent} event */
function clicked({ target }) {
  const { technicianId, key } = found(target);
  if (!technicianId || !key) return;
  setFocus(technicianId, key);
  open();
}

/** Choose what is focused, and show it. */
export function open() {
  const { technicianId, key } = focus;
  const item = technicianId ? itemAt(technicianId, key) : null;
  if (item?.day) {
    notify("go-to-day", item.day.iso);
    return;
  }
  select({ technicianId, jobId: item?.job?.id ?? null });
  notify("open");
}

/**
 * Move the focus to a cell, bring it into view, and give it the keyboard.
 *
 * @param {string} technicianId
 * @param {string} [key]
 * @param {{ andScroll?: boolean }} [options]
 */
export function setFocus(technicianId, key = "header", { andScroll = true } = {}) {
  Object.assign(focus, { technicianId, key });
  if (andScroll) bringIntoView(technicianId, key);
  drawnCell(technicianId, key)?.focus({ preventScroll: true });
}

/**
 * A cell that the keyboard goes through; the header lies at no time.
 *
 * @typedef {OnBoard.Span & { key: string }} Piece
 * @typedef {{ key: string, from: OnBoard.Moment | null, to: OnBoard.Moment | null }} Cell
 */

/**
 * The cells of a row that the keyboard goes through.
 *
 * @param {string} technicianId
 * @returns {[Cell, ...Piece[]]}
 */
export function cellsOf(technicianId) {
  const pieces = isDetailed()
    ? stopsOf(technicianId).map(({ key, from, to }) => ({ key, from, to }))
    : shownDays.map((one) => ({ key: `day:${one.iso}`, from: one.from, to: one.to }));
  return [{ key: "header", from: null, to: null }, ...pieces];
}

/**
 * @param {string} technicianId
 * @param {string} key
 */
function bringIntoView(technicianId, key) {
  const top = order.indexOf(technicianId) * ROW_HEIGHT;
  const height = roomHeight() - AXIS_HEIGHT;
  if (top < scroller.scrollTop) scroller.scrollTop = top;
  else if (top + ROW_HEIGHT > scroller.scrollTop + height) scroller.scrollTop = top + ROW_HEIGHT - height;
  const [, ...pieces] = cellsOf(technicianId);
  const cell = pieces.find((one) => one.key === key);
  if (!cell) return;
  const [left, right, width] = [toPixels(cell.from), toPixels(cell.to), trackWidth()];
  if (left < scroller.scrollLeft) scroller.scrollLeft = left - 24;
  else if (right > scroller.scrollLeft + width) scroller.scrollLeft = Math.min(left - 24, right - width + 24);
}

/**
 * Show a job where it is in the plan; false if it is not there.
 *
 * @param {string} jobId
 */
export function showJob(jobId) {
  const placed = board.placed.get(jobId);
  if (!placed || !order.includes(placed.technicianId)) return false;
  const key = `job:${jobId}`;
  Object.assign(focus, { technicianId: placed.technicianId, key });
  bringIntoView(placed.technicianId, key);
  drawnCell(placed.technicianId, key);
  return true;
}
