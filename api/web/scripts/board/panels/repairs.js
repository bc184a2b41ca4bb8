/** What would settle an issue, as buttons: with what it costs once that is worked out, and done in place. */

import { element } from "../../dom.js";
import { day, isoDay, span, startOfDay, time } from "../../format.js";
import { ask, get } from "../../http.js";
import { text } from "../../texts.js";
import { toastTrouble } from "../../ui/toast.js";
import { done, makeChange } from "../moves/changes.js";
import { board } from "../state.js";
import { costBadge, technicianName } from "../words.js";

/** Where the visit of these could go has to be worked out. */
const TO_BE_WORKED_OUT = ["conflict", "late", "no_place", "told_otherwise"];
/**
 * By issue: what was worked out, and of which state of the plan.
 *
 * @type {Map<string, { version: number | null, repairs: Api.Repair[] }>}
 */
const known = new Map();
/** @type {Set<string>} */
const underWay = new Set();
let redraw = () => {};

/** @param {() => void} draw what to do when there is more to show */
export function mountRepairs(draw) {
  redraw = draw;
}

/**
 * What the buttons would show, so that whoever draws knows whether they have changed.
 *
 * @param {Api.Issue} issue
 */
export const repairsSigned = (issue) => [workedOut(issue), underWay.has(issue.id), issue.repairs];

/**
 * Forget what was worked out of issues that are settled.
 *
 * @param {Api.Issue[]} issues
 */
export function keepRepairsOf(issues) {
  const ids = new Set(issues.map((one) => one.id));
  for (const id of known.keys()) if (!ids.has(id)) known.delete(id);
}

/**
 * Work out what the issue's repairs cost, unless that is known.
 *
 * @param {Api.Issue} issue
 */
export async function workOut(issue) {
  if (!TO_BE_WORKED_OUT.includes(issue.kind) || workedOut(issue) || underWay.has(issue.id)) return;
  const { version } = board;
  underWay.add(issue.id);
  redraw();
  try {
    const { repairs } = await get(`/issues/${encodeURIComponent(issue.id)}/repairs`, { quiet: true });
    known.set(issue.id, { version, repairs });
  } finally {
    underWay.delete(issue.id);
    redraw();
  }
}

/** @param {Api.Issue} issue */
function workedOut({ id }) {
  const found = known.get(id);
  return found && found.version === board.version ? found.repairs : null;
}

/**
 * The buttons, or null where there is nothing to do here.
 *
 * @param {Api.Issue} issue
 */
export function repairButtons(issue) {
  const found = workedOut(issue);
  // Without a cost, and not to be undone in one step: what is worked out says the same better.
  const shown = (found ?? issue.repairs).filter((one) => one.kind !== "place");
  const isOpen = !found && TO_BE_WORKED_OUT.includes(issue.kind);
  if (!shown.length && !isOpen && !found) return null;
  return element(
    "div",
    { class: "repairs", role: "group", "aria-label": text("repairs.title") },
    shown.map((repair, number) => button(issue, repair, number)),
    found && !shown.length ? element("span", { class: "soft" }, text("repairs.none")) : null,
    isOpen ? asking(issue) : null,
  );
}

/**
 * @param {Api.Issue} issue
 * @param {Api.Repair} repair
 * @param {number} number
 */
function button(issue, repair, number) {
  return element(
    "button",
    {
      type: "button",
      class: "small",
      dataset: { focusKey: `repair-${issue.id}-${number}`, repair: repair.kind },
      onclick: ({ currentTarget }) => {
        currentTarget.disabled = true;
        carryOut(issue, repair).catch((error) => {
          currentTarget.disabled = false;
          toastTrouble(error);
        });
      },
    },
    words(repair),
    repair.cost === null ? null : costBadge(repair.cost),
  );
}

/** @param {Api.Issue} issue */
function asking(issue) {
  const isUnderWay = underWay.has(issue.id);
  return element(
    "button",
    {
      type: "button",
      class: "small",
      disabled: isUnderWay,
      dataset: { focusKey: `work-out-${issue.id}` },
      onclick: () => workOut(issue).catch(toastTrouble),
    },
    text(isUnderWay ? "repairs.working_out" : "repairs.work_out"),
  );
}

/** @param {Api.Repair} repair */
function words({ kind, values: { technician_id: technicianId, start_at: startAt, day: on, late_minutes: late } }) {
  const isToday = startAt && isoDay(startAt) === isoDay(Date.now());
  const said = text(`repair.${kind}`, {
    technician: technicianId ? technicianName(technicianId) : "–",
    when: startAt ? (isToday ? time(startAt) : `${day(startAt)} ${time(startAt)}`) : on ? day(startOfDay(on)) : "–",
  });
  return late === undefined ? said : text("repair.late", { repair: said, late: span(late * 60) });
}

/**
 * Do it, and offer to undo it where that is possible.
 *
 * @param {Api.Issue} issue
 * @param {Api.Repair} repair
 */
async function carryOut(issue, repair) {
  const jobs = issue.job_ids.join(", ");
  const said = jobs ? text("repairs.done", { repair: words(repair), jobs }) : words(repair);
  if (repair.path === "/plan-changes") {
    const { job_id: jobId, technician_id: technicianId, start_at: startAt, day: on, hold = false } = /** @type {any} */ (repair.body);
    await makeChange({ job_id: jobId, technician_id: technicianId, start_at: startAt, day: on, hold }, said);
    return;
  }
  const answer = await ask(repair.method, repair.path, repair.body ?? (repair.method === "POST" ? {} : undefined));
  done(said, undoing(issue, repair, answer));
}

/**
 * @param {Api.Issue} issue
 * @param {Api.Repair} repair
 * @param {unknown} answer
 * @returns {OnBoard.Undo[]}
 */
function undoing(issue, { kind, path }, answer) {
  if (kind === "tell_customer") return [{ method: "PATCH", path, body: { told_at: issue.cause.values.told_at } }];
  if (kind !== "follow_up") return [];
  const { id } = /** @type {Api.JobOut} */ (answer);
  return [{ method: "POST", path: `/jobs/${encodeURIComponent(id)}/cancel` }];
}
