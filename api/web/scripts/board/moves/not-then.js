/** Why a visit does not start where it would be dropped. */

import { element } from "../../dom.js";
import { time } from "../../format.js";
import { text } from "../../texts.js";
import { jobOf } from "../state.js";
import { technicianName } from "../words.js";

/** Clocks show minutes. */
const NOTABLE_MILLISECONDS = 60_000;

/**
 * Why the visit does not start where it would be dropped: it is out of its time window until then, or
 * the technician cannot be there before.
 *
 * @param {Api.PlanChange} change
 * @param {Api.Judgement} judgement
 */
export function notThen(change, { visit }) {
  const wanted = change.start_at ? Date.parse(change.start_at) : null;
  const starts = visit ? Date.parse(visit.start_at) : null;
  if (!change.no_earlier || wanted === null || starts === null || starts - wanted < NOTABLE_MILLISECONDS) return null;
  const opens = jobOf(change.job_id).windows.some((window) => Math.abs(window.starts_at - starts) < NOTABLE_MILLISECONDS);
  const cause = text(opens ? "change.not_open" : "change.not_there", {
    wanted: time(wanted),
    time: time(starts),
    technician: technicianName(change.technician_id ?? ""),
  });
  return element("p", { class: "soft" }, cause);
}
