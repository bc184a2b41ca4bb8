/**
 * The time line: one row per technician under an axis of hours. Rows exist only while they are on
 * screen, and in a row only what is in view, so that hundreds of technicians scroll smoothly.
 *
 * `cells.js` knows what in it is pointed at or has the focus, `zoom.js` how much is seen at once.
 */

import { byId, element } from "../../dom.js";
import { text } from "../../texts.js";
import { isFiltered, matchesJob, shownTechnicians } from "../filters.js";
import { board, subscribe } from "../state.js";
import { axis, drawAxis, lines, nowLine, placeNow } from "./axis.js";
import { forgetItems } from "./items.js";
import { inOrder } from "./looks.js";
import { makeRow } from "./rows.js";
import { fitScaleToBoard, fittingZoom, fullWidth, isDetailed, setZoom, toMoment, toPixels, zoom } from "./scale.js";

export const ROW_HEIGHT = 46;
export const AXIS_HEIGHT = 36;
/** Drawn beyond what is in view, so that a short scroll needs no drawing. */
const MARGIN_PIXELS = 400;
const MARGIN_ROWS = 3;

export const scroller = byId("timeline");
const content = element("div", { class: "timeline-content" });
export const grid = element("div", { class: "grid", role: "grid", "aria-describedby": "timeline-help" });
const nothing = element("p", { class: "nothing soft", hidden: true });

/**
 * Technicians' ids in the order of their rows.
 *
 * @type {string[]}
 */
export let order = [];
/** @type {Map<string, number>} */
let places = new Map();
/** @type {Map<string, import("./rows.js").Row>} */
const rows = new Map();
/**
 * The cell to which the Tab key comes.
 *
 * @type {OnBoard.View["focused"]}
 */
export const focus = { technicianId: null, key: "header" };
/** @type {OnBoard.View | null} */
let drawnView = null;
let framed = 0;
/** @type {string | null} */
let fitted = null;
/** The part of the page that the time line has: asking the browser each time would be dear. */
const room = { width: 0, height: 0, names: 0 };

/** Put the time line into the page. */
export function mountTimeline() {
  grid.setAttribute("aria-label", text("timeline.label"));
  nothing.textContent = text("timeline.nobody");
  grid.append(lines, nowLine);
  content.append(axis, grid, nothing);
  scroller.append(content);
  measureRoom();
  scroller.addEventListener("scroll", soon, { passive: true });
  new ResizeObserver(resized).observe(scroller);
  subscribe("board", takeBoard);
  subscribe("filters", () => {
    arrange();
    redraw();
  });
  subscribe("looks", () => {
    forgetItems();
    arrange();
    redraw();
  });
  subscribe("selection", () => markRows());
  subscribe("hover", () => markRows());
  subscribe("chosen", () => markRows());
  setInterval(placeNow, 15_000);
}

function measureRoom() {
  const names = Number.parseFloat(getComputedStyle(scroller).getPropertyValue("--names"));
  Object.assign(room, { width: scroller.clientWidth, height: scroller.clientHeight, names });
}

/** Pixels that the track has beside the names. */
export const trackWidth = () => room.width - room.names;
export const namesWidth = () => room.names;
export const roomHeight = () => room.height;

function takeBoard() {
  forgetItems();
  const before = fitted;
  fitted = `${board.day}+${board.days}`;
  fitScaleToBoard();
  setZoom(before === fitted ? zoom() : fittingZoom(trackWidth()), trackWidth());
  arrange();
  if (before !== fitted) scroller.scrollLeft = 0;
  redraw();
}

/** Which technicians have rows, and where. */
function arrange() {
  const shown = inOrder(shownTechnicians());
  order = shown.map((technician) => technician.id);
  places = new Map(order.map((id, index) => [id, index]));
  grid.setAttribute("aria-rowcount", String(order.length));
  content.style.setProperty("height", `${AXIS_HEIGHT + order.length * ROW_HEIGHT}px`);
  byId("corner").textContent = text("timeline.technicians", { count: order.length });
  nothing.hidden = order.length > 0;
  const kept = new Set(order);
  if (!kept.has(focus.technicianId ?? "")) Object.assign(focus, { technicianId: order[0] ?? null, key: "header" });
  keepRows(kept);
}

/**
 * Let go of all other rows.
 *
 * @param {Set<string>} kept
 */
function keepRows(kept) {
  for (const [id, row] of rows) {
    if (kept.has(id)) continue;
    row.node.remove();
    rows.delete(id);
  }
}

