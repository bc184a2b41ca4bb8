/** Which technicians and jobs are meant: by words, skill, territory, priority and status. */

import { byId, element } from "../dom.js";
import { text } from "../texts.js";
import { announce } from "./announce.js";
import { board, isLate, notify, subscribe } from "./state.js";

export const PRIORITIES = ["emergency", "urgent", "high", "normal", "low"];
/** What a dispatcher asks for: a job's status, or that it is late or pinned. */
const STATES = ["late", "scheduled", "dispatched", "en_route", "on_site", "completed", "cannot_complete", "pinned"];

const filters = { words: "", skill: "", territory: "", priority: "", state: "" };
let texts = new Map();

export const isFiltered = () => Object.values(filters).some(Boolean);

/** Whether the job is meant. */
export function matchesJob(job) {
  if (!isFiltered()) return true;
  const placed = board.placed.get(job.id);
  const technician = placed && board.technicians.get(placed.technicianId);
  return (
    (!filters.words || textOf(job, technician).includes(filters.words)) &&
    (!filters.skill || filters.skill in job.skills) &&
    (!filters.territory || job.territory === filters.territory) &&
    (!filters.priority || job.priority === filters.priority) &&
    (!filters.state || isInState(job, placed))
  );
}

/** The technicians whose rows are shown: those with a job that is meant, or meant themselves. */
export function shownTechnicians() {
  const all = [...board.technicians.values()];
  if (!isFiltered()) return all;
  const withJobs = new Set();
  for (const [id, { technicianId }] of board.placed) if (matchesJob(board.jobs.get(id))) withJobs.add(technicianId);
  return all.filter((technician) => withJobs.has(technician.id) || isMeant(technician));
}

function isMeant(technician) {
  if (filters.priority || filters.state) return false;
  return (
    (!filters.words || plain(`${technician.name} ${technician.id}`).includes(filters.words)) &&
    (!filters.skill || technician.skills.some((skill) => skill.skill_id === filters.skill)) &&
    (!filters.territory || (technician.territories.length === 0 || technician.territories.includes(filters.territory)))
  );
}

function isInState(job, placed) {
  if (filters.state === "late") return Boolean(placed && isLate(placed.stop));
  if (filters.state === "pinned") return Boolean(job.pinned_technician_id);
  return job.status === filters.state;
}

function textOf(job, technician) {
  if (!texts.has(job.id)) texts.set(job.id, plain([job.id, job.title, job.site, job.address, technician?.name].join(" ")));
  return texts.get(job.id);
}

/** Without diacritics and capitals: who searches in a hurry types `dieu hoa`. */
function plain(words) {
  return words.normalize("NFD").replace(/\p{M}/gu, "").replace(/[đĐ]/g, "d").toLowerCase();
}

/** Wire the controls of the page. */
export function wireFilters() {
  const form = byId("filters");
  const change = (name, value) => {
    filters[name] = value;
    byId("clear-filters").hidden = !isFiltered();
    notify("filters");
    announceLater();
  };
  byId("search").addEventListener("input", ({ target }) => change("words", plain(target.value.trim())));
  form.addEventListener("submit", (event) => event.preventDefault());
  for (const name of ["skill", "territory", "priority", "state"]) {
    byId(`filter-${name}`).addEventListener("change", ({ target }) => {
      target.classList.toggle("chosen", Boolean(target.value));
      change(name, target.value);
    });
  }
  byId("clear-filters").addEventListener("click", () => {
    form.reset();
    for (const name of Object.keys(filters)) filters[name] = "";
    for (const chosen of form.querySelectorAll(".chosen")) chosen.classList.remove("chosen");
    change("words", "");
    byId("search").focus();
  });
  options("priority", PRIORITIES.map((one) => [one, text(`priority.${one}`)]));
  options("state", STATES.map((one) => [one, text(`status.${one}`)]));
  subscribe("board", (technicianIds) => {
    texts = new Map();
    if (technicianIds !== null) return;
    options("skill", Object.entries(board.skills));
    const territories = new Set([...board.technicians.values()].flatMap(({ territories: found }) => found));
    options("territory", [...territories].sort().map((one) => [one, one]));
  });
}

function options(name, pairs) {
  const select = byId(`filter-${name}`);
  const { value } = select;
  select.replaceChildren(
    element("option", { value: "" }, text(`filter.${name}`)),
    ...pairs.map(([id, label]) => element("option", { value: id }, label)),
  );
  select.value = pairs.some(([id]) => id === value) ? value : "";
}

let timer = null;
/** Once the typing has paused. */
function announceLater() {
  clearTimeout(timer);
  timer = setTimeout(() => {
    const jobs = [...board.jobs.values()].filter(matchesJob).length;
    announce(isFiltered() ? text("filter.found", { jobs, technicians: shownTechnicians().length }) : text("filter.none"));
  }, 600);
}
