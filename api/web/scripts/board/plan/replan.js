/** Having a plan made anew: what for, then its progress with the cost falling, until it is there. */

import { byId, element, redraw } from "../../dom.js";
import { day as dayText, isoDay, money, startOfDay } from "../../format.js";
import { get, post } from "../../http.js";
import { text } from "../../texts.js";
import { sentenceText } from "../../troubles.js";
import { announce } from "../../ui/announce.js";
import { icon } from "../../ui/icons.js";
import { toastTrouble } from "../../ui/toast.js";
import { openDialog } from "../dialogs.js";
import { clearFaults, field, tellAtFields } from "../fields.js";
import { takeBack } from "../moves/changes.js";
import { sparkline } from "../panels/charts.js";
import { board, dayAfter, subscribe } from "../state.js";
import { costBadge } from "../words.js";
import { openComparison } from "./comparison.js";
import { worth } from "./differences.js";

/** @typedef {{ run: Api.RunOut, costs: Api.Cents[], node: HTMLElement }} Card */

const SECONDS = [5, 10, 30, 60, 120];
const POINTS = 120;
/** @type {Api.RunStatus[]} */
const UNDER_WAY = ["queued", "running"];

/**
 * By run: its card, and the costs told so far.
 *
 * @type {Map<string, Card>}
 */
const cards = new Map();
const dock = element("section", { class: "dock", hidden: true });

export function mountReplan() {
  byId("top-actions").append(
    element("button", { type: "button", id: "replan", onclick: () => openReplan() }, icon("calendar", 13), text("replan.open")),
  );
  dock.setAttribute("aria-label", text("replan.runs"));
  byId("main").append(dock);
  subscribe("event:run", heard);
  for (const status of UNDER_WAY)
    get(`/runs?status=${status}&limit=5`, { quiet: true })
      .then(({ runs }) => runs.forEach(show))
      .catch(toastTrouble);
}

/**
 * Ask for a plan; of the days and the territory given, or of what is shown.
 *
 * @param {{ from?: Api.Day, to?: Api.Day, territory?: string | null }} [wanted]
 */
export function openReplan({ from: wantedFrom, to: wantedTo, territory: wantedTerritory } = {}) {
  const today = isoDay(Date.now());
  const shown = wantedFrom ?? board.day;
  const first = shown > today ? shown : today;
  const from = element("input", { type: "date", value: first, min: today });
  const to = element("input", { type: "date", value: wantedTo ?? dayAfter(first, board.days - 1), min: today });
  const territories = [...new Set([...board.technicians.values()].flatMap((one) => one.territories))].sort();
  const territory = element(
    "select",
    {},
    element("option", { value: "" }, text("replan.everywhere")),
    territories.map((one) => element("option", { value: one }, one)),
  );
  territory.value = wantedTerritory ?? "";
  const seconds = element(
    "select",
    {},
    SECONDS.map((one) => element("option", { value: one }, text("replan.seconds", { seconds: one }))),
  );
  seconds.value = "30";
  const people = [...board.technicians.values()].sort((one, other) => one.name.localeCompare(other.name, "vi"));
  const boxes = people.map((one) => element("input", { type: "checkbox", value: one.id }));
  const chosen = () => boxes.filter((box) => box.checked).map((box) => box.value);
  const summary = element("summary", {}, text("replan.all_technicians"));
  const choice = element(
    "details",
    {
      class: "fold inner",
      onchange: () => {
        const { length } = chosen();
        summary.textContent = length ? text("replan.some_technicians", { count: length }) : text("replan.all_technicians");
      },
    },
    summary,
    element(
      "div",
      { class: "checks" },
      boxes.map((box, index) => element("label", { class: "inline" }, box, people[index]?.name)),
    ),
  );
  /**
   * @param {string} value
   * @param {boolean} isChecked
   */
  const radio = (value, isChecked) =>
    element(
      "label",
      { class: "inline" },
      element("input", { type: "radio", name: "replan-publish", value, checked: isChecked }),
      element("span", {}, text(`replan.${value}`), element("span", { class: "soft block" }, text(`replan.${value}_note`))),
    );
  openDialog({
    title: text("replan.title"),
    body: [
      element("div", { class: "fields two" }, field("/starts_on", text("replan.from"), from), field("/ends_on", text("replan.to"), to)),
      element(
        "div",
        { class: "fields two" },
        field("/territory", text("filter.territory"), territory),
        field("/seconds", text("replan.time"), seconds),
      ),
      element(
        "div",
        { class: "field", dataset: { pointer: "/technician_ids" } },
        choice,
        element("p", { class: "fault", id: "replan-technicians-fault" }),
      ),
      element("fieldset", { class: "radios" }, element("legend", {}, text("replan.then")), radio("draft", true), radio("publish", false)),
    ],
    submitText: text("replan.start"),
    submit: async (form) => {
      clearFaults(form);
      const technicians = chosen();
      const wanted = {
        starts_on: from.value,
        ends_on: to.value || null,
        territory: territory.value || null,
        seconds: Number(seconds.value),
        technician_ids: technicians.length ? technicians : null,
        publish: new FormData(form).get("replan-publish") === "publish",
      };
      try {
        show(await post("/plans", wanted));
        return true;
      } catch (error) {
        return tellAtFields(form, error);
      }
    },
  });
  from.focus();
}

/**
 * What is told of runs: progress is drawn as it comes, everything else is read.
 *
 * @param {Api.EventOut} event
 */
