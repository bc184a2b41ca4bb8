/**
 * The selected job or technician in the side panel. Other parts add to the details with
 * `addJobSection` and `addTechnicianSection`: functions that get the job (and where it is placed),
 * or the technician, and give an element. One that is given again keeps its state and the focus.
 */

import { element, isThere, redraw } from "../../dom.js";
import { day, kilometres, money, percent, span, time } from "../../format.js";
import { text } from "../../texts.js";
import { icon, statusIcon } from "../../ui/icons.js";
import { toastTrouble } from "../../ui/toast.js";
import { causeText, limitText } from "../causes.js";
import { openDepot } from "../find/depot-card.js";
import { openPlace } from "../find/place-card.js";
import { addPanel, openPanel } from "../panels/panel.js";
import { board, isLate, select, selection, subscribe } from "../state.js";
import { showJob } from "../timeline/cells.js";
import { dayOf, stopsOf } from "../timeline/items.js";
import { technicianName, windowText } from "../words.js";
import { priorityBadge, reasonText, skillText } from "./unassigned.js";

/**
 * @typedef {(job: OnBoard.Job, placed: OnBoard.Placed | undefined) => HTMLElement | null} JobSection
 * @typedef {(technician: Api.BoardTechnician) => HTMLElement | null} TechnicianSection
 * @typedef {[string, import("../../dom.js").Child]} Fact
 * @typedef {Fact | null | false | 0 | "" | undefined} MaybeFact
 */

/** @type {{ top: JobSection[], job: JobSection[], technician: TechnicianSection[] }} */
const sections = { top: [], job: [], technician: [] };
/** @type {import("../panels/panel.js").Panel} */
let panel;
/**
 * What is shown, so that what somebody reads or types there stays until it changes.
 *
 * @type {string | null}
 */
let drawn = null;

/**
 * Add to what is shown of a job: `section(job, placed)` gives an element, or null.
 *
 * @param {JobSection} section
 * @param {{ atTop?: boolean }} [options]
 */
export function addJobSection(section, { atTop = false } = {}) {
  sections[atTop ? "top" : "job"].push(section);
}

/**
 * Add to what is shown of a technician: `section(technician)` gives an element, or null.
 *
 * @param {TechnicianSection} section
 */
export function addTechnicianSection(section) {
  sections.technician.push(section);
}

export function mountDetails() {
  panel = addPanel("job");
  for (const topic of ["board", "selection", "guest"]) subscribe(topic, draw);
  subscribe("open", () => openPanel("job"));
  draw();
}

function draw() {
  const job = board.jobs.get(selection.jobId ?? "") ?? (board.guest?.id === selection.jobId ? board.guest : null);
  const technician = board.technicians.get(selection.technicianId ?? "");
  const placed = job && board.placed.get(job.id);
  const shown = JSON.stringify(
    job
      ? [job, placed?.stop, placed?.technicianId, board.unassigned.get(job.id), board.version]
      : technician && [technician, board.routes.get(technician.id), board.shifts.get(technician.id), board.absences.get(technician.id)],
  );
  if (drawn === shown) return;
  drawn = shown ?? null;
  const details = job
    ? jobDetails(job)
    : technician
      ? technicianDetails(technician)
      : [element("p", { class: "soft" }, text("job.none_selected"))];
  redraw(panel.body, details, { orElse: panel.body });
}

