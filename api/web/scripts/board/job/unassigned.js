/** The jobs that are in nobody's route, with the reasons; they can be dragged onto a technician. */

import { around, element, isThere, redraw, within } from "../../dom.js";
import { hasText, text } from "../../texts.js";
import { icon } from "../../ui/icons.js";
import { isFiltered, matchesJob, PRIORITIES } from "../filters.js";
import { pickUp } from "../moves/by-key.js";
import { makeDraggable } from "../moves/gestures.js";
import { addPanel, openPanel } from "../panels/panel.js";
import { board, pointAt, select, selection, subscribe } from "../state.js";
import { windowText } from "../words.js";

/** @type {import("../panels/panel.js").Panel} */
let panel;
/** @type {string | null} */
let drawn = null;

export function mountUnassigned() {
  panel = addPanel("unassigned");
  makeDraggable(panel.body, ({ target }) => around(target, "[data-job]")?.dataset.job);
  for (const topic of ["board", "filters"]) subscribe(topic, draw);
  subscribe("selection", () => {
    for (const card of within(panel.body, "[data-job]")) card.classList.toggle("selected", card.dataset.job === selection.jobId);
  });
}

function draw() {
  const all = [...board.unassigned.keys()].map((id) => board.jobs.get(id)).filter(isThere);
  const shown = all.filter(matchesJob).sort(byUrgency);
  panel.setCount(all.length);
  const signed = JSON.stringify(shown.map((job) => [job, board.unassigned.get(job.id)]));
  if (drawn === signed) return;
  drawn = signed;
  redraw(panel.body, [
    shown.length ? null : element("p", { class: "soft" }, text(isFiltered() && all.length ? "unassigned.none_meant" : "unassigned.none")),
    element("ul", { class: "cards" }, shown.map(card)),
  ]);
}

/**
 * @param {OnBoard.Job} one
 * @param {OnBoard.Job} other
 */
const byUrgency = (one, other) =>
  PRIORITIES.indexOf(one.priority) - PRIORITIES.indexOf(other.priority) ||
  (one.due_at ?? Infinity) - (other.due_at ?? Infinity) ||
  one.id.localeCompare(other.id);

/** @param {OnBoard.Job} job */
function card(job) {
  const reasons = board.unassigned.get(job.id) ?? [];
  return element(
    "li",
    { class: "job-card", dataset: { job: job.id }, onpointerenter: () => pointAt({ jobId: job.id }), onpointerleave: () => pointAt({}) },
    element(
      "button",
      {
        type: "button",
        class: "job-open",
        dataset: { focusKey: `open-${job.id}` },
        onclick: () => {
          select({ jobId: job.id });
          openPanel("job", { focus: true });
        },
      },
      element("strong", {}, job.title),
      element("span", { class: "soft numbers" }, ` ${job.id}`),
    ),
    element("p", { class: "soft" }, job.site),
    element(
      "p",
      { class: "card-facts numbers" },
      priorityBadge(job),
      element("span", {}, text("unit.minutes", { value: job.duration_minutes })),
      ...job.windows.slice(0, 2).map((window) => element("span", {}, windowText(window))),
    ),
    element(
      "ul",
      { class: "reasons" },
      reasons.map((reason) => element("li", {}, reasonText(job, reason))),
    ),
    element(
      "button",
      { type: "button", class: "quiet small", dataset: { focusKey: `move-${job.id}` }, onclick: () => pickUp(job.id) },
      icon("en_route", 12),
      text("unassigned.move"),
    ),
  );
}

/**
 * How much a job matters, in words and colour; nothing for what is as usual.
 *
 * @param {OnBoard.Job} job
 */
export function priorityBadge(job) {
  if (job.priority === "normal") return null;
  const kind = { emergency: "bad", urgent: "bad", high: "warn", low: "" }[job.priority];
  return element("span", { class: `badge ${kind}` }, text(`priority.${job.priority}`));
}

/**
 * Why the job is in nobody's route, in the reader's language and with the names of things.
 *
 * @param {OnBoard.Job} job
 * @param {Api.Reason} reason
 */
export function reasonText(job, { code, rule }) {
  /**
   * @param {string[]} list
   * @param {Record<string, string>} named
   */
  const names = (list, named) => list.map((id) => named[id] ?? id).join(", ");
  /** @type {Record<string, () => string | null>} */
  const needs = {
    skills: () =>
      Object.entries(job.skills)
        .map(([id, level]) => skillText(id, level))
        .join(", "),
    parts: () => names(Object.keys(job.parts), board.parts),
    tools: () => names(job.tools, board.tools),
    territory: () => job.territory,
  };
  const what = needs[rule ?? ""]?.();
  if (code === "impossible" && rule === "travel") return text("reason.no_way");
  if (code === "outbid" && rule === "pins") return text("reason.pins_clash");
  if (code !== "impossible") return text(hasText(`reason.${code}`) ? `reason.${code}` : "cause.unknown");
  return text("reason.impossible", { rule: what ? text("reason.rule_with", { rule: text(`rule.${rule}`), what }) : text(`rule.${rule}`) });
}

/**
 * A skill's name, with the level where it is more than the first.
 *
 * @param {string} id
 * @param {number} level
 */
export const skillText = (id, level) =>
  level > 1 ? text("skill.level", { name: board.skills[id] ?? id, level }) : (board.skills[id] ?? id);
