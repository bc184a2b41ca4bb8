/**
 * The time line: one row per technician under an axis of hours. Rows exist only while they are on
 * screen, and in a row only what is in view, so that hundreds of technicians scroll smoothly.
 */

import { byId, element } from "../dom.js";
import { day, isoDay, time } from "../format.js";
import { text } from "../texts.js";
import { isFiltered, matchesJob, shownTechnicians } from "./filters.js";
import { forgetItems, hintOf, stopsOf } from "./items.js";
import { makeRow } from "./rows.js";
import { DETAIL_PIXELS_PER_HOUR, fitScaleToBoard, fittingZoom, fullWidth, isDetailed, isInHours, marks, setZoom, shownDays, toMoment, toPixels, zoom } from "./scale.js";
import { board, hover, notify, pointAt, select, selection, shownSpan, subscribe } from "./state.js";

export const ROW_HEIGHT = 46;
const AXIS_HEIGHT = 36;
/** Drawn beyond what is in view, so that a short scroll needs no drawing. */
const MARGIN_PIXELS = 400;
const MARGIN_ROWS = 3;

const scroller = byId("timeline");
const content = element("div", { class: "timeline-content" });
const axis = element("div", { class: "axis", "aria-hidden": "true" });
const axisTrack = element("div", { class: "axis-track" });
const grid = element("div", { class: "grid", role: "grid", "aria-describedby": "timeline-help" });
const lines = element("div", { class: "hour-lines", "aria-hidden": "true" });
const nowLine = element("div", { class: "now-line", "aria-hidden": "true" });
const nowFlag = element("div", { class: "now-flag" });
const nothing = element("p", { class: "nothing soft", hidden: true });

/** Technicians' ids in the order of their rows. */
export let order = [];
let places = new Map();
const rows = new Map();
/** The cell to which the Tab key comes. */
export const focus = { technicianId: null, key: "header" };
let drawnView = null;
let framed = 0;
let fitted = null;
/** The part of the page that the time line has: asking the browser each time would be dear. */
const room = { width: 0, height: 0, names: 0 };

/** Put the time line into the page. */
export function mountTimeline() {
  grid.setAttribute("aria-label", text("timeline.label"));
  nothing.textContent = text("timeline.nobody");
  axis.append(element("div", { class: "axis-corner" }, element("span", { id: "corner" })), axisTrack);
  grid.append(lines, nowLine);
  content.append(axis, grid, nothing);
  scroller.append(content);
  measureRoom();
  scroller.addEventListener("scroll", soon, { passive: true });
  new ResizeObserver(resized).observe(scroller);
  scroller.addEventListener("wheel", zoomByWheel, { passive: false });
  grid.addEventListener("click", clicked);
  grid.addEventListener("pointerover", pointed);
  grid.addEventListener("pointerleave", () => pointAt({}));
  subscribe("board", takeBoard);
  subscribe("filters", () => { arrange(); redraw(); });
  subscribe("selection", () => markRows());
  subscribe("hover", () => markRows());
  setInterval(placeNow, 15_000);
  for (const [id, act] of [["zoom-in", () => zoomBy(1.5)], ["zoom-out", () => zoomBy(1 / 1.5)], ["zoom-fit", fit], ["go-now", goToNow]]) {
    byId(id).addEventListener("click", act);
  }
}

function measureRoom() {
  const names = Number.parseFloat(getComputedStyle(scroller).getPropertyValue("--names"));
  Object.assign(room, { width: scroller.clientWidth, height: scroller.clientHeight, names });
}

/** Pixels that the track has beside the names. */
const trackWidth = () => room.width - room.names;

function takeBoard(technicianIds) {
  forgetItems();
  const before = fitted;
  fitted = `${board.day}+${board.days}`;
  fitScaleToBoard();
  setZoom(before === fitted ? zoom() : initialZoom(), trackWidth());
  arrange();
  if (before !== fitted) scroller.scrollLeft = 0;
  redraw();
}

const initialZoom = () => fittingZoom(trackWidth());

/** Which technicians have rows, and where. */
function arrange() {
  const names = new Intl.Collator("vi", { numeric: true });
  const shown = shownTechnicians().sort((one, other) => names.compare(one.id, other.id));
  order = shown.map((technician) => technician.id);
  places = new Map(order.map((id, index) => [id, index]));
  grid.setAttribute("aria-rowcount", order.length);
  content.style.setProperty("height", `${AXIS_HEIGHT + order.length * ROW_HEIGHT}px`);
  byId("corner").textContent = text("timeline.technicians", { count: order.length });
  nothing.hidden = order.length > 0;
  if (!order.includes(focus.technicianId)) Object.assign(focus, { technicianId: order[0] ?? null, key: "header" });
  const kept = new Set(order);
  for (const [id, row] of rows) {
    if (kept.has(id)) continue;
    row.node.remove();
    rows.delete(id);
  }
}

