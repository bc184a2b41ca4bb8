/** A change of several visits: judged as a whole, asked about where there is something to ask, made and undone as one. */

import { element, isThere } from "../../dom.js";
import { time } from "../../format.js";
import { post } from "../../http.js";
import { text } from "../../texts.js";
import { toastTrouble } from "../../ui/toast.js";
import { openDialog } from "../dialogs.js";
import { done, undoOf } from "../moves/changes.js";
import { brokenList, costBadge, costParts, jobTitle, technicianName } from "../words.js";

const MOST_LINES = 12;

/**
 * Judge the change, and make it: at once if it breaks nothing and nobody has to be told, or else once
 * it was looked at. `words` say what was done; `isAsked`: it is asked about in any case.
 *
 * @param {Api.SeveralChange} change
 * @param {string} words
 * @param {{ isAsked?: boolean }} [options]
 */
export async function carryOut(change, words, { isAsked = false } = {}) {
  try {
    const verdict = await post("/plan-changes/several/judgement", change);
    const fresh = verdict.violations.filter((one) => !one.existing);
    if (fresh.length || verdict.told_job_ids.length || isAsked) return ask(change, words, verdict, fresh);
    return await make(change, words, null, null);
  } catch (error) {
    return toastTrouble(error);
  }
}

/**
 * @param {Api.SeveralChange} change
 * @param {string} words
 * @param {string | null} reason
 * @param {number | null} version
 */
async function make(change, words, reason, version) {
  const made = await post("/plan-changes/several", { ...change, override: reason ? { reason } : null, plan_version: version });
  if (!made.is_new) return done(text("many.same"));
  return done(words, undoOf(made.plan_version));
}

/**
 * @param {Api.SeveralChange} change
 * @param {string} words
 * @param {Api.JointVerdict} verdict
 * @param {Api.BrokenRule[]} fresh
 */
function ask(change, words, verdict, fresh) {
  const reason = element("textarea", { rows: 2, maxlength: 200, required: true });
  const missing = element("p", { class: "fault", hidden: true }, text("override.reason_missing"));
  const isPossible = !fresh.length || verdict.overridable;
  const body = [
    element("p", { class: "lead" }, element("strong", {}, words), " ", costBadge(verdict.extra_cost)),
    element("p", { class: "soft numbers" }, costParts(verdict.cost)),
    visits(verdict),
    verdict.moved.length ? element("p", { class: "soft" }, text("many.moves", { count: verdict.moved.length })) : null,
    verdict.told_job_ids.length
      ? element("p", { class: "notice" }, text("many.told", { jobs: verdict.told_job_ids.map(jobTitle).join(", ") }))
      : null,
    fresh.length ? element("h3", {}, text("override.broken", { count: fresh.length })) : null,
    fresh.length ? brokenList(fresh, null) : null,
    isPossible ? null : element("p", { class: "notice" }, text("override.not_possible")),
    fresh.length && isPossible ? element("div", { class: "field" }, element("label", {}, text("override.reason"), reason), missing) : null,
  ].filter(isThere);
  const submit = async () => {
    const given = reason.value.trim();
    missing.hidden = !fresh.length || Boolean(given);
    if (!missing.hidden) {
      reason.setAttribute("aria-invalid", "true");
      reason.focus();
      return false;
    }
    await make(change, words, fresh.length ? given : null, verdict.plan_version);
    return true;
  };
  const isHard = fresh.length > 0 || change.action === "cancel";
  const submitText = text(fresh.length ? "override.do" : "many.do");
  const offer = isPossible ? { submitText, submitClass: isHard ? "danger" : "main", submit } : {};
  openDialog({ title: text("many.title", { count: verdict.job_ids.length }), className: "override", body, ...offer });
}

/** @param {Api.JointVerdict} verdict */
function visits({ visits: there, job_ids: ids }) {
  const lines = there.length
    ? there.map((one) => `${time(one.start_at)} ${technicianName(one.technician_id)} · ${jobTitle(one.job_id)}`)
    : ids.map(jobTitle);
  const more = lines.length - MOST_LINES;
  return element(
    "ul",
    { class: "many-visits numbers" },
    lines.slice(0, MOST_LINES).map((line) => element("li", {}, line)),
    more > 0 ? element("li", { class: "soft" }, text("many.more", { count: more })) : null,
  );
}
