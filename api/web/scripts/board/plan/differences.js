/** How a draft differs from what is in force: in figures, and job by job. */

import { element } from "../../dom.js";
import { kilometres, money, number, span, time } from "../../format.js";
import { text } from "../../texts.js";
import { icon } from "../../ui/icons.js";
import { costParts, technicianName } from "../words.js";

/** @type {Partial<Record<Api.ChangedJob["change"], string>>} */
const MOODS = { added: "good", removed: "bad" };
/** @type {Api.ChangedJob["change"][]} */
const ORDER = ["added", "removed", "technician", "time"];

/**
 * Figures of before and after: how they are said, and whether more of it is better.
 *
 * @type {[keyof Api.Figures, (value: number) => string, 1 | -1][]}
 */
const FIGURES = [
  ["cost", money, -1],
  ["jobs", number, 1],
  ["distance_metres", kilometres, -1],
  ["travel_seconds", span, -1],
  ["working_seconds", span, -1],
  ["overtime_seconds", span, -1],
  ["late_seconds", span, -1],
];

/**
 * What it saves: figures in force, in the draft, and how they differ.
 *
 * @param {Api.DraftChanges} draft
 */
export function sums({ before, after, changes }) {
  const shown = FIGURES.filter(([name]) => before[name] || after[name]);
  return element(
    "div",
    { class: "sums" },
    element(
      "p",
      { class: "saved" },
      element("strong", {}, worth(after.jobs - before.jobs, after.cost - before.cost, after.overtime_seconds - before.overtime_seconds)),
      " ",
      element(
        "span",
        { class: "soft numbers" },
        [costParts(byRule(changes), 4), changes.price_of_change ? text("draft.price", { amount: money(changes.price_of_change) }) : null]
          .filter(Boolean)
          .join(" · "),
      ),
    ),
    element(
      "table",
      { class: "numbers" },
      element("caption", { class: "visually-hidden" }, text("draft.sums")),
      element(
        "thead",
        {},
        element(
          "tr",
          {},
          element("td", {}),
          shown.map(([name]) => element("th", { scope: "col" }, text(`draft.figure_${name}`))),
        ),
      ),
      element(
        "tbody",
        {},
        element(
          "tr",
          {},
          element("th", { scope: "row" }, text("draft.in_force")),
          shown.map(([name, say]) => element("td", {}, say(before[name]))),
        ),
        element(
          "tr",
          {},
          element("th", { scope: "row" }, text("draft.draft")),
          shown.map(([name, say]) => element("td", {}, say(after[name]))),
        ),
        element(
          "tr",
          { class: "differences" },
          element("th", { scope: "row" }, text("draft.difference")),
          shown.map(([name, say, better]) =>
            element("td", { class: mood((after[name] - before[name]) * better) }, signed(after[name] - before[name], say)),
          ),
        ),
      ),
    ),
  );
}

/**
 * What a plan is worth: jobs more or fewer, what it costs more or less, and the overtime. Nobody saves
 * what leaving a job out is priced at.
 *
 * @param {number} jobs
 * @param {Api.Cents} cents
 * @param {number} [overtime] in seconds
 */
export function worth(jobs, cents, overtime = 0) {
  return [
    jobs ? text(jobs > 0 ? "draft.more_jobs" : "draft.fewer_jobs", { count: Math.abs(jobs) }) : null,
    signed(cents, money),
    overtime ? text("draft.overtime", { span: signed(overtime, span) }) : null,
  ]
    .filter(Boolean)
    .join(", ");
}

/** @param {number} gain */
const mood = (gain) => (gain > 0 ? "better" : gain < 0 ? "worse" : "");
/**
 * @param {number} value
 * @param {(value: number) => string} say
 */
export const signed = (value, say) => (value === 0 ? "±0" : `${value > 0 ? "+" : "−"}${say(Math.abs(value))}`);

/** @param {Api.PlanChanges} changes */
function byRule({ cost_before: before, cost_after: after }) {
  const rules = new Set([...Object.keys(before), ...Object.keys(after)]);
  // Changes have a price, which is told by itself, and jobs that are left out cost nobody anything.
  for (const rule of ["changed_technician", "moved_time", "unassigned"]) rules.delete(rule);
  return Object.fromEntries([...rules].map((rule) => [rule, (after[rule] ?? 0) - (before[rule] ?? 0)]));
}

/** @param {Api.ChangedJob[]} jobs */
export function jobTable(jobs) {
  const where = (/** @type {Api.Assignment | null} */ place) =>
    place
      ? element("span", {}, technicianName(place.technician_id), " ", element("span", { class: "numbers" }, time(place.start_at)))
      : element("span", { class: "soft" }, text("draft.nowhere"));
  const sorted = [...jobs].sort(
    (one, other) => ORDER.indexOf(one.change) - ORDER.indexOf(other.change) || one.title.localeCompare(other.title, "vi"),
  );
  return element(
    "div",
    { class: "table-room", tabindex: "0", role: "region", "aria-label": text("draft.jobs", { count: jobs.length }) },
    element(
      "table",
      { class: "changed-jobs" },
      element(
        "thead",
        {},
        element(
          "tr",
          {},
          ["job", "change", "in_force", "draft"].map((name) => element("th", { scope: "col" }, text(`draft.${name}`))),
        ),
      ),
      element(
        "tbody",
        {},
        sorted.map((job) =>
          element(
            "tr",
            {},
            element("th", { scope: "row" }, job.title, " ", element("span", { class: "soft numbers" }, job.job_id)),
            element(
              "td",
              {},
              element("span", { class: `badge ${MOODS[job.change] ?? ""}` }, text(`draft.change_${job.change}`)),
              job.told ? element("span", { class: "badge warn with-icon" }, icon("told", 11), text("draft.told")) : null,
            ),
            element("td", {}, where(job.old)),
            element("td", {}, where(job.new)),
          ),
        ),
      ),
    ),
  );
}
