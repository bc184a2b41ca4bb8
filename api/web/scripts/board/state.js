/**
 * What the board knows and what is looked at: the company's days by id, selection, filters.
 *
 * Everything on the page draws from here and listens to topics:
 * - `board`: data changed; the detail is a Set of technicians' ids, or null for all of them
 * - `selection`, `hover`: what is pointed at
 * - `filters`: which jobs and technicians are meant
 * - `issues`: what has to be decided now
 * - `connection`: whether the service still tells what happens, and knows who asks
 * - `signed-in`: the session was over, and somebody has signed in again
 */

import { isoDay, startOfDay } from "../format.js";

/**
 * The board's data. Moments are milliseconds here; on the wire they are ISO texts.
 *
 * @type {OnBoard.Board}
 */
export const board = {
  day: "",
  days: 1,
  version: null,
  takenAt: null,
  freezeMinutes: 0,
  technicians: new Map(),
  shifts: new Map(),
  absences: new Map(),
  routes: new Map(),
  positions: new Map(),
  jobs: new Map(),
  guest: null,
  unassigned: new Map(),
  placed: new Map(),
  depots: new Map(),
  skills: {},
  parts: {},
  tools: {},
  issues: [],
  figures: { ...nothing(), unassigned: 0 },
};

/** @type {Api.SessionOut | null} */
let session = null;

/** Who is signed in, as `GET /session` says it. */
export function signedIn() {
  if (!session) throw new Error("nobody is known to be signed in yet");
  return session;
}

/**
 * The page is this person's from now on.
 *
 * @param {Api.SessionOut} read
 */
export function signIn(read) {
  session = read;
}

/** @typedef {{ jobId: string | null, technicianId: string | null }} Pointed */

/** @type {Pointed} */
export const selection = { jobId: null, technicianId: null };
/** @type {Pointed} */
export const hover = { jobId: null, technicianId: null };
export const connection = { isLive: false, isSignedOut: false };

/** @type {Map<string, Set<(detail: any) => void>>} */
const listeners = new Map();

/**
 * Call the listener whenever something of the topic changes; the answer ends that.
 *
 * @param {string} topic
 * @param {(detail: any) => void} listener
 */
export function subscribe(topic, listener) {
  const known = listeners.get(topic) ?? new Set();
  listeners.set(topic, known.add(listener));
  return () => known.delete(listener);
}

/**
 * @param {string} topic
 * @param {unknown} [detail]
 */
export function notify(topic, detail = null) {
  for (const listener of listeners.get(topic) ?? []) listener(detail);
}

/**
 * What has to be decided now is this.
 *
 * @param {Api.Issue[]} issues
 */
export function setIssues(issues) {
  board.issues = issues;
  notify("issues");
}

/**
 * Whether no place was found for the job.
 *
 * @param {string} jobId
 */
export const hasNoPlace = (jobId) => board.issues.some((one) => one.kind === "no_place" && one.job_ids.includes(jobId));

/**
 * The job of a stop, or of whatever else the board's own data name: it is there.
 *
 * @param {string} id
 */
export function jobOf(id) {
  const job = board.jobs.get(id);
  if (!job) throw new Error(`the board knows no job ${id}`);
  return job;
}

/**
 * Look at a job, a technician, both or neither. A job brings its technician along.
 *
 * @param {Partial<Pointed>} wanted
 */
export function select({ jobId = null, technicianId = null }) {
  technicianId ??= (jobId && board.placed.get(jobId)?.technicianId) || null;
  if (selection.jobId === jobId && selection.technicianId === technicianId) return;
  Object.assign(selection, { jobId, technicianId });
  notify("selection");
}

/**
 * Point at something without choosing it.
 *
 * @param {Partial<Pointed>} wanted
 */
export function pointAt({ jobId = null, technicianId = null }) {
  if (hover.jobId === jobId && hover.technicianId === technicianId) return;
  Object.assign(hover, { jobId, technicianId });
  notify("hover");
}

/** @param {boolean} isLive */
export function setConnection(isLive) {
  if (connection.isLive === isLive) return;
  connection.isLive = isLive;
  notify("connection");
}

/**
 * The session is over, or somebody has signed in again.
 *
 * @param {boolean} isSignedOut
 */
export function setSignedOut(isSignedOut) {
  if (connection.isSignedOut === isSignedOut) return;
  Object.assign(connection, { isSignedOut, isLive: connection.isLive && !isSignedOut });
  notify("connection");
}

/**
 * The figures of an empty board.
 *
 * @returns {Api.BoardFigures}
 */
export function nothing() {
  return {
    visits: 0,
    done: 0,
    not_done: 0,
    under_way: 0,
    late: 0,
    shift_seconds: 0,
    working_seconds: 0,
    service_seconds: 0,
    travel_seconds: 0,
    overtime_seconds: 0,
    distance_metres: 0,
  };
}

/** Begin and end of what the board shows: local days of the company. */
export function shownSpan() {
  return { from: startOfDay(board.day), to: startOfDay(dayAfter(board.day, board.days)) };
}

/**
 * The day of those shown on which a job that waits can be attended: that of its first window, if it is one.
 *
 * @param {OnBoard.Job} job
 */
export function dayToAttend(job) {
  const { from, to } = shownSpan();
  const window = job.windows.find((one) => one.ends_at > from && one.starts_at < to);
  if (window) return isoDay(Math.max(window.starts_at, from));
  const today = isoDay(Date.now());
  return isShown(today) ? today : board.day;
}

/**
 * The local day of the shift on whose route the job is; null if it is on none of those shown.
 *
 * @param {string} jobId
 */
export function plannedDay(jobId) {
  const placed = board.placed.get(jobId);
  return placed ? isoDay(placed.route.shift_starts_at) : null;
}

/**
 * Whether the local day is one of those shown.
 *
 * @param {Api.Day} iso
 */
export const isShown = (iso) => board.day <= iso && iso < dayAfter(board.day, board.days);

/**
 * The local day so many days later, like `2026-11-24`.
 *
 * @param {Api.Day} iso
 * @param {number} days
 */
export function dayAfter(iso, days) {
  return new Date(Date.parse(`${iso}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

/**
 * Whether plans may still move the job.
 *
 * @param {OnBoard.Job} job
 */
export const isPlannable = (job) => ["open", "scheduled", "dispatched"].includes(job.status);

/**
 * Whether a visit is so near that it stays where it is, though nobody has set out for it yet.
 *
 * @param {string} jobId
 */
export function isFrozen(jobId) {
  const stop = board.placed.get(jobId)?.stop;
  const job = board.jobs.get(jobId);
  return Boolean(stop && job && isPlannable(job) && stop.start_at <= Date.now() + board.freezeMinutes * 60_000);
}

/**
 * Whether a stop will not be kept as promised, or was not.
 *
 * @param {OnBoard.Stop} stop
 */
export const isLate = (stop) => stop.will_miss.length > 0;
