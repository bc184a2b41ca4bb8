/** Breaking hard rules deliberately: every rule by name and amount, and a reason for the log. */

import { element, isThere } from "../../dom.js";
import { text } from "../../texts.js";
import { openDialog } from "../dialogs.js";
import { brokenList, costBadge, costParts, jobTitle, technicianName, visitTime } from "../words.js";
import { makeChange } from "./changes.js";

/**
 * Ask for the override of a change that breaks rules. `found` is its judgement, or what comes to the
 * same: `{violations, overridable, extra_cost, cost, visit, plan_version}`. `words` say what was done.
 *
 * @param {Api.PlanChange} change
 * @param {OnBoard.Found} found
 * @param {string} words
 */
export function openOverride(change, found, words) {
  const isOld = (/** @type {OnBoard.Broken} */ one) => "existing" in one && one.existing;
  const fresh = found.violations.filter((one) => !isOld(one));
  const before = found.violations.filter(isOld);
  const reason = element("textarea", {
    id: "override-reason",
    rows: 2,
    maxlength: 200,
    required: true,
    "aria-describedby": "override-note",
  });
  const missing = element("p", { class: "fault", id: "override-missing", hidden: true }, text("override.reason_missing"));
  const body = [
    element(
      "p",
      { class: "lead" },
      element("strong", {}, jobTitle(change.job_id)),
      ` → ${goal(change, found)}`,
      " ",
      costBadge(found.extra_cost),
    ),
    found.cost ? element("p", { class: "soft numbers" }, costParts(found.cost)) : null,
    element("h3", {}, text("override.broken", { count: fresh.length })),
    brokenList(fresh, change.job_id),
    before.length ? element("h3", {}, text("override.existing")) : null,
    before.length ? brokenList(before, change.job_id) : null,
    found.overridable
      ? element(
          "div",
          { class: "field" },
          element("label", {}, text("override.reason"), reason),
          missing,
          element("p", { class: "soft", id: "override-note" }, text("override.note")),
        )
      : element("p", { class: "notice" }, text("override.not_possible")),
  ].filter(isThere);
  const submit = async () => {
    const given = reason.value.trim();
    missing.hidden = Boolean(given);
    reason.setAttribute("aria-invalid", String(!given));
    if (!given) {
      reason.setAttribute("aria-describedby", "override-missing override-note");
      reason.focus();
      return false;
    }
    await makeChange(change, words, { override: { reason: given }, planVersion: found.plan_version ?? null });
    return true;
  };
  const offer = found.overridable ? { submitText: text("override.do"), submitClass: "danger", submit } : {};
  openDialog({ title: text("override.title"), className: "override", body, ...offer });
  if (found.overridable) reason.focus();
}

/**
 * @param {Api.PlanChange} change
 * @param {OnBoard.Found} found
 */
function goal(change, { visit }) {
  if (!change.technician_id) return text("change.off_plan");
  const technician = technicianName(change.technician_id);
  const startAt = visit ? visit.start_at : change.start_at;
  return startAt ? text("change.goal", { technician, time: visitTime(change.job_id, startAt) }) : technician;
}
