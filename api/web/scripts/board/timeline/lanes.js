/** A technician's day in force and in a draft, one above the other on the same hours. */

import { element, svg } from "../../dom.js";
import { isoDay, time } from "../../format.js";
import { text } from "../../texts.js";

/**
 * A visit or break as it is drawn here.
 *
 * @typedef {{ id?: string, title: string, kind: string, from: OnBoard.Moment, to: OnBoard.Moment }} Visit
 */

const HOUR = 3_600_000;
const [WIDTH, HEIGHT] = [1000, 20];

/**
 * `one` is the changed technician, `changes` the draft's, `inForce` a board of its days, `drafted` the
 * draft's routes, as far as they would still be put in force like that.
 *
 * @param {Api.ChangedTechnician} one
 * @param {Api.DraftChanges} changes
 * @param {Api.Board} inForce
 * @param {Api.PlannedRoute[]} drafted
 * @param {Api.Day} iso
 */
export function lanes(one, changes, inForce, drafted, iso) {
  const before = visitsInForce(one.technician_id, inForce, iso);
  const mine = changes.jobs.filter((job) => one.job_ids.includes(job.job_id));
  const leaving = new Map(mine.filter((job) => job.old?.technician_id === one.technician_id).map((job) => [job.job_id, job]));
  const isComing = (/** @type {Api.Assignment | null} */ place) =>
    place?.technician_id === one.technician_id && isoDay(place.start_at) === iso;
  const isStaying = (/** @type {string} */ id) => leaving.get(id)?.new?.technician_id === one.technician_id;
  const old = before.map((visit) => ({ ...visit, kind: !leaving.has(visit.id) ? "kept" : isStaying(visit.id) ? "moved" : "gone" }));
  const kept = old.filter((visit) => visit.kind === "kept");
  const made = mine.flatMap((job) => {
    if (!job.new || !isComing(job.new)) return [];
    const from = Date.parse(job.new.start_at);
    return {
      id: job.job_id,
      title: job.title,
      from,
      to: from + durationOf(job.job_id, inForce) * 60_000,
      kind: job.old?.technician_id === one.technician_id ? "moved" : "new",
    };
  });
  const next = [...kept, ...made].sort((first, second) => first.from - second.from);
  const breaks = { old: breaksOf(inForce.routes, one.technician_id, iso), next: breaksOf(drafted, one.technician_id, iso) };
  const span = spanOf([...old, ...next, ...breaks.old, ...breaks.next], one.technician_id, inForce, iso);
  return element(
    "div",
    { class: "lanes" },
    lane(text("draft.in_force"), inOrder(old, breaks.old), span),
    lane(text("draft.draft"), inOrder(next, breaks.next), span),
    element(
      "div",
      { class: "lane-hours", "aria-hidden": "true" },
      hours(span).map(({ moment, left }) => element("span", { style: { left: `${left}%` } }, time(moment))),
    ),
  );
}

/**
 * @param {string} name
 * @param {Visit[]} visits
 * @param {OnBoard.Span} span
 */
function lane(name, visits, span) {
  const x = (/** @type {OnBoard.Moment} */ moment) => ((moment - span.from) / (span.to - span.from)) * WIDTH;
  const said =
    visits
      .map(
        (visit) =>
          `${time(visit.from)} ${visit.title}${["kept", "break"].includes(visit.kind) ? "" : ` (${text(`draft.key_${visit.kind}`)})`}`,
      )
      .join("; ") || text("draft.nothing");
  return element(
    "div",
    { class: "lane" },
    element("span", { class: "lane-name soft", "aria-hidden": "true" }, name),
    svg(
      "svg",
      { role: "img", "aria-label": `${name}: ${said}`, viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none" },
      hours(span).map(({ moment }) => svg("line", { class: "grid-line", x1: x(moment), x2: x(moment), y1: 0, y2: HEIGHT })),
      visits.map((visit) =>
        svg(
          "rect",
          {
            class: `lane-visit ${visit.kind}`,
            x: x(visit.from),
            y: 2,
            width: Math.max(4, x(visit.to) - x(visit.from)),
            height: HEIGHT - 4,
          },
          svg("title", {}, `${time(visit.from)}–${time(visit.to)} ${visit.title}`),
        ),
      ),
    ),
  );
}

/**
 * @param {string} technicianId
 * @param {Api.Board} inForce
 * @param {Api.Day} iso
 */
function visitsInForce(technicianId, inForce, iso) {
  return inForce.routes
    .filter((route) => route.technician_id === technicianId)
    .flatMap((route) => route.stops)
    .flatMap((stop) => (stop.job_id && isoDay(stop.start_at) === iso ? [{ ...stop, job_id: stop.job_id }] : []))
    .map((stop) => ({
      id: stop.job_id,
      title: inForce.jobs[stop.job_id]?.title ?? stop.job_id,
      from: Date.parse(stop.start_at),
      to: Date.parse(stop.departure_at),
    }));
}

/**
 * @param {{ technician_id: string, stops: { kind: string, start_at: Api.Moment, departure_at: Api.Moment }[] }[]} routes
 * @param {string} technicianId
 * @param {Api.Day} iso
 */
function breaksOf(routes, technicianId, iso) {
  return routes
    .filter((route) => route.technician_id === technicianId)
    .flatMap((route) => route.stops)
    .filter((stop) => stop.kind === "break" && isoDay(stop.start_at) === iso)
    .map((stop) => ({ title: text("kind.break"), kind: "break", from: Date.parse(stop.start_at), to: Date.parse(stop.departure_at) }));
}

/**
 * @param {Visit[]} visits
 * @param {Visit[]} breaks
 */
const inOrder = (visits, breaks) => [...visits, ...breaks].sort((one, other) => one.from - other.from);

/**
 * @param {string} jobId
 * @param {Api.Board} inForce
 */
const durationOf = (jobId, inForce) => inForce.jobs[jobId]?.duration_minutes ?? 60;

/**
 * Whole hours around the shift and everything in it.
 *
 * @param {Visit[]} visits
 * @param {string} technicianId
 * @param {Api.Board} inForce
 * @param {Api.Day} iso
 */
function spanOf(visits, technicianId, inForce, iso) {
  const shifts = inForce.shifts.filter((shift) => shift.technician_id === technicianId && isoDay(shift.starts_at) === iso);
  const from = Math.min(...visits.map((visit) => visit.from), ...shifts.map((shift) => Date.parse(shift.starts_at)));
  const to = Math.max(...visits.map((visit) => visit.to), ...shifts.map((shift) => Date.parse(shift.ends_at)));
  if (!Number.isFinite(from)) return { from: 0, to: HOUR };
  return { from: Math.floor(from / HOUR) * HOUR, to: Math.ceil(to / HOUR) * HOUR };
}

/** @param {OnBoard.Span} span */
function hours({ from, to }) {
  const step = (to - from) / HOUR > 8 ? 2 * HOUR : HOUR;
  const found = [];
  for (let moment = from; moment <= to; moment += step) found.push({ moment, left: ((moment - from) / (to - from)) * 100 });
  return to - from <= HOUR ? [] : found;
}
