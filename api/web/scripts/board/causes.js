/** Why a visit does not hold any more, or something else has to be decided, in the reader's words. */

import { day, isoDay, number, span, time } from "../format.js";
import { hasText, text } from "../texts.js";
import { board } from "./state.js";
import { technicianName } from "./words.js";

/**
 * What kind of issue it is.
 *
 * @param {{ kind: string }} issue
 */
export const kindText = ({ kind }) => text(hasText(`issue.${kind}`) ? `issue.${kind}` : "issue.other");

/**
 * The cause as a sentence; `technicianId` is whom it is about, if it is about somebody.
 *
 * @param {Api.CauseOut} cause
 * @param {string | null} [technicianId]
 */
export function causeText({ code, values }, technicianId = null) {
  const said = { technician: technicianId ? technicianName(technicianId) : "–", ...named(values) };
  if (hasText(`cause.${code}`)) return text(`cause.${code}`, said);
  return text(hasText(`reason.${code}`) ? `reason.${code}` : "cause.unknown", said);
}

/**
 * Ids by their names, moments and numbers as the reader has them.
 *
 * @param {Record<string, any>} values
 */
function named(values) {
  const { skill_id: skill, part_id: part, tool_id: tool, pinned_technician_id: pinned, starts_at: from, ends_at: to } = values;
  return {
    skill: board.skills[skill] ?? skill ?? "–",
    what: board.parts[part] ?? board.tools[tool] ?? part ?? tool ?? "–",
    depot: board.depots.get(values.depot_id)?.name ?? values.depot_id ?? "–",
    pinned: pinned ? technicianName(pinned) : "–",
    needed: values.needed ?? "–",
    held: values.held ?? 0,
    has: values.has ?? 0,
    jobs: (values.job_ids ?? []).join(", ") || "–",
    technicians: (values.technician_ids ?? []).map(technicianName).join(", ") || "–",
    from: from ? moment(from) : "–",
    until: values.ends_at ? moment(values.ends_at) : "–",
    expected: values.start_at ? time(values.start_at) : "–",
    late: values.late_minutes === undefined ? "–" : span(values.late_minutes * 60),
    obstacle: text(values.reason ? `obstacle.${values.reason}` : "obstacle.other").toLowerCase(),
    territory: values.territory ?? "–",
    limit: values.limit ? limitText(values.limit, values.most) : "–",
    span: from && to ? `${moment(from)} – ${isoDay(from) === isoDay(to) ? time(to) : moment(to)}` : "–",
    ...(values.count === undefined ? {} : { count: values.count, number: number(values.count) }),
  };
}

/**
 * How much a technician's route may have of something.
 *
 * @param {string} name the column that says so
 * @param {number} most
 */
export function limitText(name, most) {
  if (name === "max_distance_km") return text("unit.kilometres", { value: number(most) });
  if (name === "max_travel_minutes") return text("limit.travel", { span: span(most * 60) });
  return text("limit.visits", { count: most, number: number(most) });
}

/** @param {Api.Moment} at */
const moment = (at) => `${day(at)} ${time(at)}`;