/** @param {OnBoard.Job} job */
function jobDetails(job) {
  const placed = board.placed.get(job.id);
  const reasons = board.unassigned.get(job.id) ?? [];
  const drawing = statusIcon(job.status);
  /** @type {MaybeFact[]} */
  const facts = [
    [text("job.status"), element("span", { class: "with-icon" }, drawing && icon(drawing), text(`status.${job.status}`))],
    placed && [
      text("job.technician"),
      element(
        "button",
        { type: "button", class: "link", onclick: () => select({ technicianId: placed.technicianId }) },
        board.technicians.get(placed.technicianId)?.name ?? placed.technicianId,
      ),
    ],
    placed && [
      text("job.planned"),
      element("span", { class: "numbers" }, `${day(placed.stop.start_at)} ${time(placed.stop.start_at)}–${time(placed.stop.departure_at)}`),
    ],
    placed &&
      !job.arrived_at &&
      placed.stop.expected_start_at && [
        text("job.expected"),
        element("span", { class: "numbers" }, `${time(placed.stop.expected_start_at)}–${time(placed.stop.expected_departure_at)}`),
      ],
    job.arrived_at && [
      text("job.actual"),
      element("span", { class: "numbers" }, `${time(job.arrived_at)}–${job.departed_at ? time(job.departed_at) : "…"}`),
    ],
    [text("job.site"), element("span", {}, siteOf(job), element("br"), element("span", { class: "soft" }, job.address))],
    job.access_minutes && [text("job.access"), text("unit.minutes", { value: job.access_minutes })],
    job.windows.length && [
      text("job.windows"),
      element(
        "span",
        { class: "numbers" },
        job.windows
          .slice(0, 4)
          .map((window) => `${day(window.starts_at)} ${windowText(window)}`)
          .join("; "),
      ),
    ],
    job.due_at && [text("job.due"), element("span", { class: "numbers" }, `${day(job.due_at)} ${time(job.due_at)}`)],
    [text("job.duration"), span(job.duration_minutes * 60)],
    Object.keys(job.skills).length && [
      text("job.skills"),
      Object.entries(job.skills)
        .map(([id, level]) => skillText(id, level))
        .join(", "),
    ],
    Object.keys(job.parts).length && [
      text("job.parts"),
      Object.entries(job.parts)
        .map(([id, quantity]) => `${quantity} × ${board.parts[id] ?? id}`)
        .join(", "),
    ],
    job.tools.length && [text("job.tools"), job.tools.map((id) => board.tools[id] ?? id).join(", ")],
    job.pinned_technician_id && [text("job.pin"), pinText(job)],
    job.not_before_at &&
      placed && [
        text("job.not_before"),
        element("span", { class: "numbers" }, text("job.not_before_at", { time: time(job.not_before_at) })),
      ],
    job.told_at && [text("job.told"), `${day(job.told_at)} ${time(job.told_at)}`],
  ];
  return [
    element("h3", { class: "details-title" }, job.title, " ", element("span", { class: "soft numbers" }, job.id)),
    element(
      "p",
      { class: "card-facts" },
      priorityBadge(job),
      placed && isLate(placed.stop) ? element("span", { class: "badge bad with-icon" }, icon("late", 12), text("visit.late")) : null,
      placed ? null : whereabouts(job),
    ),
    placed?.stop.conflict
      ? element("p", { class: "conflict-cause with-icon" }, icon("conflict", 13), causeText(placed.stop.conflict, placed.technicianId))
      : null,
    placed
      ? element("button", { type: "button", class: "quiet small", onclick: () => showJob(job.id) }, icon("search", 12), text("job.show"))
      : null,
    reasons.length
      ? element(
          "ul",
          { class: "reasons" },
          reasons.map((reason) => element("li", {}, reasonText(job, reason))),
        )
      : null,
    ...sections.top.map((section) => section(job, placed)),
    factList(facts),
    ...sections.job.map((section) => section(job, placed)),
  ].filter(isThere);
}

/**
 * Of a job that is on none of the routes shown.
 *
 * @param {OnBoard.Job} job
 */
function whereabouts(job) {
  if (board.unassigned.has(job.id)) return element("span", { class: "badge warn" }, text("job.unassigned"));
  return ["scheduled", "dispatched"].includes(job.status) ? element("span", { class: "badge" }, text("job.on_other_day")) : null;
}

/** @param {OnBoard.Job} job */
function pinText(job) {
  const name = technicianName(job.pinned_technician_id ?? "");
  return job.pinned_start_at ? `${name}, ${day(job.pinned_start_at)} ${time(job.pinned_start_at)}` : name;
}

