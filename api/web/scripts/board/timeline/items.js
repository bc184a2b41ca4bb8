/**
 * What one technician's row shows, in the order of time: the stops, with names for readers of any
 * kind, the ways between them, and what really happened.
 */

import { isThere } from "../../dom.js";
import { day, span, time } from "../../format.js";
import { text } from "../../texts.js";
import { causeText } from "../causes.js";
import { board, isFrozen, isLate, jobOf, shownSpan } from "../state.js";

/** Differences from the plan of less than this are not worth a look. */
const NOTABLE_MILLISECONDS = 120_000;
/** @typedef {{ stops: OnBoard.StopItem[], ways: OnBoard.Item[] }} Described */
/** @typedef {{ visits: number, late: number, conflicts: number, used: number, available: number }} Summed */

/** @type {WeakMap<OnBoard.Route, Described>} */
let kept = new WeakMap();
/** @type {Map<string, Summed>} */
let days = new Map();

/**
 * The stops of a route that can be pointed at: visits, depot calls, breaks.
 *
 * @param {string} technicianId
 */
export function stopsOf(technicianId) {
  return (board.routes.get(technicianId) ?? []).flatMap((route) => itemsOf(route, technicianId).stops);
}

/**
 * The ways between the stops, which are only drawn.
 *
 * @param {string} technicianId
 */
export function waysOf(technicianId) {
  return (board.routes.get(technicianId) ?? []).flatMap((route) => itemsOf(route, technicianId).ways);
}

/**
 * What was reported, or is expected where that differs from the plan; only drawn, too.
 *
 * @param {string} technicianId
 * @param {OnBoard.Moment} now
 * @returns {OnBoard.Item[]}
 */
export function actualsOf(technicianId, now) {
  return (board.routes.get(technicianId) ?? []).flatMap((route) => route.stops.map((stop) => actualOf(stop, now)).filter(isThere));
}

/** Forget what was worked out: names depend on jobs, which may change while routes do not. */
export function forgetItems() {
  kept = new WeakMap();
  days = new Map();
}

/**
 * @param {OnBoard.Route} route
 * @param {string} technicianId
 */
function itemsOf(route, technicianId) {
  const known = kept.get(route) ?? described(route, technicianId);
  kept.set(route, known);
  return known;
}

/**
 * @param {OnBoard.Route} route
 * @param {string} technicianId
 * @returns {Described}
 */
function described(route, technicianId) {
  /** @type {OnBoard.StopItem[]} */
  const stops = [];
  /** @type {OnBoard.Item[]} */
  const ways = [];
  let left = route.start_at;
  route.stops.forEach((stop, index) => {
    if (stop.kind !== "break" && stop.arrival_at > left) {
      ways.push({ key: `way:${route.start_at}:${index}`, kind: "way", from: left, to: stop.arrival_at });
    }
    left = stop.departure_at;
    stops.push(stopItem(stop, route, technicianId, index));
  });
  if (route.end_at > left) ways.push({ key: `way:${route.start_at}:end`, kind: "way", from: left, to: route.end_at });
  return { stops, ways };
}

/**
 * @param {OnBoard.Stop} stop
 * @param {OnBoard.Route} route
 * @param {string} technicianId
 * @param {number} index
 * @returns {OnBoard.StopItem}
 */
function stopItem(stop, route, technicianId, index) {
  const common = { stop, from: stop.start_at, to: stop.departure_at, kind: stop.kind };
  const times = `${time(stop.start_at)}–${time(stop.departure_at)}`;
  if (stop.job_id) {
    const job = jobOf(stop.job_id);
    const late = isLate(stop);
    const frozen = isFrozen(job.id);
    const label = [
      text("visit.label", { id: job.id, title: job.title, site: job.site }),
      times,
      text(`status.${job.status}`),
      late ? text("visit.late") : null,
      stop.conflict ? text("visit.conflict", { cause: causeText(stop.conflict, technicianId) }) : null,
      job.pinned_technician_id ? text("visit.pinned") : null,
      frozen ? text("visit.frozen") : null,
      job.told_at ? text("visit.told") : null,
      ["urgent", "emergency", "high"].includes(job.priority) ? text(`priority.${job.priority}`) : null,
    ];
    return {
      ...common,
      key: `job:${job.id}`,
      job,
      late,
      frozen,
      conflict: Boolean(stop.conflict),
      label: label.filter(Boolean).join(", "),
    };
  }
  const key = `${stop.kind}:${route.start_at}:${index}`;
  if (stop.kind === "break") return { ...common, key, label: text("stop.break", { times }) };
  const depot = board.depots.get(stop.depot_id ?? "")?.name ?? stop.depot_id;
  return { ...common, key, label: text("stop.depot", { depot, times }) };
}

