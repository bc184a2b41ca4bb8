/** The day in figures and small charts, from what the board knows. */

import { element, isThere, redraw } from "../../dom.js";
import { day, isoDay, kilometres, number, percent, span, startOfDay, time } from "../../format.js";
import { text } from "../../texts.js";
import { colourName } from "../colours.js";
import { board, dayAfter, isLate, jobOf, select, subscribe } from "../state.js";
import { columnChart, shareBar, stepChart } from "./charts.js";
import { addPanel, isOpen } from "./panel.js";

/** @typedef {OnBoard.Stop & { job_id: string }} Visit */

/**
 * A picture, or what is said instead; `keys` are what its colours mean.
 *
 * @typedef {{ picture?: SVGElement, keys?: [string, string][], said?: string }} Chart
 */

const HOUR = 3_600_000;
const FIRST = 12;

/** @type {import("./panel.js").Panel} */
let panel;
let areAllShown = false;

export function mountFigures() {
  panel = addPanel("figures", { shown: draw });
  subscribe("board", () => isOpen("figures") && draw());
}

function draw() {
  if (!board.day) return;
  redraw(panel.body, [tiles(), chart("figures.over_time", overTime()), chart("figures.late_by_hour", lateChart()), utilisation()]);
}

/**
 * @param {number} part
 * @param {number} whole
 */
const share = (part, whole) => (whole ? part / whole : 0);

function tiles() {
  const f = board.figures;
  /**
   * @param {string} key
   * @param {string} value
   * @param {string | null} [note]
   * @param {string} [kind]
   */
  const tile = (key, value, note = null, kind = "") =>
    element(
      "div",
      { class: `tile ${kind}` },
      element("dt", {}, text(`figures.${key}`)),
      element("dd", { class: "numbers" }, value, note ? element("span", { class: "soft block" }, note) : null),
    );
  return element(
    "dl",
    { class: "tiles" },
    tile("done", number(f.done), text("figures.of_visits", { count: f.visits, number: number(f.visits) })),
    tile("under_way", number(f.under_way)),
    tile("late", number(f.late), null, f.late ? "bad" : ""),
    tile("unassigned", number(f.unassigned), null, f.unassigned ? "warn" : ""),
    f.not_done ? tile("not_done", number(f.not_done), null, "warn") : null,
    tile(
      "utilisation",
      percent(share(f.working_seconds, f.shift_seconds)),
      text("figures.of_shift", { worked: span(f.working_seconds), shift: span(f.shift_seconds) }),
    ),
    tile("travel", percent(share(f.travel_seconds, f.working_seconds)), span(f.travel_seconds)),
    tile("per_job", kilometres(share(f.distance_metres, f.visits)), text("figures.distance", { distance: kilometres(f.distance_metres) })),
    tile("overtime", span(f.overtime_seconds), null, f.overtime_seconds >= 1800 ? "warn" : ""),
  );
}

/**
 * A chart with its heading, and what its colours mean.
 *
 * @param {string} title
 * @param {Chart} content
 */
function chart(title, { picture, keys, said }) {
  return element(
    "figure",
    { class: "figure" },
    element(
      "figcaption",
      {},
      element("h3", {}, text(title)),
      keys
        ? element(
            "ul",
            { class: "keys" },
            keys.map(([kind, name]) => element("li", {}, element("span", { class: `key ${kind}` }), name)),
          )
        : null,
    ),
    picture ?? element("p", { class: "soft" }, said),
  );
}

/** @returns {Visit[]} */
const visits = () =>
  [...board.routes.values()]
    .flat()
    .flatMap((route) => route.stops)
    .flatMap((stop) => (stop.job_id ? [{ ...stop, job_id: stop.job_id }] : []));

/**
 * On one day, how many are done by when, as planned, expected and reported; else day by day.
 *
 * @returns {Chart}
 */
function overTime() {
  const stops = visits();
  const isDone = (/** @type {Visit} */ stop) => board.jobs.get(stop.job_id)?.status === "completed";
  if (board.days > 1) return dayByDay(stops, isDone);
  const planned = stops.map((stop) => stop.departure_at);
  const expected = stops.map((stop) => stop.expected_departure_at);
  const reported = stops
    .filter(isDone)
    .map((stop) => jobOf(stop.job_id).departed_at)
    .filter(isThere);
  if (!stops.length) return { said: text("figures.nothing") };
  const now = Date.now();
  const from = Math.floor(Math.min(...stops.map((stop) => stop.start_at), ...reported) / HOUR) * HOUR;
  const to = Math.ceil(Math.max(...planned, ...expected) / HOUR) * HOUR;
  const step = (to - from) / HOUR > 8 ? 2 : 1;
  const ticks = [];
  for (let moment = from + HOUR; moment < to; moment += step * HOUR) ticks.push({ moment, label: time(moment) });
  const by = (/** @type {OnBoard.Moment[]} */ moments) => moments.filter((moment) => moment <= now).length;
  const label = text("figures.over_time_said", { done: reported.length, planned: by(planned), all: stops.length, time: time(now) });
  return {
    picture: stepChart({
      lines: [
        { moments: planned, kind: "planned" },
        { moments: expected, kind: "expected" },
        { moments: reported, kind: "reported", until: Math.min(now, to) },
      ],
      span: { from, to },
      ticks,
      now,
      label,
    }),
    keys: [
      ["planned", text("figures.key_planned")],
      ["expected", text("figures.key_expected")],
      ["reported", text("figures.key_reported")],
    ],
  };
}

