/** Taking in what the service says of the board: moments become numbers, lists go by technician. */

import { board, nothing, notify } from "./state.js";

/**
 * Take in a whole answer of `GET /board/{day}`.
 *
 * @param {Api.Board} read
 */
export function replaceBoard(read) {
  for (const kept of [board.technicians, board.shifts, board.absences, board.routes, board.positions, board.jobs]) kept.clear();
  Object.assign(board, { day: read.day, days: read.days });
  board.depots = new Map(read.depots.map((depot) => [depot.id, depot]));
  board.skills = read.skills;
  board.parts = read.parts;
  board.tools = read.tools;
  takeIn(read);
  notify("board");
}

/**
 * Take in an answer that was limited to these technicians; all others stay as they are.
 *
 * @param {Api.Board} read
 * @param {string[]} technicianIds
 */
export function applyPart(read, technicianIds) {
  if (read.day !== board.day || read.days !== board.days) return;
  for (const id of technicianIds) {
    for (const kept of [board.shifts, board.absences, board.routes]) kept.delete(id);
  }
  takeIn(read);
  notify("board", new Set(technicianIds));
}

/** @param {Api.Board} read */
function takeIn(read) {
  board.version = read.version;
  board.freezeMinutes = read.freeze_minutes;
  board.takenAt = Date.parse(read.taken_at);
  for (const technician of read.technicians) board.technicians.set(technician.id, technician);
  for (const shift of read.shifts) listOf(board.shifts, shift).push(withMoments(shift));
  for (const absence of read.absences) listOf(board.absences, absence).push(withMoments(absence));
  for (const route of read.routes) {
    listOf(board.routes, route).push({ ...withMoments(route), stops: route.stops.map(withMoments) });
  }
  for (const position of read.positions) board.positions.set(position.technician_id, position);
  for (const [id, job] of Object.entries(read.jobs)) {
    const windows = job.windows.map(withMoments);
    board.jobs.set(id, { id, ...withMoments(job), windows });
  }
  board.unassigned = new Map(read.unassigned.map((one) => [one.job_id, one.reasons]));
  board.placed = whereJobsAre();
  board.figures = sums();
}

/**
 * @template {{ technician_id: string }} Thing
 * @param {Map<string, Thing[]>} byTechnician
 * @param {{ technician_id: string }} one
 * @returns {Thing[]}
 */
function listOf(byTechnician, { technician_id: id }) {
  const list = byTechnician.get(id) ?? [];
  byTechnician.set(id, list);
  return list;
}

/**
 * A copy in which each `…_at` is a number of milliseconds (or null).
 *
 * @template {object} Read
 * @param {Read} read
 * @returns {OnBoard.WithMoments<Read>}
 */
function withMoments(read) {
  /** @type {Record<string, any>} */
  const made = { ...read };
  for (const name of Object.keys(made)) {
    if (name.endsWith("_at") && typeof made[name] === "string") made[name] = Date.parse(made[name]);
  }

  return /** @type {OnBoard.WithMoments<Read>} */ (made);
}

function whereJobsAre() {
  /** @type {Map<string, OnBoard.Placed>} */
  const placed = new Map();
  for (const [technicianId, routes] of board.routes) {
    for (const route of routes) {
      for (const stop of route.stops) {
        if (stop.job_id) placed.set(stop.job_id, { technicianId, route, stop });
      }
    }
  }
  return placed;
}

const NAMES = /** @type {(keyof Api.BoardFigures)[]} */ (Object.keys(nothing()));

/** An answer for some technicians tells their figures alone, so they are added up here. */
function sums() {
  const figures = nothing();
  for (const route of [...board.routes.values()].flat()) {
    for (const name of NAMES) figures[name] += route.figures[name];
  }
  // Whoever has nothing to do works as well.
  figures.shift_seconds = [...board.shifts.values()].flat().reduce((sum, shift) => sum + (shift.ends_at - shift.starts_at) / 1000, 0);
  return { ...figures, unassigned: board.unassigned.size };
}
