/** Which technicians and jobs are meant: by words, skill, territory, priority and status. */

import { plain } from "../plain.js";
import { board, isLate, jobOf, notify, subscribe } from "./state.js";

/** @type {Api.Priority[]} */
export const PRIORITIES = ["emergency", "urgent", "high", "normal", "low"];
/** Empty is whatever there is. `state` is a job's status, or that it is late, pinned or in conflict. */
export const filters = { words: "", skill: "", territory: "", priority: "", state: "" };
/** @typedef {typeof filters} Filters */

/**
 * What is searched in, by job.
 *
 * @type {Map<string, string>}
 */
let texts = new Map();
subscribe("board", () => {
  texts = new Map();
});

/**
 * Have other ones; those that are not named stay.
 *
 * @param {Partial<Filters>} wanted
 */
export function setFilters({ words, ...others }) {
  Object.assign(filters, others, words === undefined ? {} : { words: plain(words.trim()) });
  notify("filters");
}

/** No filters any more. */
export const clearFilters = () => setFilters({ words: "", skill: "", territory: "", priority: "", state: "" });

export const isFiltered = () => Object.values(filters).some(Boolean);

/**
 * Whether the job is meant.
 *
 * @param {OnBoard.Job} job
 * @returns {boolean}
 */
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
  for (const [id, { technicianId }] of board.placed) if (matchesJob(jobOf(id))) withJobs.add(technicianId);
  return all.filter((technician) => withJobs.has(technician.id) || isMeant(technician));
}

/** @param {Api.BoardTechnician} technician */
function isMeant(technician) {
  if (filters.priority || filters.state) return false;
  return (
    (!filters.words || plain(`${technician.name} ${technician.id}`).includes(filters.words)) &&
    (!filters.skill || technician.skills.some((skill) => skill.skill_id === filters.skill)) &&
    (!filters.territory || technician.territories.length === 0 || technician.territories.includes(filters.territory))
  );
}

/**
 * @param {OnBoard.Job} job
 * @param {OnBoard.Placed | undefined} placed
 */
function isInState(job, placed) {
  if (filters.state === "late") return Boolean(placed && isLate(placed.stop));
  if (filters.state === "conflict") return Boolean(placed?.stop.conflict);
  if (filters.state === "pinned") return Boolean(job.pinned_technician_id);
  return job.status === filters.state;
}

/**
 * @param {OnBoard.Job} job
 * @param {Api.BoardTechnician | undefined} technician
 */
function textOf(job, technician) {
  const known = texts.get(job.id);
  if (known !== undefined) return known;
  const made = plain([job.id, job.title, job.site, job.address, technician?.name].join(" "));
  texts.set(job.id, made);
  return made;
}