/**
 * @param {Visit[]} stops
 * @param {(stop: Visit) => boolean} isDone
 * @returns {Chart}
 */
function dayByDay(stops, isDone) {
  const days = [...Array(board.days).keys()].map((step) => dayAfter(board.day, step));
  const groups = days.map((iso) => {
    const theirs = stops.filter((stop) => isoDay(stop.start_at) === iso);
    return { label: day(startOfDay(iso)).slice(0, 5), values: [theirs.length, theirs.filter(isDone).length, theirs.filter(isLate).length] };
  });
  return {
    picture: columnChart({
      groups,
      kinds: ["planned", "reported", "late"],
      label: groups.map(({ label, values: [all, done, late] }) => text("figures.day_said", { day: label, all, done, late })).join("; "),
    }),
    keys: [
      ["planned", text("figures.key_planned")],
      ["reported", text("figures.key_reported")],
      ["late", text("figures.late")],
    ],
  };
}

/**
 * How many visits of each hour are late, or will be.
 *
 * @returns {Chart}
 */
function lateChart() {
  const late = visits().filter(isLate);
  if (!late.length || board.days > 1)
    return { said: text(late.length ? "figures.late_said" : "figures.none_late", { count: late.length }) };
  const hourOf = (/** @type {OnBoard.Stop} */ stop) => Math.floor((stop.expected_start_at ?? stop.start_at) / HOUR) * HOUR;
  const all = visits().map(hourOf);
  const groups = [];
  for (let hour = Math.min(...all); hour <= Math.max(...all); hour += HOUR) {
    groups.push({ label: time(hour).slice(0, 2), values: [late.filter((stop) => hourOf(stop) === hour).length] });
  }
  const label = groups
    .filter(({ values }) => values[0])
    .map(({ label: hour, values }) => text("figures.hour_said", { hour, count: values[0] }))
    .join("; ");
  return { picture: columnChart({ groups, kinds: ["late"], label, height: 90 }) };
}

/** How each technician's shift is used: at customers, on the way, waiting. */
function utilisation() {
  const people = [...board.technicians.values()]
    .map((technician) => {
      const routes = board.routes.get(technician.id) ?? [];
      const sum = (/** @type {keyof Api.BoardFigures} */ name) => routes.reduce((total, route) => total + route.figures[name], 0);
      const shift = (board.shifts.get(technician.id) ?? []).reduce((total, one) => total + (one.ends_at - one.starts_at) / 1000, 0);
      const used = (/** @type {keyof Api.BoardFigures} */ name) => share(sum(name), shift);
      return { technician, shift, service: used("service_seconds"), travel: used("travel_seconds"), used: used("working_seconds") };
    })
    .filter((one) => one.shift)
    .sort((one, other) => other.used - one.used || one.technician.id.localeCompare(other.technician.id));
  const shown = areAllShown ? people : people.slice(0, FIRST);
  return element(
    "section",
    { class: "figure" },
    element(
      "div",
      { class: "section-head" },
      element("h3", {}, text("figures.by_technician")),
      element(
        "ul",
        { class: "keys" },
        ["service", "travel", "waiting"].map((kind) =>
          element("li", {}, element("span", { class: `key ${kind}` }), text(`figures.key_${kind}`)),
        ),
      ),
    ),
    element(
      "ol",
      { class: "bars" },
      shown.map(({ technician, service, travel, used }) =>
        element(
          "li",
          {},
          element(
            "button",
            {
              type: "button",
              class: "link",
              dataset: { focusKey: `bar-${technician.id}` },
              onclick: () => select({ technicianId: technician.id }),
            },
            element("span", { class: "swatch", style: { "--route": `var(${colourName(technician.id)})` } }),
            technician.name,
          ),
          shareBar([
            { share: service, kind: "service" },
            { share: travel, kind: "travel" },
            { share: Math.max(0, used - service - travel), kind: "waiting" },
          ]),
          element(
            "span",
            { class: "numbers" },
            percent(used),
            element(
              "span",
              { class: "visually-hidden" },
              ` ${text("figures.bar_said", { service: percent(service), travel: percent(travel) })}`,
            ),
          ),
        ),
      ),
    ),
    people.length > FIRST
      ? element(
          "button",
          {
            type: "button",
            class: "quiet small",
            "aria-expanded": String(areAllShown),
            dataset: { focusKey: "bars-all" },
            onclick: () => {
              areAllShown = !areAllShown;
              draw();
            },
          },
          text(areAllShown ? "figures.fewer" : "figures.all", { count: people.length }),
        )
      : null,
  );
}
