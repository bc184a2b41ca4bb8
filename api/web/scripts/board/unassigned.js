/** The jobs that are in nobody's route, with the reasons; they can be dragged onto a technician. */

import { element } from "../dom.js";
import { time } from "../format.js";
import { text } from "../texts.js";
import { makeDraggable, pickUp } from "./drag.js";
import { isFiltered, matchesJob, PRIORITIES } from "./filters.js";
import { icon } from "./icons.js";
import { addPanel, openPanel } from "./panel.js";
import { board, pointAt, select, selection, subscribe } from "./state.js";

let panel = null;
let drawn = null;

export function mountUnassigned() {
  panel = addPanel("unassigned");
  makeDraggable(panel.body, ({ target }) => target.closest("[data-job]")?.dataset.job);
  for (const topic of ["board", "filters"]) subscribe(topic, draw);
  subscribe("selection", () => {
    for (const card of panel.body.querySelectorAll("[data-job]")) card.classList.toggle("selected", card.dataset.job === selection.jobId);
  });
}

function draw() {
  const all = [...board.unassigned.keys()].map((id) => board.jobs.get(id)).filter(Boolean);
  const shown = all.filter(matchesJob).sort(byUrgency);
  panel.setCount(all.length);
  const signed = JSON.stringify(shown.map((job) => [job, board.unassigned.get(job.id)]));
  if (drawn === signed) return;
  drawn = signed;
  const focused = panel.body.contains(document.activeElement) ? document.activeElement.dataset.focusKey : null;
  panel.body.replaceChildren(
    shown.length === 0 ? element("p", { class: "soft" }, text(isFiltered() && all.length ? "unassigned.none_meant" : "unassigned.none")) : "",
    element("ul", { class: "cards" }, shown.map(card)),
  );
  if (focused) panel.body.querySelector(`[data-focus-key="${CSS.escape(focused)}"]`)?.focus();
}

const byUrgency = (one, other) => PRIORITIES.indexOf(one.priority) - PRIORITIES.indexOf(other.priority) || (one.due_at ?? Infinity) - (other.due_at ?? Infinity) || one.id.localeCompare(other.id);

function card(job) {
  const reasons = board.unassigned.get(job.id);
  return element("li", { class: "job-card", dataset: { job: job.id }, onpointerenter: () => pointAt({ jobId: job.id }), onpointerleave: () => pointAt({}) },
    element("button", { type: "button", class: "job-open", dataset: { focusKey: `open-${job.id}` }, onclick: () => { select({ jobId: job.id }); openPanel("job", { focus: true }); } },
      element("strong", {}, job.title), element("span", { class: "soft numbers" }, ` ${job.id}`)),
    element("p", { class: "soft" }, job.site),
    element("p", { class: "card-facts numbers" },
      priorityBadge(job),
      element("span", {}, text("unit.minutes", { value: job.duration_minutes })),
      ...job.windows.slice(0, 2).map((window) => element("span", {}, `${time(window.starts_at)}–${time(window.ends_at)}`))),
    element("ul", { class: "reasons" }, reasons.map((reason) => element("li", {}, reasonText(job, reason)))),
    element("button", { type: "button", class: "quiet small", dataset: { focusKey: `move-${job.id}` }, onclick: () => pickUp(job.id) }, icon("en_route", 12), text("unassigned.move")),
  );
}

/** How much a job matters, in words and colour; nothing for what is as usual. */
export function priorityBadge(job) {
  if (job.priority === "normal") return null;
  const kind = { emergency: "bad", urgent: "bad", high: "warn" }[job.priority] ?? "";
  return element("span", { class: `badge ${kind}` }, text(`priority.${job.priority}`));
}

/** Why the job is in nobody's route, in the reader's language and with the names of things. */
export function reasonText(job, { code, rule }) {
  const names = (list, named) => list.map((id) => named[id] ?? id).join(", ");
  const what = {
    skills: () => Object.entries(job.skills).map(([id, level]) => skillText(id, level)).join(", "),
    parts: () => names(Object.keys(job.parts), board.parts),
    tools: () => names(job.tools, board.tools),
    territory: () => job.territory,
  }[rule]?.();
  if (code !== "impossible") return text(`reason.${code}`);
  return text("reason.impossible", { rule: what ? text("reason.rule_with", { rule: text(`rule.${rule}`), what }) : text(`rule.${rule}`) });
}

/** A skill's name, with the level where it is more than the first. */
export const skillText = (id, level) => (level > 1 ? text("skill.level", { name: board.skills[id] ?? id, level }) : (board.skills[id] ?? id));