/**
 * Draw everything that is in view anew: the scale or the data have changed.
 *
 * @param {number} [scrollLeft]
 */
export function redraw(scrollLeft = scroller.scrollLeft) {
  drawnView = null;
  content.style.setProperty("width", `calc(var(--names) + ${fullWidth()}px)`);
  scroller.classList.toggle("detailed", isDetailed());
  scroller.classList.toggle("wide", fullWidth() > trackWidth() + 1);
  drawAxis();
  placeNow();
  draw(scrollLeft);
}

function soon() {
  framed ||= requestAnimationFrame(() => {
    framed = 0;
    draw();
  });
}

function resized() {
  measureRoom();
  if (!board.day) return;
  setZoom(zoom(), trackWidth());
  redraw();
}

function draw(scrollLeft = scroller.scrollLeft) {
  const scrollTop = board.day ? scroller.scrollTop : 0;
  const width = trackWidth();
  const first = Math.max(0, Math.floor(scrollTop / ROW_HEIGHT) - MARGIN_ROWS);
  const last = Math.min(order.length, Math.ceil((scrollTop + room.height) / ROW_HEIGHT) + MARGIN_ROWS);
  const before = drawnView;
  const isInside = before !== null && scrollLeft >= before.left && scrollLeft + width <= before.right;
  const view = isInside
    ? before
    : {
        left: scrollLeft - MARGIN_PIXELS,
        right: scrollLeft + width + MARGIN_PIXELS,
        now: Date.now(),
        focused: focus,
        matches: matchesJob,
        isFiltered: isFiltered(),
        focusedKey: null,
      };
  drawnView = view;
  const wanted = new Set(order.slice(first, last));
  if (focus.technicianId) wanted.add(focus.technicianId);
  keepRows(wanted);
  for (const id of wanted) {
    const known = rows.get(id);
    const row = known ?? makeRow(id);
    rows.set(id, row);
    if (!known || !isInside) row.update({ ...view, focusedKey: focus.technicianId === id ? focus.key : null });
    const index = places.get(id) ?? 0;
    if (row.index !== index) {
      row.index = index;
      row.node.style.setProperty("top", `${index * ROW_HEIGHT}px`);
      row.node.setAttribute("aria-rowindex", String(index + 1));
    }
    if (!known) insertRow(row);
  }
}

/** @param {import("./rows.js").Row} row */
function insertRow(row) {
  const after = [...rows.values()].filter((other) => other !== row && other.index > row.index);
  const next = after.reduce((/** @type {typeof row | null} */ best, other) => (best && best.index <= other.index ? best : other), null);
  grid.insertBefore(row.node, next?.node ?? null);
}

function markRows() {
  if (!drawnView) return;
  for (const row of rows.values()) row.mark(drawnView);
}

/**
 * What is drawn there; null for a header, and for what is not on screen.
 *
 * @param {string} technicianId
 * @param {string} key
 */
export const itemAt = (technicianId, key) => rows.get(technicianId)?.item(key) ?? null;

/**
 * The cell, which is drawn if it is not yet; null if there is none.
 *
 * @param {string} technicianId
 * @param {string} key
 */
export function drawnCell(technicianId, key) {
  draw();
  const row = rows.get(technicianId);
  if (row && drawnView && !row.cell(key)) row.update({ ...drawnView, focusedKey: key });
  markRows();
  return row?.cell(key) ?? null;
}

/**
 * The technician and the moment under a point of the window; null outside of all rows.
 *
 * @param {number} x
 * @param {number} y
 */
export function placeAt(x, y) {
  const box = scroller.getBoundingClientRect();
  const pixels = x - box.left - room.names;
  const down = y - box.top - AXIS_HEIGHT;
  if (x < box.left || x > box.right || y > box.bottom || down < 0) return null;
  const technicianId = order[Math.floor((down + scroller.scrollTop) / ROW_HEIGHT)];
  if (!technicianId) return null;
  return { technicianId, moment: toMoment(Math.max(0, pixels) + scroller.scrollLeft), isOnName: pixels < 0 };
}

/**
 * Where a technician's row and a moment are, in the window.
 *
 * @param {string} technicianId
 * @param {OnBoard.Moment} moment
 */
export function pointOf(technicianId, moment) {
  const box = scroller.getBoundingClientRect();
  return {
    x: box.left + room.names + toPixels(moment) - scroller.scrollLeft,
    y: box.top + AXIS_HEIGHT + order.indexOf(technicianId) * ROW_HEIGHT - scroller.scrollTop,
  };
}
