/**
 * Moving a job to another time or technician, by pointer, finger or keyboard. This module knows
 * where the job would go; what that costs and whether it may be is for the drop handler to say.
 *
 * A target is `{jobId, technicianId, startAt, from}`: the technician whose row it is, the moment at
 * which the visit would begin (null when it was put onto the technician's name: whenever it costs
 * least), and where it is now (`{technicianId, startAt}` or null).
 */

import { element } from "../dom.js";
import { text } from "../texts.js";
import { announce } from "./announce.js";
import { colourName } from "./colours.js";
import { board, isPlannable, shownSpan } from "./state.js";
import { focus, order, placeAt, pointOf, ROW_HEIGHT, scroller, setFocus } from "./timeline.js";
import { isInHours, shownDays, toMoment, toPixels, zoom } from "./scale.js";
import { visitTime } from "./words.js";

const STEP_MILLISECONDS = 300_000;
/** Moving less than this is a click. */
const LEAST_PIXELS = 5;
/** A finger that rests so long picks up what it is on; one that moves before scrolls. */
const HOLD_MILLISECONDS = 400;
/** Fingers tremble. */
const TREMOR_PIXELS = 10;
const VIBRATION_MILLISECONDS = 30;
/** No more often than this is the drop handler asked. */
const ASK_MILLISECONDS = 90;
const EDGE_PIXELS = 36;

let handler = null;
/** What is being moved: job, grabbed at, current target, ghost. */
let move = null;
let suppressClick = false;

/**
 * Say what a move means: `moved(target)` while it hovers (at most every 90 ms), `dropped(target)`,
 * `left()` when it hovers nowhere or was given up.
 */
export function setDropHandler(wanted) {
  handler = wanted;
}

/** Words or elements beside the ghost, such as what the move would cost. */
export function showBesideGhost(...children) {
  if (!move) return;
  move.note.replaceChildren(...children);
  move.note.hidden = children.length === 0;
  placeNote();
}

export const isMoving = () => move !== null;

/** Let the element be dragged as the job that `jobIdOf(event)` names. */
export function makeDraggable(area, jobIdOf) {
  area.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !event.isPrimary || move) return;
    const jobId = jobIdOf(event);
    if (!jobId || !canMove(jobId)) return;
    if (event.pointerType === "touch") waitForHold(event, jobId);
    else waitForMove(event, jobId);
  });
  // Whether a page may ever keep a finger from scrolling is settled when the finger comes down, by
  // there being such a listener; `touch-action` would be too early, as what is not held has to scroll.
  area.addEventListener("touchmove", () => {}, { passive: false });
  area.addEventListener("click", (event) => {
    if (!suppressClick) return;
    suppressClick = false;
    event.stopPropagation();
  }, { capture: true });
}

/** Whether plans may still move the job; what has begun is history. */
export function canMove(jobId) {
  const job = board.jobs.get(jobId);
  return Boolean(handler && job && isPlannable(job) && !job.en_route_at && !job.arrived_at);
}

/** Where on its bar the job was taken hold of, in pixels from its start. */
function gripOf({ target, clientX }) {
  const bar = target.closest(".piece");
  return bar ? clientX - bar.getBoundingClientRect().left : 0;
}

const distance = (one, other) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);

function waitForMove(down, jobId) {
  const grabbed = gripOf(down);
  const ending = new AbortController();
  const options = { signal: ending.signal };
  document.addEventListener("pointermove", (event) => {
    if (!move) {
      if (distance(event, down) < LEAST_PIXELS) return;
      begin(jobId, grabbed, ending);
    }
    follow(event.clientX, event.clientY);
  }, options);
  document.addEventListener("pointerup", () => {
    ending.abort();
    if (!move) return;
    suppressClick = true;
    setTimeout(() => { suppressClick = false; }, 0);
    finish();
  }, options);
  document.addEventListener("pointercancel", () => { ending.abort(); cancelMove(); }, options);
}

function waitForHold(down, jobId) {
  const grabbed = gripOf(down);
  const ending = new AbortController();
  const options = { signal: ending.signal };
  const isOther = (event) => event.pointerId !== down.pointerId;
  let isPicked = false;
  let hasMoved = false;
  const timer = setTimeout(() => {
    isPicked = true;
    begin(jobId, grabbed, ending);
    navigator.vibrate?.(VIBRATION_MILLISECONDS);
    move.point = { x: down.clientX, y: down.clientY };
    drawGhost();
  }, HOLD_MILLISECONDS);
  ending.signal.addEventListener("abort", () => clearTimeout(timer));
  const giveUp = () => {
    ending.abort();
    if (isPicked) cancelMove();
  };
  document.addEventListener("pointermove", (event) => {
    hasMoved ||= !isOther(event) && distance(event, down) >= TREMOR_PIXELS;
    if (isOther(event) || !hasMoved) return;
    if (isPicked) follow(event.clientX, event.clientY);
    else giveUp();
  }, options);
  document.addEventListener("pointerup", (event) => {
    if (isOther(event)) return;
    ending.abort();
    if (isPicked) finish();
  }, options);
  document.addEventListener("pointerdown", (event) => isOther(event) && giveUp(), options);
  document.addEventListener("pointercancel", giveUp, options);
  // A long press means something to browsers, too.
  document.addEventListener("contextmenu", (event) => event.preventDefault(), options);
  keepFromBrowser(down.target, () => isPicked);
}

