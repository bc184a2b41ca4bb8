/**
 * What a move of a job would cost and break, beside the ghost while it is under way; and what comes
 * of dropping it: the change at once where no hard rule is broken, or else the question whether to
 * override.
 */

import { element, isThere } from "../../dom.js";
import { isoDay, span } from "../../format.js";
import { Refused, wasGivenUp } from "../../http.js";
import { hasText, text } from "../../texts.js";
import { troubleTexts } from "../../troubles.js";
import { announce } from "../../ui/announce.js";
import { toastTrouble } from "../../ui/toast.js";
import { board, dayToAttend, isShown, jobOf, notify, plannedDay } from "../state.js";
import { brokenList, brokenText, costBadge, costParts, difference, jobTitle, technicianName, visitTime } from "../words.js";
import { judge, makeChange } from "./changes.js";
import { isMoving, setDropHandler, showBesideGhost } from "./drag.js";
import { toWire } from "./moments.js";
import { notThen } from "./not-then.js";
import { openOverride } from "./override.js";
import { pinButton } from "./pins.js";
import { clearPreview, drawPreview } from "./preview.js";
import { isUsuallyEarly } from "./usual-drop.js";

/** Whether the visit is to start exactly where it is dropped, and be pinned there: Shift while dragging, or H. */
let isHeld = false;
/** Whether it starts where it is dropped, or as early as its place among the others allows: Alt while dragging, or E. */
let isEarly = false;
/** @type {OnBoard.Target | null} */
let target = null;
/** @type {AbortController | null} */
let asking = null;
/** Nobody reads more answers than these, and the service counts how often it is asked. */
const PAUSE_MILLISECONDS = 120;
let isAskedAgain = false;
/**
 * The newest judgement and what it is about.
 *
 * @type {{ change: Api.PlanChange, judgement: Api.Judgement } | null}
 */
let known = null;

export function mountDrop() {
  isEarly = isUsuallyEarly();
  setDropHandler({ moved, dropped, left });
  document.addEventListener("pointermove", withModifiers, { passive: true });
  document.addEventListener(
    "keydown",
    (event) => {
      const key = event.key.toLowerCase();
      if (!isMoving() || event.ctrlKey || event.metaKey || event.altKey || !["h", "e"].includes(key)) return;
      event.preventDefault();
      event.stopPropagation();
      if (key === "h") hold(!isHeld);
      else beEarly(!isEarly);
    },
    { capture: true },
  );
}

/** @param {boolean} wanted */
function hold(wanted) {
  if (isHeld === wanted) return;
  isHeld = wanted;
  if (target) moved(target);
}

/** @param {PointerEvent} event */
function withModifiers({ shiftKey, altKey }) {
  if (!isMoving()) return;
  hold(shiftKey);
  beEarly(altKey !== isUsuallyEarly());
}

/** @param {boolean} wanted */
function beEarly(wanted) {
  if (isEarly === wanted) return;
  isEarly = wanted;
  if (target) moved(target);
}

/** @param {OnBoard.Target} wanted */
function moved(wanted) {
  if (!target) isEarly = isUsuallyEarly();
  target = wanted;
  if (known && !isSame(known.change, changeOf(target))) dim();
  // One question at a time: the newest target is asked about as soon as the last one is answered.
  if (asking) isAskedAgain = true;
  else askAbout(changeOf(target));
}

/** @param {Api.PlanChange} change */
async function askAbout(change) {
  asking = new AbortController();
  try {
    const judgement = await judge(change, { signal: asking.signal });
    known = { change, judgement };
    if (target && isMoving()) {
      if (isSame(change, changeOf(target))) show(change, judgement);
    }
  } catch (error) {
    if (!wasGivenUp(error)) showBesideGhost(...troubleTexts(error).map((words) => element("p", { class: "fault" }, words)));
  }
  await new Promise((done) => {
    setTimeout(done, PAUSE_MILLISECONDS);
  });
  asking = null;
  if (isAskedAgain && target) {
    isAskedAgain = false;
    askAbout(changeOf(target));
  }
}

/**
 * A move as the service takes it.
 *
 * @param {OnBoard.Target} target
 * @returns {Api.PlanChange & { day: Api.Day }}
 */
function changeOf({ jobId, technicianId, startAt }) {
  const day = startAt === null ? (plannedDay(jobId) ?? dayToAttend(jobOf(jobId))) : shiftDay(technicianId, startAt);
  const hold = isHeld && startAt !== null;
  const there = { hold, no_earlier: startAt !== null && !hold && !isEarly };
  return { job_id: jobId, technician_id: technicianId, start_at: toWire(startAt), ...there, day };
}

/**
 * The local day of the shift that is meant by a moment: of a night shift, that on which it begins.
 *
 * @param {string} technicianId
 * @param {OnBoard.Moment} moment
 */
function shiftDay(technicianId, moment) {
  const shift = (board.shifts.get(technicianId) ?? []).find(({ starts_at: from, ends_at: to }) => from <= moment && moment < to);
  return isoDay(shift?.starts_at ?? moment);
}

