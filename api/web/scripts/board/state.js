/**
 * What the board knows and what is looked at: the company's days by id, selection, filters.
 *
 * Everything on the page draws from here and listens to topics:
 * - `board`: data changed; the detail is a Set of technicians' ids, or null for all of them
 * - `selection`, `hover`: what is pointed at
 * - `filters`: which jobs and technicians are meant
 * - `connection`: whether the service still tells what happens
 */

import { isoDay, startOfDay } from "../format.js";

/** The board's data. Moments are milliseconds here; on the wire they are ISO texts. */
export const board = {
  day: null,
  days: 1,
  /** The newest version of the plan in force. */
  version: null,
  takenAt: null,
  technicians: new Map(),
  /** By technician: lists in the order of time. */
  shifts: new Map(),
  absences: new Map(),
  routes: new Map(),
  positions: new Map(),
  jobs: new Map(),
  /** By job: the reasons why it is not placed. */
  unassigned: new Map(),
  /** By job: `{technicianId, route, stop}` where it is in the plan in force. */
  placed: new Map(),
  depots: new Map(),
  skills: {},
  parts: {},
  tools: {},
  /** Sums over all routes, with the names of `route.figures`; `unassigned` besides. */
  figures: {},
};

/** Who is signed in, as `GET /session` says it. */
export const reader = { session: null };

export const selection = { jobId: null, technicianId: null };
export const hover = { jobId: null, technicianId: null };
export const connection = { isLive: false };

const listeners = new Map();

/** Call the listener whenever something of the topic changes; the answer ends that. */
export function subscribe(topic, listener) {
  if (!listeners.has(topic)) listeners.set(topic, new Set());
  listeners.get(topic).add(listener);
  return () => listeners.get(topic).delete(listener);
}

export function notify(topic, detail = null) {
  for (const listener of listeners.get(topic) ?? []) listener(detail);
}

/** Look at a job, a technician, both or neither. A job brings its technician along. */
export function select({ jobId = null, technicianId = null }) {
  technicianId ??= board.placed.get(jobId)?.technicianId ?? null;
  if (selection.jobId === jobId && selection.technicianId === technicianId) return;
  Object.assign(selection, { jobId, technicianId });
  notify("selection");
}

/** Point at something without choosing it. */
export function pointAt({ jobId = null, technicianId = null }) {
  if (hover.jobId === jobId && hover.technicianId === technicianId) return;
  Object.assign(hover, { jobId, technicianId });
  notify("hover");
}

export function setConnection(isLive) {
  if (connection.isLive === isLive) return;
  connection.isLive = isLive;
  notify("connection");
}

/** Take in a whole answer of `GET /board/{day}`. */
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

/** Take in an answer that was limited to these technicians; all others stay as they are. */
export function applyPart(read, technicianIds) {
  if (read.day !== board.day || read.days !== board.days) return;
  for (const id of technicianIds) {
    for (const kept of [board.shifts, board.absences, board.routes]) kept.delete(id);
  }
  takeIn(read);
  notify("board", new Set(technicianIds));
}

function takeIn(read) {
  board.version = read.version;
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

function listOf(byTechnician, { technician_id: id }) {
  if (!byTechnician.has(id)) byTechnician.set(id, []);
  return byTechnician.get(id);
}

/** A copy in which each `…_at` is a number of milliseconds (or null). */
function withMoments(read) {
  const made = { ...read };
  for (const name of Object.keys(made)) {
    if (name.endsWith("_at") && typeof made[name] === "string") made[name] = Date.parse(made[name]);
  }
  return made;
}

function whereJobsAre() {
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

/** An answer for some technicians tells their figures alone, so they are added up here. */
function sums() {
  const figures = { visits: 0, done: 0, not_done: 0, under_way: 0, late: 0, shift_seconds: 0, working_seconds: 0, service_seconds: 0, travel_seconds: 0, overtime_seconds: 0, distance_metres: 0 };
  for (const route of [...board.routes.values()].flat()) {
    for (const name of Object.keys(figures)) figures[name] += route.figures[name];
  }
  // Whoever has nothing to do works as well.
  figures.shift_seconds = [...board.shifts.values()].flat().reduce((sum, shift) => sum + (shift.ends_at - shift.starts_at) / 1000, 0);
  return { ...figures, unassigned: board.unassigned.size };
}

/** Begin and end of what the board shows: local days of the company. */
export function shownSpan() {
  return { from: startOfDay(board.day), to: startOfDay(dayAfter(board.day, board.days)) };
}

/** The day of those shown on which a job that waits can be attended: that of its first window, if it is one. */
export function dayToAttend(job) {
  const { from, to } = shownSpan();
  const window = job.windows.find((one) => one.ends_at > from && one.starts_at < to);
  if (window) return isoDay(Math.max(window.starts_at, from));
  const today = isoDay(Date.now());
  return isShown(today) ? today : board.day;
}

/** The local day of the shift on whose route the job is; null if it is on none of those shown. */
export function plannedDay(jobId) {
  const placed = board.placed.get(jobId);
  return placed ? isoDay(placed.route.shift_starts_at) : null;
}

/** Whether the local day is one of those shown. */
export const isShown = (iso) => board.day <= iso && iso < dayAfter(board.day, board.days);

/** The local day so many days later, like `2026-11-24`. */
export function dayAfter(iso, days) {
  return new Date(Date.parse(`${iso}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

/** Whether plans may still move the job. */
export const isPlannable = (job) => ["open", "scheduled", "dispatched"].includes(job.status);

/** Whether a stop will not be kept as promised, or was not. */
export const isLate = (stop) => stop.will_miss.length > 0;
