/**
 * What one technician's row shows, in the order of time: the stops, with names for readers of any
 * kind, the ways between them, and what really happened.
 */

import { day, span, time } from "../format.js";
import { text } from "../texts.js";
import { board, isLate, shownSpan } from "./state.js";

/** Differences from the plan of less than this are not worth a look. */
const NOTABLE_MILLISECONDS = 120_000;
let kept = new WeakMap();
let days = new Map();

/** The stops of a route that can be pointed at: visits, depot calls, breaks. */
export function stopsOf(technicianId) {
  return (board.routes.get(technicianId) ?? []).flatMap((route) => itemsOf(route, technicianId).stops);
}

/** The ways between the stops, which are only drawn. */
export function waysOf(technicianId) {
  return (board.routes.get(technicianId) ?? []).flatMap((route) => itemsOf(route, technicianId).ways);
}

/** What was reported, or is expected where that differs from the plan; only drawn, too. */
export function actualsOf(technicianId, now) {
  return (board.routes.get(technicianId) ?? []).flatMap((route) => route.stops.map((stop) => actualOf(stop, now)).filter(Boolean));
}

/** Forget what was worked out: names depend on jobs, which may change while routes do not. */
export function forgetItems() {
  kept = new WeakMap();
  days = new Map();
}

function itemsOf(route, technicianId) {
  if (!kept.has(route)) kept.set(route, described(route, technicianId));
  return kept.get(route);
}

function described(route, technicianId) {
  const stops = [];
  const ways = [];
  let left = route.start_at;
  route.stops.forEach((stop, index) => {
    if (stop.kind !== "break" && stop.arrival_at > left) {
      ways.push({ key: `way:${route.start_at}:${index}`, from: left, to: stop.arrival_at });
    }
    left = stop.departure_at;
    stops.push(stopItem(stop, route, technicianId, index));
  });
  if (route.end_at > left) ways.push({ key: `way:${route.start_at}:end`, from: left, to: route.end_at });
  return { stops, ways };
}

function stopItem(stop, route, technicianId, index) {
  const common = { technicianId, route, stop, from: stop.start_at, to: stop.departure_at, kind: stop.kind };
  const times = `${time(stop.start_at)}–${time(stop.departure_at)}`;
  if (stop.job_id) {
    const job = board.jobs.get(stop.job_id);
    const late = isLate(stop);
    const label = [
      text("visit.label", { id: job.id, title: job.title, site: job.site }),
      times,
      text(`status.${job.status}`),
      late ? text("visit.late") : null,
      job.pinned_technician_id ? text("visit.pinned") : null,
      job.told_at ? text("visit.told") : null,
      ["urgent", "emergency", "high"].includes(job.priority) ? text(`priority.${job.priority}`) : null,
    ];
    return { ...common, key: `job:${job.id}`, job, late, label: label.filter(Boolean).join(", ") };
  }
  const key = `${stop.kind}:${route.start_at}:${index}`;
  if (stop.kind === "break") return { ...common, key, label: text("stop.break", { times }) };
  const depot = board.depots.get(stop.depot_id)?.name ?? stop.depot_id;
  return { ...common, key, depot, label: text("stop.depot", { depot, times }) };
}

function actualOf(stop, now) {
  const job = stop.job_id ? board.jobs.get(stop.job_id) : null;
  if (job?.arrived_at) {
    const to = job.departed_at ?? Math.max(now, job.arrived_at);
    return { key: `actual:${job.id}`, from: job.arrived_at, to, expectedTo: job.departed_at ? null : stop.expected_departure_at, kind: "actual", late: isLate(stop) };
  }
  const { expected_start_at: from, expected_departure_at: to } = stop;
  if (!from || Math.abs(from - stop.start_at) < NOTABLE_MILLISECONDS) return null;
  return { key: `expected:${stop.job_id ?? `${stop.kind}${stop.start_at}`}`, from, to, kind: "expected", late: isLate(stop) };
}

/** A technician's day in a few words: how many visits, how much of the shift is used, what is late. */
export function dayOf(technicianId, shownDay = null) {
  const key = `${technicianId} ${shownDay?.iso}`;
  if (!days.has(key)) days.set(key, summedUp(technicianId, shownDay));
  return days.get(key);
}

function summedUp(technicianId, shownDay) {
  const within = (moment) => shownDay === null || (shownDay.starts <= moment && moment < shownDay.starts + 86_400_000);
  const stops = stopsOf(technicianId).filter((item) => within(item.from));
  const visits = stops.filter((item) => item.job);
  const shifts = (board.shifts.get(technicianId) ?? []).filter((shift) => within(shift.starts_at));
  const routes = (board.routes.get(technicianId) ?? []).filter((route) => within(route.shift_starts_at));
  const sum = (list, length) => list.reduce((total, one) => total + length(one), 0);
  const available = sum(shifts, (shift) => shift.ends_at - shift.starts_at);
  const used = sum(routes, (route) => route.end_at - route.start_at);
  return { visits: visits.length, late: visits.filter((item) => item.late).length, used: available ? used / available : 0, available };
}

/** What the row's header says to those who do not see the row. */
export function rowLabel(technician) {
  const { visits, late, used } = dayOf(technician.id);
  const absences = (board.absences.get(technician.id) ?? []).map(absenceLabel);
  const parts = [technician.name, text("row.visits", { count: visits }), text("row.used", { share: Math.round(used * 100) })];
  if (late) parts.push(text("row.late", { count: late }));
  return [...parts, ...absences].join(", ");
}

function absenceLabel(absence) {
  const { from, to } = shownSpan();
  if (absence.starts_at <= from && absence.ends_at >= to) return text("row.absent_all");
  const name = (moment) => `${day(moment)} ${time(moment)}`;
  return text("row.absent", { from: name(absence.starts_at), to: name(absence.ends_at) });
}

/** What the pointer is told of a stop. */
export function hintOf({ job, stop, label }) {
  if (!job) return label;
  const way = text("way.label", { span: span((stop.arrival_at - wayBegins(stop)) / 1000) });
  return [`${job.id} · ${job.title}`, job.site, `${time(stop.start_at)}–${time(stop.departure_at)} · ${text(`status.${job.status}`)}`, way].join("\n");
}

function wayBegins(stop) {
  const { route } = board.placed.get(stop.job_id);
  return route.stops[route.stops.indexOf(stop) - 1]?.departure_at ?? route.start_at;
}