/**
 * Until the finger is lifted, have the browser neither scroll by it nor click, while `isOurs()`. Touches
 * are told to the element on which they began, even if it is no longer in the page.
 */
function keepFromBrowser(touched, isOurs) {
  const lifting = new AbortController();
  const options = { passive: false, signal: lifting.signal };
  const keep = (event) => {
    if (isOurs() && event.cancelable) event.preventDefault();
  };
  touched.addEventListener("touchmove", keep, options);
  touched.addEventListener("touchend", (event) => { keep(event); lifting.abort(); }, options);
  touched.addEventListener("touchcancel", () => lifting.abort(), options);
}

function begin(jobId, grabbed, ending) {
  const job = board.jobs.get(jobId);
  const placed = board.placed.get(jobId);
  const ghost = element("div", { class: "ghost", "aria-hidden": "true" }, element("strong", {}, job.title), element("span", { class: "numbers" }));
  const note = element("div", { class: "ghost-note", hidden: true });
  document.body.append(ghost, note);
  document.body.classList.add("moving");
  const from = placed ? { technicianId: placed.technicianId, startAt: placed.stop.start_at } : null;
  move = { jobId, job, ghost, note, grabbed, ending, from, target: null, askedAt: 0, timer: null, scrolling: null };
}

function follow(x, y) {
  move.point = { x, y };
  const place = placeAt(x, y);
  autoscroll(x, y);
  if (!place) return aim(null);
  const moment = toMoment(toPixels(place.moment) - move.grabbed);
  aim({ technicianId: place.technicianId, startAt: place.isOnName ? null : rounded(moment) });
}

/** To the step, and on one of the days shown. */
function rounded(moment) {
  const { from, to } = shownSpan();
  return Math.max(from, Math.min(to - STEP_MILLISECONDS, Math.round(moment / STEP_MILLISECONDS) * STEP_MILLISECONDS));
}

function aim(place) {
  const before = move.target;
  move.target = place && { jobId: move.jobId, from: move.from, ...place };
  drawGhost();
  if (before?.technicianId === place?.technicianId && before?.startAt === place?.startAt) return;
  for (const row of scroller.querySelectorAll(".row.aimed-at")) row.classList.remove("aimed-at");
  if (!place) {
    clearTimeout(move.timer);
    move.timer = null;
    showBesideGhost();
    handler.left();
    return;
  }
  scroller.querySelector(`.row[data-technician="${CSS.escape(place.technicianId)}"]`)?.classList.add("aimed-at");
  if (move.timer === null) {
    const wait = Math.max(0, ASK_MILLISECONDS - (performance.now() - move.askedAt));
    move.timer = setTimeout(() => {
      if (!move) return;
      Object.assign(move, { timer: null, askedAt: performance.now() });
      if (move.target) handler.moved(move.target);
    }, wait);
  }
}

function drawGhost() {
  const { ghost, target, job, point } = move;
  const place = ghost.style;
  const isInRow = target !== null && target.startAt !== null;
  ghost.classList.toggle("in-row", isInRow);
  ghost.lastChild.textContent = target === null ? "" : target.startAt === null ? text("move.cheapest") : visitTime(move.jobId, target.startAt);
  if (isInRow) {
    const at = pointOf(target.technicianId, target.startAt);
    place.setProperty("--route", `var(${colourName(target.technicianId)})`);
    place.setProperty("left", `${at.x}px`);
    place.setProperty("top", `${at.y + 4}px`);
    place.setProperty("width", `${Math.max(40, (job.duration_minutes / 60) * zoom())}px`);
    place.setProperty("height", `${ROW_HEIGHT - 14}px`);
  } else if (point) {
    place.setProperty("left", `${point.x + 8}px`);
    place.setProperty("top", `${point.y + 8}px`);
    place.setProperty("width", "180px");
    place.setProperty("height", `${ROW_HEIGHT - 10}px`);
  }
  placeNote();
}