function heard(event) {
  const card = cards.get(event.entity_id);
  if (event.type === "run.progress") {
    if (card && event.after) progress(card, event.after);
    else read(event.entity_id);
  } else if (card || event.type === "run.requested") {
    read(event.entity_id);
  }
}

/** @param {string} runId */
function read(runId) {
  get(`/runs/${encodeURIComponent(runId)}`, { quiet: true })
    .then(show)
    .catch(toastTrouble);
}

/** @param {Api.RunOut} run */
function show(run) {
  let card = cards.get(run.id);
  if (!card) {
    card = { run, costs: [], node: element("article", { class: "run" }) };
    cards.set(run.id, card);
    dock.append(card.node);
    dock.hidden = false;
  }
  const wasUnderWay = UNDER_WAY.includes(card.run.status);
  card.run = run;
  note(card, run.objective);
  draw(card);
  if (wasUnderWay && !UNDER_WAY.includes(run.status)) announce(outcome(run));
}

/**
 * @param {Card} card
 * @param {Record<string, any>} told
 */
function progress(card, { progress: share, objective }) {
  card.run = { ...card.run, status: "running", progress: share, objective };
  note(card, objective);
  draw(card);
}

/**
 * @param {Card} card
 * @param {Api.Cents | null | undefined} objective
 */
function note(card, objective) {
  if (objective === null || objective === undefined) return;
  card.costs.push(objective);
  if (card.costs.length > POINTS) card.costs.shift();
}

/** @param {Card} card */
function draw(card) {
  const { run, costs, node } = card;
  const isUnderWay = UNDER_WAY.includes(run.status);
  const days =
    run.starts_on === run.ends_on
      ? dayText(startOfDay(run.starts_on))
      : `${dayText(startOfDay(run.starts_on))} – ${dayText(startOfDay(run.ends_on))}`;
  /**
   * @param {string} key
   * @param {string} label
   * @param {() => unknown} act
   * @param {string} [kind]
   */
  const button = (key, label, act, kind = "") =>
    element("button", { type: "button", class: `small ${kind}`, dataset: { focusKey: `${run.id}-${key}` }, onclick: act }, label);
  const [first = 0, last = 0] = [costs[0], costs.at(-1)];
  const fallen = first - last;
  const planId = run.plan_id;
  const content = [
    element("header", {}, element("strong", {}, text("replan.run", { days })), element("span", { class: "soft" }, run.requested_by)),
    isUnderWay ? element("progress", { max: 1, value: run.progress, "aria-label": text("replan.progress") }) : null,
    isUnderWay
      ? element(
          "div",
          { class: "run-cost" },
          costs.length > 1 ? sparkline(costs, { label: text("replan.falling", { from: money(first), to: money(last) }) }) : null,
          element("p", { class: "numbers" }, costs.length ? money(last) : text("replan.waiting"), fallen > 0 ? costBadge(-fallen) : null),
        )
      : element("p", {}, outcome(run)),
    element(
      "div",
      { class: "buttons" },
      isUnderWay
        ? button("cancel", text(run.cancel_requested ? "replan.cancelling" : "replan.cancel"), () =>
            post(`/runs/${encodeURIComponent(run.id)}/cancel`)
              .then(show)
              .catch(toastTrouble),
          )
        : null,
      run.plan_status === "draft" && planId !== null
        ? button("compare", text("draft.compare"), () => openComparison(planId), "main")
        : null,
      run.plan_status === "published" && run.plan_version !== null && changed(run.changes)
        ? button("undo", text("undo"), () => takeBack(outcome(run), run.plan_version ?? 0))
        : null,
      isUnderWay ? null : button("shut", text("close"), () => shut(card)),
    ),
  ];
  const orElse = content.at(-1)?.querySelector("button");
  redraw(node, content, { orElse });
}

/**
 * What came of a run, in a sentence.
 *
 * @param {Api.RunOut} run
 */
function outcome(run) {
  if (run.failure && run.plan_status !== "draft")
    return text("replan.failed", { cause: sentenceText(run.failure) ?? text("fault.unexpected") });
  if (run.plan_status === "published") return text("replan.published", { version: run.plan_version });
  if (run.plan_status === "draft") {
    return text("replan.drafted", { worth: run.changes ? worthOf(run.changes) : "", count: changed(run.changes) });
  }
  if (run.plan_status === "discarded") return text("replan.discarded");
  return text(`replan.status_${run.status}`);
}

/** @param {Api.PlanChanges} changes */
function worthOf({ added_job_ids: added, removed_job_ids: removed, cost_before: before, cost_after: after, saved }) {
  const leftOut = (before.unassigned ?? 0) - (after.unassigned ?? 0);
  return worth(added.length - removed.length, leftOut - saved);
}

/** @param {Api.PlanChanges | null} changes */
const changed = (changes) =>
  changes
    ? changes.added_job_ids.length + changes.removed_job_ids.length + changes.reassigned_job_ids.length + changes.moved_job_ids.length
    : 0;

/** @param {Card} card */
function shut(card) {
  card.node.remove();
  cards.delete(card.run.id);
  dock.hidden = cards.size === 0;
  byId("replan").focus();
}

// What became of a draft changes its card.
subscribe("event:plan", (event) => {
  for (const { run } of cards.values()) if (String(run.plan_id) === event.entity_id) read(run.id);
});