/** Draw everything that is in view anew: the scale or the data have changed. */
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
  if (!framed) framed = requestAnimationFrame(() => { framed = 0; draw(); });
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
  const isInside = drawnView && scrollLeft >= drawnView.left && scrollLeft + width <= drawnView.right;
  const isNew = !isInside;
  if (isNew) {
    drawnView = { left: scrollLeft - MARGIN_PIXELS, right: scrollLeft + width + MARGIN_PIXELS, now: Date.now(), focused: focus, matches: matchesJob, isFiltered: isFiltered(), focusedKey: null };
  }
  const wanted = new Set(order.slice(first, last));
  if (focus.technicianId) wanted.add(focus.technicianId);
  for (const [id, row] of rows) {
    if (wanted.has(id)) continue;
    row.node.remove();
    rows.delete(id);
  }
  for (const id of wanted) {
    const isMade = !rows.has(id);
    if (isMade) rows.set(id, makeRow(id));
    const row = rows.get(id);
    const index = places.get(id);
    if (isMade || isNew) row.update({ ...drawnView, focusedKey: focus.technicianId === id ? focus.key : null });
    if (row.index !== index) {
      row.index = index;
      row.node.style.setProperty("top", `${index * ROW_HEIGHT}px`);
      row.node.setAttribute("aria-rowindex", index + 1);
    }
    if (isMade) insertRow(row);
  }
}

function insertRow(row) {
  let next = null;
  for (const other of rows.values()) if (other !== row && other.index > row.index && !(next && next.index <= other.index)) next = other;
  grid.insertBefore(row.node, next?.node ?? null);
}

function markRows() {
  if (!drawnView) return;
  for (const row of rows.values()) row.mark({ ...drawnView, focused: focus });
}

function drawAxis() {
  const drawn = marks();
  axisTrack.replaceChildren(...drawn.map(({ moment, isDay }) =>
    element("span", { class: isDay ? "axis-day" : "axis-hour", style: { left: `${toPixels(moment)}px` } },
      isDay ? element("span", {}, day(moment)) : element("span", { class: "numbers" }, time(moment)))));
  lines.replaceChildren(
    ...drawn.map(({ moment, isDay }) => element("span", { class: isDay ? "day-line" : "hour-line", style: { left: `${toPixels(moment)}px` } })),
    ...shownDays.slice(1).map((one, index) => {
      const left = toPixels(shownDays[index].to);
      return element("span", { class: "night", style: { left: `${left}px`, width: `${toPixels(one.from) - left}px` } });
    }),
  );
}

function placeNow() {
  if (!board.day) return;
  const now = Date.now();
  const isShown = isInHours(now);
  nowLine.hidden = nowFlag.hidden = !isShown;
  if (!isShown) return;
  nowLine.style.setProperty("left", `${toPixels(now)}px`);
  nowFlag.style.setProperty("left", `${toPixels(now)}px`);
  nowFlag.textContent = time(now);
  if (nowFlag.parentNode !== axisTrack) axisTrack.append(nowFlag);
}

/** The pixel of the track at which now is, or its middle when now is out of view. */
function middle() {
  const now = Date.now();
  const pixels = toPixels(now) - scroller.scrollLeft;
  return isInHours(now) && pixels > 0 && pixels < trackWidth() ? pixels : trackWidth() / 2;
}

/** Zoom by a factor; what is at `pixels` of the track stays where it is. */
export function zoomBy(factor, pixels = middle()) {
  const moment = toMoment(scroller.scrollLeft + pixels);
  const before = zoom();
  let wanted = before * factor;
  // Between single visits and summed-up days lies nothing that could be read.
  if (factor < 1 && before >= DETAIL_PIXELS_PER_HOUR && wanted < DETAIL_PIXELS_PER_HOUR && board.days > 1) wanted = fittingZoom(trackWidth());
  if (factor > 1 && before < DETAIL_PIXELS_PER_HOUR) wanted = Math.max(wanted, DETAIL_PIXELS_PER_HOUR);
  setZoom(wanted, trackWidth());
  if (zoom() === before) return;
  const left = Math.max(0, Math.min(toPixels(moment) - pixels, fullWidth() - trackWidth()));
  redraw(left);
  scroller.scrollLeft = left;
}

export function fit() {
  setZoom(fittingZoom(trackWidth()), trackWidth());
  redraw();
}

export function goToNow() {
  const now = Date.now();
  const { from, to } = shownSpan();
  if (now < from || now > to) return notify("go-to-today");
  scroller.scrollLeft = toPixels(now) - trackWidth() / 3;
}

