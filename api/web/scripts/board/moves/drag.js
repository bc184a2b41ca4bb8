/**
 * Moving a job to another time or technician, by pointer, finger (`gestures.js`) or keyboard
 * (`by-key.js`). This module knows where the job would go; what that costs and whether it may be is
 * for the drop handler to say.
 *
 * A target is the technician whose row it is, the moment at which the visit would begin (null when
 * it was put onto the technician's name: whenever it costs least), and where it is now.
 */

import { text } from "../../texts.js";
import { announce } from "../../ui/announce.js";
import { board, isPlannable, jobOf, shownSpan } from "../state.js";
import { toMoment, toPixels } from "../timeline/scale.js";
import { placeAt, scroller } from "../timeline/timeline.js";
import { drawGhost, makeGhost, placeNote, removeGhost } from "./ghost.js";

export const STEP_MILLISECONDS = 300_000;
/** No more often than this is the drop handler asked. */
const ASK_MILLISECONDS = 90;
const EDGE_PIXELS = 36;

/**
 * What is being moved, where it was taken hold of (pixels from its start), and what ends the move.
 *
 * @typedef {object} Move
 * @property {OnBoard.Job} job
 * @property {import("./ghost.js").Ghost} ghost
 * @property {number} grabbed
 * @property {AbortController} ending
 * @property {OnBoard.Target["from"]} from
 * @property {OnBoard.Target | null} target
 * @property {{ x: number, y: number } | null} point
 * @property {number} askedAt
 * @property {number | null} timer
 * @property {number} scrolling
 */

/** @type {OnBoard.DropHandler | null} */
let handler = null;
/** @type {Move | null} */
let move = null;

/**
 * Say what a move means: `moved(target)` while it hovers (at most every 90 ms), `dropped(target)`,
 * `left()` when it hovers nowhere or was given up.
 *
 * @param {OnBoard.DropHandler} wanted
 */
export function setDropHandler(wanted) {
  handler = wanted;
}

/**
 * Words or elements beside the ghost, such as what the move would cost.
 *
 * @param {...(Node | string)} children
 */
export function showBesideGhost(...children) {
  if (!move) return;
  const { note } = move.ghost;
  note.replaceChildren(...children);
  note.hidden = children.length === 0;
  placeNote(move.ghost);
}

export const isMoving = () => move !== null;

/** Where the job in hand would go; null if there is none, or it hovers nowhere. */
export const currentTarget = () => move?.target ?? null;

/**
 * Whether plans may still move the job; what has begun is history.
 *
 * @param {string} jobId
 */
export function canMove(jobId) {
  const job = board.jobs.get(jobId);
  return Boolean(handler && job && isPlannable(job) && !job.en_route_at && !job.arrived_at);
}

/**
 * Take the job up, `grabbed` so many pixels from its start; `ending` is aborted when the move is over.
 *
 * @param {string} jobId
 * @param {number} grabbed
 * @param {AbortController} ending
 */
export function begin(jobId, grabbed, ending) {
  const job = jobOf(jobId);
  const placed = board.placed.get(jobId);
  const from = placed ? { technicianId: placed.technicianId, startAt: placed.stop.start_at } : null;
  move = { job, ghost: makeGhost(job), grabbed, ending, from, target: null, point: null, askedAt: 0, timer: null, scrolling: 0 };
}

/**
 * The ghost is there, and aims at nothing yet.
 *
 * @param {number} x
 * @param {number} y
 */
export function hoverAt(x, y) {
  if (!move) return;
  move.point = { x, y };
  drawGhost(move);
}

/**
 * The pointer is here, in the window.
 *
 * @param {number} x
 * @param {number} y
 */
export function follow(x, y) {
  if (!move) return;
  move.point = { x, y };
  const place = placeAt(x, y);
  autoscroll(move, x, y);
  if (!place) {
    aim(null);
    return;
  }
  const moment = toMoment(toPixels(place.moment) - move.grabbed);
  aim({ technicianId: place.technicianId, startAt: place.isOnName ? null : rounded(moment) });
}

/**
 * To the step, and on one of the days shown.
 *
 * @param {OnBoard.Moment} moment
 */
export function rounded(moment) {
  const { from, to } = shownSpan();
  return Math.max(from, Math.min(to - STEP_MILLISECONDS, Math.round(moment / STEP_MILLISECONDS) * STEP_MILLISECONDS));
}

/**
 * The job would go there; null: nowhere.
 *
 * @param {{ technicianId: string, startAt: OnBoard.Moment | null } | null} place
 */
export function aim(place) {
  if (!move) return;
  const before = move.target;
  move.target = place && { jobId: move.job.id, from: move.from, ...place };
  drawGhost(move);
  if (before?.technicianId === place?.technicianId && before?.startAt === place?.startAt) return;
  unmark();
  if (!place) {
    clearTimeout(move.timer ?? 0);
    move.timer = null;
    showBesideGhost();
    handler?.left();
    return;
  }
  scroller.querySelector(`.row[data-technician="${CSS.escape(place.technicianId)}"]`)?.classList.add("aimed-at");
  if (move.timer === null) {
    const wait = Math.max(0, ASK_MILLISECONDS - (performance.now() - move.askedAt));
    move.timer = setTimeout(() => {
      if (!move) return;
      Object.assign(move, { timer: null, askedAt: performance.now() });
      if (move.target) handler?.moved(move.target);
    }, wait);
  }
}

/**
 * Near an edge the time line moves on by itself.
 *
 * @param {Move} current
 * @param {number} x
 * @param {number} y
 */
function autoscroll(current, x, y) {
  const box = scroller.getBoundingClientRect();
  /**
   * @param {number} at
   * @param {number} low
   * @param {number} high
   */
  const push = (at, low, high) => (at < low + EDGE_PIXELS ? -1 : at > high - EDGE_PIXELS ? 1 : 0);
  const isInside = x > box.left && x < box.right && y > box.top && y < box.bottom;
  const [right, down] = isInside ? [push(x, box.left + 190, box.right), push(y, box.top + 36, box.bottom)] : [0, 0];
  cancelAnimationFrame(current.scrolling);
  if (!right && !down) return;
  current.scrolling = requestAnimationFrame(() => {
    if (move !== current) return;
    scroller.scrollBy(right * 10, down * 10);
    follow(x, y);
  });
}

/** Drop the job where it is. */
export function finish() {
  if (!move) return;
  const { target } = move;
  end(move);
  const isElsewhere = target && (target.technicianId !== target.from?.technicianId || target.startAt !== target.from?.startAt);
  if (isElsewhere) handler?.dropped(target);
  else handler?.left();
}

/** Leave everything as it is. */
export function cancelMove() {
  if (!move) return;
  end(move);
  handler?.left();
  announce(text("move.cancelled"));
}

/** @param {Move} over */
function end(over) {
  over.ending.abort();
  clearTimeout(over.timer ?? 0);
  cancelAnimationFrame(over.scrolling);
  removeGhost(over.ghost);
  unmark();
  move = null;
}

function unmark() {
  for (const row of scroller.querySelectorAll(".row.aimed-at")) row.classList.remove("aimed-at");
}
