/** Rules, amounts and costs in the reader's words. */

import { element } from "../dom.js";
import { day, isoDay, kilometres, money, number, span, time } from "../format.js";
import { text } from "../texts.js";
import { icon } from "../ui/icons.js";
import { board, plannedDay } from "./state.js";

/** @param {string} id */
export const technicianName = (id) => board.technicians.get(id)?.name ?? id;
/** @param {string} id */

export const jobTitle = (id) => board.jobs.get(id)?.title ?? id;

/**
 * The time of a visit, and the day where that is not the one on which the job is, or the only one shown.
 *
 * @param {string} jobId
 * @param {number | Api.Moment} moment
 */
export function visitTime(jobId, moment) {
  const known = plannedDay(jobId) ?? (board.days === 1 ? board.day : null);
  return isoDay(moment) === known ? time(moment) : `${day(moment)} ${time(moment)}`;
}

/**
 * A time window of a job, with what it costs to start in it, if anything.
 *
 * @param {OnBoard.Window} window
 */
export function windowText({ starts_at: from, ends_at: to, price }) {
  const times = `${time(from)}–${time(to)}`;
  return price ? text("job.priced_window", { times, price: money(price * 100) }) : times;
}

/**
 * Cents as a difference: always with its sign.
 *
 * @param {Api.Cents} cents
 */
export function difference(cents) {
  if (Math.abs(cents) < 50) return text("cost.same");
  return `${cents < 0 ? "−" : "+"}${money(Math.abs(cents))}`;
}

/**
 * A difference in the colour of good or bad news.
 *
 * @param {Api.Cents} cents
 */
export function costBadge(cents) {
  const kind = Math.abs(cents) < 50 ? "" : cents < 0 ? "good" : "warn";
  return element("span", { class: `badge numbers cost ${kind}` }, difference(cents));
}

/**
 * The most important parts of a difference, by soft rule: `travel +12.000 ₫, overtime …`.
 *
 * @param {Record<string, Api.Cents>} cost
 * @param {number} [most]
 */
export function costParts(cost, most = 3) {
  const parts = Object.entries(cost).filter(([, cents]) => Math.abs(cents) >= 50);
  parts.sort(([, one], [, other]) => Math.abs(other) - Math.abs(one));
  return parts
    .slice(0, most)
    .map(([rule, cents]) => text("cost.part", { what: text(`soft.${rule}`), cost: difference(cents) }))
    .join(" · ");
}

/**
 * What is broken (or would be waived), in a sentence. `ofJob`: the job that everything is about,
 * which is not named again.
 *
 * @param {OnBoard.Broken} broken
 * @param {string | null} [ofJob]
 */
export function brokenText({ rule, job_id: jobId, technician_id: technicianId, subject, amount, unit }, ofJob = jobId) {
  const values = {
    technician: technicianName(technicianId),
    amount: number(amount),
    span: span(amount),
    way: kilometres(amount),
    what: subjectName(rule, subject),
    count: amount,
  };
  const said = sentence(rule, subject, unit, technicianId, values);
  return jobId && jobId !== ofJob ? text("broken.of_other", { title: jobTitle(jobId), said }) : said;
}

/**
 * @param {string} rule
 * @param {string} subject
 * @param {Api.Unit} unit
 * @param {string} technicianId
 * @param {import("../texts.js").Values} values
 */
function sentence(rule, subject, unit, technicianId, values) {
  const { count, ...plain } = values;
  switch (rule) {
    case "skills":
      return holds(technicianId, subject) ? text("broken.skill_level", { ...plain, count }) : text("broken.skill", plain);
    case "time_windows":
      return text(subject === "earlier" ? "broken.earlier" : "broken.later", plain);
    case "shift":
      return text(unit === "seconds" ? "broken.shift" : "broken.off", plain);
    case "limits":
      return text(`broken.limits.${subject}`, plain);
    case "pins":
      return text(unit === "seconds" ? "broken.pin_time" : "broken.pin_technician", plain);
    default:
      return text(`broken.${rule}`, plain);
  }
}

/**
 * @param {string} technicianId
 * @param {string} skillId
 */
const holds = (technicianId, skillId) => board.technicians.get(technicianId)?.skills.some((skill) => skill.skill_id === skillId) ?? false;

/**
 * @param {string} rule
 * @param {string} subject
 */
function subjectName(rule, subject) {
  /** @type {Record<string, Record<string, string>>} */
  const named = { skills: board.skills, parts: board.parts, tools: board.tools };
  const names = named[rule];
  if (names)
    return subject
      .split(", ")
      .map((id) => names[id] ?? id)
      .join(", ");
  if (rule !== "depot_stock") return subject;
  const [depot = "", ...rest] = subject.split(", ");
  return text("broken.at_depot", {
    what: rest.map((id) => board.parts[id] ?? board.tools[id] ?? id).join(", "),
    depot: board.depots.get(depot)?.name ?? depot,
  });
}

/**
 * Broken rules as a list, each by name and amount.
 *
 * @param {OnBoard.Broken[]} violations
 * @param {string | null} [ofJob]
 */
export function brokenList(violations, ofJob) {
  return element(
    "ul",
    { class: "broken" },
    violations.map((one) =>
      element(
        "li",
        { dataset: { rule: one.rule } },
        icon("late", 13),
        element("span", {}, element("strong", {}, text(`rule.${one.rule}`)), " – ", brokenText(one, ofJob)),
      ),
    ),
  );
}

/**
 * A telephone number that is rung by a click.
 *
 * @param {string} phone
 * @param {Record<string, string>} [more] attributes
 */
export const phoneButton = (phone, more = {}) =>
  element("a", { class: "button small numbers", href: `tel:${phone.replaceAll(" ", "")}`, ...more }, icon("phone", 12), phone);