function zoomByWheel(event) {
  if (!event.ctrlKey && !event.metaKey) return;
  event.preventDefault();
  const pixels = event.clientX - scroller.getBoundingClientRect().left - room.names;
  zoomBy(Math.exp(-event.deltaY * 0.002), Math.max(0, pixels));
}

/** The job and technician of an element of the grid. */
export function cellAt(target) {
  const row = target.closest?.(".row");
  if (!row) return {};
  const technicianId = row.dataset.technician;
  const piece = target.closest("[role=gridcell]");
  const item = piece && rows.get(technicianId)?.item(piece.dataset.key);
  return { technicianId, jobId: item?.job?.id ?? null };
}

function pointed({ target }) {
  pointAt(cellAt(target));
  const piece = target.closest("[role=gridcell]");
  const item = piece && rows.get(piece.closest(".row").dataset.technician)?.item(piece.dataset.key);
  if (item) piece.title = hintOf(item);
}

function clicked({ target }) {
  const row = target.closest(".row");
  if (!row) return;
  const cell = target.closest("[role=gridcell], [role=rowheader]");
  if (!cell) return;
  setFocus(row.dataset.technician, cell.dataset.key);
  open();
}

/** Choose what is focused, and show it. */
export function open() {
  const item = rows.get(focus.technicianId)?.item(focus.key);
  if (item?.kind === "day") return notify("go-to-day", item.day.iso);
  select({ technicianId: focus.technicianId, jobId: item?.job?.id ?? null });
  notify("open");
}

/** Move the focus to a cell, bring it into view, and give it the keyboard. */
export function setFocus(technicianId, key = "header", { andScroll = true } = {}) {
  Object.assign(focus, { technicianId, key });
  if (andScroll) bringIntoView(technicianId, key);
  draw();
  const row = rows.get(technicianId);
  if (row && !row.cell(key)) row.update({ ...drawnView, focused: focus, focusedKey: key });
  markRows();
  row?.cell(key)?.focus({ preventScroll: true });
}

/** The cells of a row that the keyboard goes through. */
export function cellsOf(technicianId) {
  const pieces = isDetailed()
    ? stopsOf(technicianId).map(({ key, from, to }) => ({ key, from, to }))
    : shownDays.map((one) => ({ key: `day:${one.iso}`, from: one.from, to: one.to }));
  return [{ key: "header", from: null, to: null }, ...pieces];
}

function bringIntoView(technicianId, key) {
  const top = order.indexOf(technicianId) * ROW_HEIGHT;
  const height = room.height - AXIS_HEIGHT;
  if (top < scroller.scrollTop) scroller.scrollTop = top;
  else if (top + ROW_HEIGHT > scroller.scrollTop + height) scroller.scrollTop = top + ROW_HEIGHT - height;
  const cell = cellsOf(technicianId).find((one) => one.key === key);
  if (!cell?.from) return;
  const [left, right, width] = [toPixels(cell.from), toPixels(cell.to), trackWidth()];
  if (left < scroller.scrollLeft) scroller.scrollLeft = left - 24;
  else if (right > scroller.scrollLeft + width) scroller.scrollLeft = Math.min(left - 24, right - width + 24);
}

/** Show a job where it is in the plan; false if it is not there. */
export function showJob(jobId) {
  const placed = board.placed.get(jobId);
  if (!placed || !order.includes(placed.technicianId)) return false;
  Object.assign(focus, { technicianId: placed.technicianId, key: `job:${jobId}` });
  bringIntoView(placed.technicianId, `job:${jobId}`);
  draw();
  markRows();
  return true;
}

/** The technician and the moment under a point of the window; null outside of all rows. */
export function placeAt(x, y) {
  const box = scroller.getBoundingClientRect();
  const pixels = x - box.left - room.names;
  const down = y - box.top - AXIS_HEIGHT;
  if (x < box.left || x > box.right || y > box.bottom || down < 0) return null;
  const technicianId = order[Math.floor((down + scroller.scrollTop) / ROW_HEIGHT)];
  if (!technicianId) return null;
  return { technicianId, moment: toMoment(Math.max(0, pixels) + scroller.scrollLeft), isOnName: pixels < 0 };
}

/** Where a technician's row and a moment are, in the window. */
export function pointOf(technicianId, moment) {
  const box = scroller.getBoundingClientRect();
  return {
    x: box.left + room.names + toPixels(moment) - scroller.scrollLeft,
    y: box.top + AXIS_HEIGHT + order.indexOf(technicianId) * ROW_HEIGHT - scroller.scrollTop,
  };
}

export { scroller };
export const isToday = () => board.day === isoDay(Date.now());
