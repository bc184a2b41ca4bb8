/** Moving a job with the keyboard: arrows carry it, Enter drops it, Escape puts it back. */

import { text } from "../../texts.js";
import { announce } from "../../ui/announce.js";
import { board, jobOf } from "../state.js";
import { setFocus } from "../timeline/cells.js";
import { isInHours, shownDays } from "../timeline/scale.js";
import { focus, order, pointOf, ROW_HEIGHT, scroller } from "../timeline/timeline.js";
import { technicianName, visitTime } from "../words.js";
import { aim, begin, cancelMove, canMove, currentTarget, finish, rounded, STEP_MILLISECONDS } from "./drag.js";

/**
 * Take the job up.
 *
 * @param {string} jobId
 */
export function pickUp(jobId) {
  const placed = board.placed.get(jobId);
  const technicianId = placed?.technicianId ?? focus.technicianId ?? order[0];
  if (!canMove(jobId) || technicianId === undefined) {
    announce(text("move.not_possible"));
    return;
  }
  begin(jobId, 0, new AbortController());
  const startAt = placed?.stop.start_at ?? rounded(board.shifts.get(technicianId)?.[0]?.starts_at ?? Date.now());
  if (!placed) setFocus(technicianId);
  carry(jobId, technicianId, startAt, text("move.picked_up", { title: jobOf(jobId).title }));
}

/**
 * What a key does to the job in hand; true if it does anything.
 *
 * @param {KeyboardEvent} event
 */
export function moveByKey({ key, shiftKey }) {
  const target = currentTarget();
  if (key === "Escape") cancelMove();
  else if (key === "Enter" || key === " ") finish();
  else if (target?.startAt !== null && target?.startAt !== undefined)
    return step(target.jobId, target.technicianId, target.startAt, key, shiftKey);
  return ["Escape", "Enter", " ", "Tab"].includes(key);
}

/**
 * @param {string} jobId
 * @param {string} technicianId
 * @param {OnBoard.Moment} startAt
 * @param {string} key
 * @param {boolean} isFar
 */
function step(jobId, technicianId, startAt, key, isFar) {
  const at = order.indexOf(technicianId);
  const by = isFar ? 12 * STEP_MILLISECONDS : STEP_MILLISECONDS;
  switch (key) {
    case "ArrowRight":
      carry(jobId, technicianId, stepped(startAt, by));
      return true;
    case "ArrowLeft":
      carry(jobId, technicianId, stepped(startAt, -by));
      return true;
    case "ArrowDown":
      carry(jobId, order[Math.min(order.length - 1, at + 1)] ?? technicianId, startAt);
      return true;
    case "ArrowUp":
      carry(jobId, order[Math.max(0, at - 1)] ?? technicianId, startAt);
      return true;
    case "Tab":
      return true;
    default:
      return false;
  }
}

/**
 * So much earlier or later; from the last hour of a day to the first of the next, for nobody works in between.
 *
 * @param {OnBoard.Moment} startAt
 * @param {number} by
 */
function stepped(startAt, by) {
  const wanted = rounded(startAt + by);
  if (isInHours(wanted) || !isInHours(startAt)) return wanted;
  const next = by > 0 ? shownDays.find(({ from }) => from > startAt)?.from : shownDays.findLast(({ to }) => to < startAt)?.to;
  return next ?? wanted;
}

/**
 * @param {string} jobId
 * @param {string} technicianId
 * @param {OnBoard.Moment} startAt
 * @param {string} [before] what is said first
 */
function carry(jobId, technicianId, startAt, before = "") {
  const down = order.indexOf(technicianId) * ROW_HEIGHT;
  const room = scroller.clientHeight - 3 * ROW_HEIGHT;
  if (down < scroller.scrollTop) scroller.scrollTop = down;
  else if (down > scroller.scrollTop + room) scroller.scrollTop = down - room;
  const { x } = pointOf(technicianId, startAt);
  const box = scroller.getBoundingClientRect();
  if (x < box.left + 200 || x > box.right - 80) scroller.scrollBy(x - (box.left + box.right) / 2, 0);
  aim({ technicianId, startAt });
  announce(before + text("move.at", { technician: technicianName(technicianId), time: visitTime(jobId, startAt) }));
}