/**
 * @param {Api.PlanChange} one
 * @param {Api.PlanChange} other
 */
const isSame = (one, other) => JSON.stringify(one) === JSON.stringify(other);

/**
 * @param {Api.PlanChange} change
 * @param {Api.Judgement} judgement
 */
function show(change, judgement) {
  drawPreview(change.job_id, judgement);
  showBesideGhost(...note(change, judgement));
  announce(spoken(change, judgement));
}

/** The card beside the ghost no longer tells of where it is. */
function dim() {
  document.querySelector(".ghost-note")?.classList.add("stale");
}

/**
 * @param {Api.PlanChange} change
 * @param {Api.Judgement} judgement
 */
function note(change, judgement) {
  document.querySelector(".ghost-note")?.classList.remove("stale");
  const { visit, moved: others, extra_cost: extra, cost } = judgement;
  const fresh = added(judgement);
  const lasting = Math.max(0, ...others.map((one) => Math.abs(Date.parse(one.new_start_at) - Date.parse(one.old_start_at)))) / 1000;
  return [
    element(
      "p",
      { class: "note-head" },
      costBadge(extra),
      visit
        ? element(
            "span",
            { class: "numbers" },
            text("change.starts", { technician: technicianName(visit.technician_id), time: visitTime(change.job_id, visit.start_at) }),
          )
        : null,
    ),
    element("p", { class: "soft numbers" }, costParts(cost)),
    others.length ? element("p", { class: "soft" }, text("change.moves", { count: others.length, span: span(lasting) })) : null,
    fresh.length ? brokenList(fresh, change.job_id) : null,
    notThen(change, judgement),
    change.start_at
      ? element("p", { class: change.hold ? "note-hold on" : "note-hold" }, text(change.hold ? "change.held" : "change.hold_hint"))
      : null,
    change.start_at && !change.hold
      ? element("p", { class: "note-hold" }, text(change.no_earlier ? "change.early_hint" : "change.early"))
      : null,
  ].filter(isThere);
}

/**
 * The rules that the change itself would break: what is broken anyway is no reason against it.
 *
 * @param {Api.Judgement} judgement
 */
const added = ({ violations }) => violations.filter((one) => !one.existing);

/**
 * @param {Api.PlanChange} change
 * @param {Api.Judgement} judgement
 */
function spoken(change, judgement) {
  const { extra_cost: extra, visit } = judgement;
  const violations = added(judgement);
  const parts = [
    visit
      ? text("change.starts", { technician: technicianName(visit.technician_id), time: visitTime(change.job_id, visit.start_at) })
      : null,
    difference(extra),
  ];
  if (violations.length) parts.push(text("change.breaks", { what: violations.map((one) => brokenText(one, change.job_id)).join("; ") }));
  if (change.hold) parts.push(text("change.held"));
  return parts.filter(Boolean).join(", ");
}

function left() {
  forget();
}

function forget() {
  target = null;
  isAskedAgain = false;
  asking?.abort();
  isHeld = false;
  isEarly = isUsuallyEarly();
  clearPreview();
}

/** @param {OnBoard.Target} wanted */
async function dropped(wanted) {
  const change = changeOf(wanted);
  const before = known;
  forget();
  known = null;
  try {
    const judgement = before && isSame(before.change, change) ? before.judgement : await judge(change);
    await carryOut(change, judgement);
  } catch (error) {
    toastTrouble(error);
  }
}

/**
 * Make a judged change, or ask for the override that it needs.
 *
 * @param {Api.PlanChange & { day: Api.Day }} change
 * @param {Api.Judgement} judgement
 * @returns {Promise<unknown>}
 */
export async function carryOut(change, judgement) {
  const startAt = judgement.visit?.start_at ?? change.start_at;
  const words = change.technician_id
    ? text("change.done", {
        title: jobTitle(change.job_id),
        technician: technicianName(change.technician_id),
        time: startAt ? visitTime(change.job_id, startAt) : "",
      })
    : text("change.done_off", { title: jobTitle(change.job_id) });
  if (added(judgement).length) return openOverride(change, judgement, words);
  const buttons = change.technician_id && !change.hold ? [pinButton(change.job_id)] : [];
  if (startAt && !isShown(change.day)) buttons.push({ label: text("change.show_day"), act: () => notify("go-to-day", change.day) });
  try {
    return await makeChange(change, words, { buttons });
  } catch (error) {
    // What was free of breaches a moment ago may not be so any more: it is asked about as if it had never been.
    if (!(error instanceof Refused) || !error.faults.some(({ code }) => hasText(`rule.${code}`))) throw error;
    const again = await judge(change);
    if (!added(again).length) throw error;
    return openOverride(change, again, words);
  }
}

/**
 * Judge a change and make it, as if it had been dropped there.
 *
 * @param {Api.PlanChange & { day: Api.Day }} change
 */
export async function judgeAndCarryOut(change) {
  return carryOut(change, await judge(change));
}