/** @param {Api.BoardTechnician} technician */
function technicianDetails(technician) {
  const { visits, late, used } = dayOf(technician.id);
  const routes = board.routes.get(technician.id) ?? [];
  const sum = (/** @type {keyof Api.BoardFigures} */ field) => routes.reduce((total, route) => total + route.figures[field], 0);
  const limits = limitsOf(technician);
  /** @type {MaybeFact[]} */
  const facts = [
    [text("technician.visits"), String(visits)],
    late && [text("technician.late"), String(late)],
    [text("technician.used"), percent(used)],
    [text("technician.way"), `${kilometres(sum("distance_metres"))}, ${span(sum("travel_seconds"))}`],
    [
      text("technician.shift"),
      element(
        "span",
        { class: "numbers" },
        (board.shifts.get(technician.id) ?? [])
          .map((shift) => `${day(shift.starts_at)} ${time(shift.starts_at)}–${time(shift.ends_at)}`)
          .join("; ") || text("technician.off"),
      ),
    ],
    technician.phone && [text("technician.phone"), element("a", { href: `tel:${technician.phone.replaceAll(" ", "")}` }, technician.phone)],
    [text("job.skills"), technician.skills.map((skill) => skillText(skill.skill_id, skill.level)).join(", ")],
    technician.territories.length && [text("technician.territories"), technician.territories.join(", ")],
    technician.pace_percent !== 100 && [text("technician.pace"), percent(technician.pace_percent / 100)],
    limits.length && [text("technician.limits"), limits.join("; ")],
    technician.cost_per_hour !== null && [text("technician.cost_per_hour"), money(technician.cost_per_hour * 100)],
    technician.cost_per_km !== null && [text("technician.cost_per_km"), money(technician.cost_per_km * 100)],
  ];
  return [
    element("h3", { class: "details-title" }, technician.name, " ", element("span", { class: "soft" }, technician.id)),
    ...sections.technician.map((section) => section(technician)).filter(isThere),
    factList(facts),
    element("h3", {}, text("technician.stops")),
    element(
      "ol",
      { class: "stops" },
      stopsOf(technician.id).map(({ job, stop, kind, from, late }) =>
        element(
          "li",
          {},
          element("span", { class: "numbers" }, time(from)),
          " ",
          job
            ? element("button", { type: "button", class: "link", onclick: () => select({ jobId: job.id }) }, job.title)
            : (depotOf(stop?.depot_id ?? null) ?? text(`kind.${kind}`)),
          " ",
          late ? element("span", { class: "badge bad" }, text("visit.late")) : null,
        ),
      ),
    ),
  ];
}

/** @param {Api.BoardTechnician} technician */
function limitsOf(technician) {
  const names = /** @type {const} */ (["max_visits", "max_travel_minutes", "max_distance_km"]);
  return names.flatMap((name) => (technician[name] === null ? [] : [limitText(name, technician[name])]));
}

/**
 * Names and values; what is null, false or 0 is left out.
 *
 * @param {MaybeFact[]} facts
 */
export function factList(facts) {
  return element(
    "dl",
    { class: "facts" },
    facts
      .flatMap((fact) => (fact ? [fact] : []))
      .map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value))),
  );
}

/**
 * Its name, which leads to all that is known of it.
 *
 * @param {OnBoard.Job} job
 */
const siteOf = ({ site_id: id, site }) =>
  element("button", { type: "button", class: "link", onclick: () => openPlace(id).catch(toastTrouble) }, site);

/**
 * Its name, which leads to what it lends.
 *
 * @param {string | null} id
 */
function depotOf(id) {
  const depot = id === null ? null : board.depots.get(id);
  if (!depot) return null;
  return element("button", { type: "button", class: "link", onclick: () => openDepot(depot.id).catch(toastTrouble) }, depot.name);
}
