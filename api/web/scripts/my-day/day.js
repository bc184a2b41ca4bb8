/** What follows from a technician's day: what comes next, what is over, what has changed. */

/** @type {unknown[]} */
const OVER = ["completed", "cannot_complete"];
/** A visit that moves by no more is nobody's news. */
const TOLERANCE = 2 * 60_000;
/** @param {Api.RouteStop} stop */
export const isOver = (stop) => OVER.includes(stop.status);
/** @param {Api.RouteStop} stop */
export const hasBegun = (stop) => isOver(stop) || stop.status === "en_route" || stop.status === "on_site";

/**
 * The day with what was reported on this phone, whether or not the service knows it yet.
 *
 * @param {Api.DailyRoute} day
 * @param {OnPhone.Row<"reports">[]} reports
 * @returns {Api.DailyRoute}
 */
export function withReports(day, reports) {
  const own = reports.filter((row) => row.what !== "transfer");
  const shown = own.filter((row) => row.state !== "refused").map((row) => row.body);
  if (!shown.length) return day;
  const route = (/** @type {Api.ShiftRoute} */ found) => ({ ...found, stops: found.stops.map((stop) => reported(stop, shown)) });
  return { ...day, routes: day.routes.map(route) };
}

/**
 * As the service works it out: the first report that ends a job counts, and none after it.
 *
 * @param {Api.RouteStop} stop
 * @param {Api.NewReport[]} reports
 * @returns {Api.RouteStop}
 */
function reported(stop, reports) {
  const own = reports.filter((report) => stop.job_id !== null && report.job_id === stop.job_id);
  if (!own.length || isOver(stop)) return stop;
  own.sort((one, other) => Date.parse(one.at) - Date.parse(other.at));
  const end = own.find((report) => OVER.includes(report.kind));
  /**
   * @param {Api.ReportKind} kind
   * @param {Api.Moment | null} known
   */
  const first = (kind, known) => known ?? own.find((report) => report.kind === kind)?.at ?? null;
  const result = { ...stop, en_route_at: first("en_route", stop.en_route_at), arrived_at: first("on_site", stop.arrived_at) };
  if (end) return { ...result, departed_at: end.at, status: end.kind };
  return { ...result, status: result.arrived_at ? "on_site" : "en_route" };
}

/**
 * A name for a stop that stays its own while the day changes.
 *
 * @param {Api.ShiftRoute} route
 * @param {Api.RouteStop} stop
 */
export function keyOf(route, stop) {
  if (stop.job_id) return stop.job_id;
  const alike = route.stops.filter((one) => one.kind === stop.kind && one.depot_id === stop.depot_id);
  return `${route.shift_starts_at}/${stop.kind}/${stop.depot_id ?? ""}/${alike.indexOf(stop)}`;
}

/**
 * All stops in order, `{route, stop, key, number, state}`; `state` is `over`, `now` (the one to
 * show large) or `later`. Of depot calls and breaks nothing is reported: they are over when ticked
 * or when a later visit has begun, and breaks when their time is.
 *
 * @param {Api.DailyRoute} day
 * @param {{ ticked?: Set<string>, at?: number }} [options]
 */
export function agenda(day, { ticked = new Set(), at = Date.now() } = {}) {
  /** @type {OnPhone.Item[]} */
  const items = [];
  let number = 0;
  for (const route of day.routes) {
    const lastBegun = route.stops.findLastIndex((stop) => stop.kind === "visit" && hasBegun(stop));
    route.stops.forEach((stop, position) => {
      const key = keyOf(route, stop);
      const isPast = stop.kind === "break" && Date.parse(stop.expected_departure_at) < at;
      const over = stop.kind === "visit" ? isOver(stop) : position < lastBegun || ticked.has(key) || isPast;
      items.push({ route, stop, key, number: stop.kind === "visit" ? ++number : null, state: over ? "over" : "later" });
    });
  }
  const underWay = items.filter(({ stop, state }) => state === "later" && stop.kind === "visit" && hasBegun(stop));
  underWay.sort((one, other) => begunAt(other.stop) - begunAt(one.stop));
  const next = underWay[0] ?? items.find(({ stop, state }) => state === "later" && stop.kind !== "break");
  if (next) next.state = "now";
  return items;
}

/** @param {Api.RouteStop} stop */
const begunAt = (stop) => Date.parse(stop.arrived_at ?? stop.en_route_at ?? stop.expected_start_at);

/**
 * What is different between the day that was last looked at and the day as it is:
 * `[{kind: "added" | "removed" | "moved" | "changed", stop, before}]`. Reports and what follows from
 * them are no changes; neither are moves of two minutes or less.
 *
 * @param {Api.DailyRoute} before
 * @param {Api.DailyRoute} after
 */
export function changes(before, after) {
  const [old, current] = [visits(before), visits(after)];
  /** @type {OnPhone.Change[]} */
  const found = [];
  for (const [id, stop] of current) {
    const earlier = old.get(id);
    if (!earlier) found.push({ kind: "added", stop });
    else if (Math.abs(Date.parse(stop.start_at) - Date.parse(earlier.start_at)) > TOLERANCE)
      found.push({ kind: "moved", stop, before: earlier });
    else if (details(stop) !== details(earlier)) found.push({ kind: "changed", stop, before: earlier });
  }
  for (const [id, stop] of old) {
    if (!current.has(id) && !isOver(stop)) found.push({ kind: "removed", stop });
  }
  return found.sort((one, other) => Date.parse(one.stop.start_at) - Date.parse(other.stop.start_at));
}

/** @param {Api.DailyRoute} day */
function visits(day) {
  const stops = day.routes.flatMap((route) => route.stops).filter((stop) => stop.kind === "visit");
  return new Map(stops.map((stop) => [stop.job_id, stop]));
}

/** @param {Api.RouteStop} stop */
function details({ title, name, address, phone, priority, parts, tools, tasks, windows, checklist = [], readings_wanted: wanted = [] }) {
  return JSON.stringify([title, name, address, phone, priority, parts, tools, tasks, windows, checklist, wanted]);
}

/**
 * What to fetch where: the van's load in the morning, then each depot call of a shift.
 *
 * @param {Api.ShiftRoute} route
 * @returns {OnPhone.Place[]}
 */
export function pickList(route) {
  /**
   * @param {"parts" | "tools"} kind
   * @param {string} id
   */
  const users = (kind, id) => route.stops.filter((stop) => stop.kind === "visit" && stop[kind].some((one) => one.id === id));
  /** @param {{ parts: Api.PartCount[], tools: Api.NamedTool[] }} things */
  const lines = ({ parts, tools }) => [
    ...parts.map((part) => ({ key: `${part.id}×${part.quantity}`, ...part, users: users("parts", part.id) })),
    ...tools.map((tool) => ({ key: tool.id, ...tool, users: users("tools", tool.id) })),
  ];
  const calls = route.stops.filter((stop) => stop.kind === "depot");
  return [
    { key: `${route.shift_starts_at}/van`, stop: null, lines: lines({ parts: route.load_parts, tools: route.load_tools }) },
    ...calls.map((stop) => ({ key: keyOf(route, stop), stop, lines: lines(stop) })),
  ];
}