/**
 * @param {OnBoard.Stop} stop
 * @param {OnBoard.Moment} now
 * @returns {OnBoard.Item | null}
 */
function actualOf(stop, now) {
  const job = stop.job_id ? board.jobs.get(stop.job_id) : null;
  if (job?.arrived_at) {
    const to = job.departed_at ?? Math.max(now, job.arrived_at);
    return { key: `actual:${job.id}`, from: job.arrived_at, to, kind: "actual", late: isLate(stop) };
  }
  const { expected_start_at: from, expected_departure_at: to } = stop;
  if (!from || Math.abs(from - stop.start_at) < NOTABLE_MILLISECONDS) return null;
  return { key: `expected:${stop.job_id ?? `${stop.kind}${stop.start_at}`}`, from, to, kind: "expected", late: isLate(stop) };
}

/**
 * A technician's day in a few words: how many visits, how much of the shift is used, what is late.
 *
 * @param {string} technicianId
 * @param {OnBoard.ShownDay | null} [shownDay]
 */
export function dayOf(technicianId, shownDay = null) {
  const key = `${technicianId} ${shownDay?.iso}`;
  const known = days.get(key) ?? summedUp(technicianId, shownDay);
  days.set(key, known);
  return known;
}

/**
 * @param {string} technicianId
 * @param {OnBoard.ShownDay | null} shownDay
 * @returns {Summed}
 */
function summedUp(technicianId, shownDay) {
  const within = (/** @type {OnBoard.Moment} */ moment) => shownDay === null || (shownDay.starts <= moment && moment < shownDay.ends);
  const stops = stopsOf(technicianId).filter((item) => within(item.from));
  const visits = stops.filter((item) => item.job);
  const shifts = (board.shifts.get(technicianId) ?? []).filter((shift) => within(shift.starts_at));
  const routes = (board.routes.get(technicianId) ?? []).filter((route) => within(route.shift_starts_at));
  /**
   * @template Thing
   * @param {Thing[]} list
   * @param {(one: Thing) => number} length
   */
  const sum = (list, length) => list.reduce((total, one) => total + length(one), 0);
  const available = sum(shifts, (shift) => shift.ends_at - shift.starts_at);
  // Whoever cannot attend a visit is not at work for it.
  const idle = sum(routes, (route) => (route.stops.some((stop) => stop.job_id && !stop.conflict) ? 0 : route.end_at - route.start_at));
  const unattended = sum(visits, (item) => (item.conflict ? item.to - item.from : 0));
  const used = Math.max(0, sum(routes, (route) => route.end_at - route.start_at) - Math.max(idle, unattended));
  return {
    visits: visits.length,
    late: visits.filter((item) => item.late).length,
    conflicts: visits.filter((item) => item.conflict).length,
    used: available ? used / available : 0,
    available,
  };
}

/**
 * What the row's header says to those who do not see the row.
 *
 * @param {Api.BoardTechnician} technician
 */
export function rowLabel(technician) {
  const { visits, late, conflicts, used } = dayOf(technician.id);
  const absences = (board.absences.get(technician.id) ?? []).map(absenceLabel);
  const parts = [technician.name, text("row.visits", { count: visits }), text("row.used", { share: Math.round(used * 100) })];
  if (late) parts.push(text("row.late", { count: late }));
  if (conflicts) parts.push(text("row.conflicts", { count: conflicts }));
  return [...parts, ...absences].join(", ");
}

/** @param {OnBoard.Absence} absence */
function absenceLabel(absence) {
  const { from, to } = shownSpan();
  if (absence.starts_at <= from && absence.ends_at >= to) return text("row.absent_all");
  const name = (/** @type {OnBoard.Moment} */ moment) => `${day(moment)} ${time(moment)}`;
  return text("row.absent", { from: name(absence.starts_at), to: name(absence.ends_at) });
}

/**
 * What the pointer is told of a stop.
 *
 * @param {OnBoard.Item} item
 */
export function hintOf({ job, stop, label }) {
  if (!job || !stop) return label ?? "";
  const way = text("way.label", { span: span((stop.arrival_at - wayBegins(stop, job.id)) / 1000) });
  return [
    `${job.id} · ${job.title}`,
    job.site,
    `${time(stop.start_at)}–${time(stop.departure_at)} · ${text(`status.${job.status}`)}`,
    way,
  ].join("\n");
}

/**
 * @param {OnBoard.Stop} stop
 * @param {string} jobId
 */
function wayBegins(stop, jobId) {
  const route = board.placed.get(jobId)?.route;
  if (!route) return stop.arrival_at;
  return route.stops[route.stops.indexOf(stop) - 1]?.departure_at ?? route.start_at;
}