/** Below the ghost, or above it where there is no room. */
function placeNote() {
  const { ghost, note } = move;
  if (note.hidden) return;
  const box = ghost.getBoundingClientRect();
  const { width, height } = note.getBoundingClientRect();
  const below = box.bottom + 8;
  const top = below + height > innerHeight - 8 ? box.top - height - 8 : below;
  note.style.setProperty("left", `${Math.max(8, Math.min(box.left, innerWidth - width - 8))}px`);
  note.style.setProperty("top", `${Math.max(8, top)}px`);
}

/** Near an edge the time line moves on by itself. */
function autoscroll(x, y) {
  const box = scroller.getBoundingClientRect();
  const push = (at, low, high) => (at < low + EDGE_PIXELS ? -1 : at > high - EDGE_PIXELS ? 1 : 0);
  const isInside = x > box.left && x < box.right && y > box.top && y < box.bottom;
  const [right, down] = isInside ? [push(x, box.left + 190, box.right), push(y, box.top + 36, box.bottom)] : [0, 0];
  cancelAnimationFrame(move.scrolling);
  if (!right && !down) return;
  const current = move;
  current.scrolling = requestAnimationFrame(() => {
    if (move !== current) return;
    scroller.scrollBy(right * 10, down * 10);
    follow(x, y);
  });
}

function finish() {
  const { target } = move;
  end();
  const isElsewhere = target && (target.technicianId !== target.from?.technicianId || target.startAt !== target.from?.startAt);
  if (isElsewhere) handler.dropped(target);
  else handler.left();
}

/** Leave everything as it is. */
export function cancelMove() {
  if (!move) return;
  end();
  handler.left();
  announce(text("move.cancelled"));
}

function end() {
  const { ghost, note, ending, timer, scrolling } = move;
  ending.abort();
  clearTimeout(timer);
  cancelAnimationFrame(scrolling);
  ghost.remove();
  note.remove();
  document.body.classList.remove("moving");
  for (const row of scroller.querySelectorAll(".row.aimed-at")) row.classList.remove("aimed-at");
  move = null;
}

/** With the keyboard: take the job up; arrows carry it, Enter drops it, Escape puts it back. */
export function pickUp(jobId) {
  if (!canMove(jobId)) {
    announce(text("move.not_possible"));
    return;
  }
  const placed = board.placed.get(jobId);
  begin(jobId, 0, new AbortController());
  const technicianId = placed?.technicianId ?? focus.technicianId ?? order[0];
  const startAt = placed?.stop.start_at ?? rounded(board.shifts.get(technicianId)?.[0]?.starts_at ?? Date.now());
  if (!placed) setFocus(technicianId);
  carry(technicianId, startAt, text("move.picked_up", { title: move.job.title }));
}

/** What a key does to the job in hand; true if it does anything. */
export function moveByKey(key, { shiftKey }) {
  const { technicianId, startAt } = move.target;
  const at = order.indexOf(technicianId);
  const step = shiftKey ? 12 * STEP_MILLISECONDS : STEP_MILLISECONDS;
  switch (key) {
    case "ArrowRight": carry(technicianId, stepped(startAt, step)); return true;
    case "ArrowLeft": carry(technicianId, stepped(startAt, -step)); return true;
    case "ArrowDown": carry(order[Math.min(order.length - 1, at + 1)], startAt); return true;
    case "ArrowUp": carry(order[Math.max(0, at - 1)], startAt); return true;
    case "Enter": case " ": finish(); return true;
    case "Escape": cancelMove(); return true;
    case "Tab": return true;
    default: return false;
  }
}

/** So much earlier or later; from the last hour of a day to the first of the next, for nobody works in between. */
function stepped(startAt, by) {
  const wanted = rounded(startAt + by);
  if (isInHours(wanted) || !isInHours(startAt)) return wanted;
  const next = by > 0 ? shownDays.find(({ from }) => from > startAt)?.from : shownDays.findLast(({ to }) => to < startAt)?.to;
  return next ?? wanted;
}

function carry(technicianId, startAt, before = "") {
  const down = order.indexOf(technicianId) * ROW_HEIGHT;
  const room = scroller.clientHeight - 3 * ROW_HEIGHT;
  if (down < scroller.scrollTop) scroller.scrollTop = down;
  else if (down > scroller.scrollTop + room) scroller.scrollTop = down - room;
  const { x } = pointOf(technicianId, startAt);
  const box = scroller.getBoundingClientRect();
  if (x < box.left + 200 || x > box.right - 80) scroller.scrollBy(x - (box.left + box.right) / 2, 0);
  aim({ technicianId, startAt });
  announce(before + text("move.at", { technician: board.technicians.get(technicianId).name, time: visitTime(move.jobId, startAt) }));
}
