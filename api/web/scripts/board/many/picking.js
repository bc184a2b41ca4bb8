/**
 * Choosing several visits in the time line: Ctrl and click, Shift and click for all in between, a
 * rectangle drawn over the empty ground, and the keyboard.
 */

import { around, element } from "../../dom.js";
import { text } from "../../texts.js";
import { announce } from "../../ui/announce.js";
import { isMoving } from "../moves/drag.js";
import { cellAt, cellsOf, setFocus } from "../timeline/cells.js";
import { stopsOf } from "../timeline/items.js";
import { focus, order, placeAt, scroller } from "../timeline/timeline.js";
import { choose, chooseNone, chosen } from "./chosen.js";

const LEAST_PIXELS = 6;

/**
 * From where Shift reaches.
 *
 * @type {{ technicianId: string, jobId: string } | null}
 */
let anchor = null;

export function mountPicking() {
  scroller.addEventListener("click", clicked, { capture: true });
  scroller.addEventListener("keydown", pressed, { capture: true });
  scroller.addEventListener("pointerdown", lasso);
}

/**
 * The jobs of a technician's row, in the order of time.
 *
 * @param {string} technicianId
 */
const jobsOf = (technicianId) => stopsOf(technicianId).flatMap((item) => (item.job ? [{ id: item.job.id, item }] : []));

/** @param {MouseEvent} event */
function clicked(event) {
  const { technicianId, jobId } = cellAt(event.target);
  if (!technicianId || !jobId) return;
  if (!event.ctrlKey && !event.metaKey && !event.shiftKey) {
    anchor = { technicianId, jobId };
    return;
  }
  event.stopPropagation();
  setFocus(technicianId, `job:${jobId}`, { andScroll: false });
  if (event.shiftKey) choose(between(anchor ?? { technicianId, jobId }, { technicianId, jobId }));
  else choose([jobId], !chosen.has(jobId));
  anchor = { technicianId, jobId };
}

/**
 * All visits in the rows and the time from one to the other.
 *
 * @param {{ technicianId: string, jobId: string }} one
 * @param {{ technicianId: string, jobId: string }} other
 */
function between(one, other) {
  const places = [one, other].map(({ technicianId, jobId }) => {
    const item = jobsOf(technicianId).find(({ id }) => id === jobId)?.item;
    return { row: order.indexOf(technicianId), from: item?.from ?? 0, to: item?.to ?? 0 };
  });
  const rows = places.map(({ row }) => row);
  const from = Math.min(...places.map((place) => place.from));
  const to = Math.max(...places.map((place) => place.to));
  return within(Math.min(...rows), Math.max(...rows), from, to);
}

/**
 * @param {number} first
 * @param {number} last
 * @param {OnBoard.Moment} from
 * @param {OnBoard.Moment} to
 */
function within(first, last, from, to) {
  return order
    .slice(Math.max(0, first), last + 1)
    .flatMap(jobsOf)
    .filter(({ item }) => item.from < to && item.to > from)
    .map(({ id }) => id);
}

/** @param {KeyboardEvent} event */
function pressed(event) {
  const here = focus.technicianId;
  if (!around(event.target, "[role=grid]") || isMoving() || here === null) return;
  const jobId = focus.key.startsWith("job:") ? focus.key.slice(4) : null;
  const isWith = event.ctrlKey || event.metaKey;
  if (event.key === " " && isWith && jobId) choose([jobId], !chosen.has(jobId));
  else if (event.key.toLowerCase() === "a" && isWith) choose(jobsOf(here).map(({ id }) => id));
  else if (event.shiftKey && (event.key === "ArrowRight" || event.key === "ArrowLeft")) extend(here, event.key === "ArrowRight" ? 1 : -1);
  else if (event.key === "Escape" && chosen.size) chooseNone();
  else return;
  event.preventDefault();
  event.stopPropagation();
  announce(text("many.chosen", { count: chosen.size }));
}

/**
 * Choose what is here, and go on to the next one and choose it too.
 *
 * @param {string} technicianId
 * @param {number} by
 */
function extend(technicianId, by) {
  const keys = cellsOf(technicianId).map(({ key }) => key);
  const to = keys[keys.indexOf(focus.key) + by];
  const wanted = [focus.key, to ?? ""].filter((key) => key.startsWith("job:"));
  if (to) setFocus(technicianId, to);
  choose(wanted.map((key) => key.slice(4)));
}

/** @param {PointerEvent} down */
function lasso(down) {
  const isGround = around(down.target, ".track, .grid") && !cellAt(down.target).jobId && !around(down.target, "[role=rowheader]");
  const start = placeAt(down.clientX, down.clientY);
  if (down.button !== 0 || down.pointerType !== "mouse" || !isGround || !start || start.isOnName) return;
  const ending = new AbortController();
  /** @type {HTMLElement | null} */
  let frame = null;
  const draw = (/** @type {PointerEvent} */ { clientX, clientY }) => {
    const [width, height] = [Math.abs(clientX - down.clientX), Math.abs(clientY - down.clientY)];
    if (!frame && Math.max(width, height) < LEAST_PIXELS) return;
    if (!frame) {
      frame = element("div", { class: "lasso", "aria-hidden": "true" });
      document.body.append(frame);
      getSelection()?.removeAllRanges();
    }
    const { style } = frame;
    style.setProperty("left", `${Math.min(clientX, down.clientX)}px`);
    style.setProperty("top", `${Math.min(clientY, down.clientY)}px`);
    style.setProperty("width", `${width}px`);
    style.setProperty("height", `${height}px`);
  };
  const end = (/** @type {PointerEvent} */ event) => {
    ending.abort();
    if (!frame) return;
    frame.remove();
    if (event.type === "pointercancel") return;
    const box = scroller.getBoundingClientRect();
    const stop = placeAt(Math.min(event.clientX, box.right - 1), Math.min(event.clientY, box.bottom - 1));
    if (!event.ctrlKey && !event.metaKey && !event.shiftKey) chosen.clear();
    const rows = [start, stop ?? start].map(({ technicianId }) => order.indexOf(technicianId));
    const moments = [start, stop ?? start].map(({ moment }) => moment);
    choose(within(Math.min(...rows), Math.max(...rows), Math.min(...moments), Math.max(...moments)));
    announce(text("many.chosen", { count: chosen.size }));
  };
  const options = { signal: ending.signal };
  document.addEventListener("pointermove", draw, options);
  document.addEventListener("pointerup", end, options);
  document.addEventListener("pointercancel", end, options);
}
