/** The page as it stands, drawn anew whenever something changes; what one was at stays so. */

import { byId, element, redraw } from "../dom.js";
import { isElsewhere, kilometres, day as shortDay, startOfDay, time } from "../format.js";
import { text } from "../texts.js";
import { lineActions, mainActions } from "./actions.js";
import { agenda, changes, isOver, withReports } from "./day.js";
import { icon } from "./icons.js";
import { loadView } from "./load.js";
import { changesView, clockView, refusedView, stateOf } from "./notices.js";
import { ahead } from "./service.js";
import { nextStop, stopLine } from "./stops.js";
import { ageOf, vanView } from "./van.js";

/**
 * Which lines are open; `past` is the fold of what is over.
 *
 * @type {Set<string>}
 */
const open = new Set();
let drawn = "";

/**
 * `state` is all that there is to show (see page.js), `deeds` what can be done: `report(kind, stop)`,
 * `tick(key, isTicked)`, `seen()`, `retry(number)`, `drop(number)`, `find(part)`.
 *
 * @param {OnPhone.State} state
 * @param {OnPhone.Deeds} deeds
 */
export function draw(state, deeds) {
  drawState(state);
  drawHead(state);
  // Asking again each minute must not take anything from under a finger.
  const content = JSON.stringify([
    state.kept?.day,
    state.kept?.seen,
    state.van?.content,
    state.reports,
    state.pictures,
    [...state.ticks],
    state.tab,
    state.iso,
    state.today,
    state.isReadOnly,
    state.van ? null : state.connection,
    state.refusal,
    state.histories,
    state.others,
  ]);
  if (content === drawn) return drawAge(state);
  drawn = content;
  const { body, actions } = contentOf(state, deeds);
  redraw(byId("main"), body);
  redraw(byId("actions"), actions);
}

/**
 * Of when the van is, which changes by the minute.
 *
 * @param {OnPhone.State} state
 */
function drawAge({ van }) {
  const age = document.getElementById("van-age");
  if (age && van) age.textContent = ageOf(van);
}

/** @param {OnPhone.State} state */
function drawState(state) {
  const waiting = state.reports.filter((row) => row.state === "waiting").length;
  const { tone, words, signIn } = stateOf({
    connection: state.connection,
    waiting,
    isBusy: state.isBusy,
    goesByItself: state.goesByItself,
    lastSentAt: state.lastSentAt,
    readAt: state.kept?.read_at,
  });
  byId("state").className = `state ${tone}`;
  if (byId("state-words").textContent !== words) byId("state-words").textContent = words;
  byId("state-link").hidden = !signIn;
}

/** @param {OnPhone.State} state */
function drawHead(state) {
  const begins = startOfDay(state.iso);
  const away = Math.round((begins - startOfDay(state.today)) / 86_400_000);
  const near = away === -1 ? "yesterday" : away === 0 ? "today" : away === 1 ? "tomorrow" : null;
  byId("day-note").textContent = [near ? text(`day.${near}`) : null, state.isReadOnly ? state.kept?.day.technician : null]
    .filter(Boolean)
    .join(" · ");
  byId("day-name").textContent = shortDay(begins);
  document.title = `${near ? text(`day.${near}`) : shortDay(begins)} – ${text("page.title")}`;
  for (const tab of ["stops", "load", "van"]) byId(`tab-${tab}`).setAttribute("aria-pressed", String(state.tab === tab));
}

/**
 * What stands on the page, and the buttons at its foot.
 *
 * @typedef {{ body: (HTMLElement | null)[], actions: (HTMLElement | null)[] }} Content
 */

/**
 * @param {OnPhone.State} state
 * @param {OnPhone.Deeds} deeds
 * @returns {Content}
 */
function contentOf(state, deeds) {
  if (state.refusal) return { body: [element("p", { class: "card empty" }, state.refusal)], actions: [] };
  if (!state.kept)
    return {
      body: [element("p", { class: "card empty", role: "status" }, text(state.connection === "away" ? "day.unknown" : "day.loading"))],
      actions: [],
    };
  const day = withReports(state.kept.day, state.reports);
  const notices = [
    state.isReadOnly ? element("p", { class: "card notice" }, text("page.read_only", { name: day.technician })) : null,
    state.isReadOnly ? null : clockView(ahead),
    state.others ? element("p", { class: "card notice" }, text("state.others_waiting", { count: state.others })) : null,
    refusedView(state.reports, { onRetry: deeds.retry, onDrop: deeds.drop }),
    state.iso < state.today ? null : changesView(changes(state.kept.seen, state.kept.day), deeds.seen),
    isElsewhere() ? element("p", { class: "soft zone" }, text("day.zone", { zone: day.time_zone })) : null,
  ];
  if (state.tab === "van") return { body: [...notices, vanView(state, deeds)], actions: [] };
  if (state.tab === "load")
    return { body: [...notices, loadView(day, { ticks: state.ticks, onTick: deeds.tick, isReadOnly: state.isReadOnly })], actions: [] };
  const canReport = !state.isReadOnly && state.iso <= state.today;
  return stopsOf(day, { ...state, canReport, notices }, deeds);
}

/**
 * @param {Api.DailyRoute} day
 * @param {OnPhone.State & { notices: (HTMLElement | null)[], canReport: boolean }} state
 * @param {OnPhone.Deeds} deeds
 * @returns {Content}
 */
function stopsOf(day, { notices, canReport, ticks, iso, today }, deeds) {
  const items = agenda(day, { ticked: ticks });
  const visits = items.filter((item) => item.number !== null);
  if (!items.length)
    return { body: [...notices, element("div", { class: "card empty" }, icon("break"), element("p", {}, text("day.free")))], actions: [] };
  const current = iso === today ? items.find((item) => item.state === "now") : undefined;
  const past = iso === today ? items.filter((item) => item.state === "over") : [];
  const rest = items.filter((item) => item !== current && !past.includes(item));
  const line = (/** @type {OnPhone.Item} */ item) =>
    stopLine(item, { isOpen: open.has(item.key), onToggle: toggled, actions: canReport ? lineActions(item, deeds) : null });
  const body = [
    ...notices,
    summary(day, visits, current),
    current ? breakBefore(items, current) : null,
    current ? nextStop(current, { count: visits.length }) : null,
    rest.length
      ? element(
          "section",
          { "aria-labelledby": "rest-title" },
          element("h2", { id: "rest-title", class: "list-title" }, text(current ? "list.then" : "list.all")),
          shifts(day, rest, line),
        )
      : null,
    past.length
      ? element(
          "details",
          { class: "past", open: open.has("past"), ontoggle: ({ currentTarget }) => toggled("past", currentTarget.open) },
          element(
            "summary",
            { dataset: { focusKey: "past" } },
            element("h2", {}, text("list.over", { total: past.length })),
            icon("forth"),
          ),
          element("ol", { class: "lines" }, past.map(line)),
        )
      : null,
  ];
  return { body, actions: current && canReport ? mainActions(current, deeds) : [] };
}

/**
 * @param {string} key
 * @param {boolean} isOpen
 */
function toggled(key, isOpen) {
  if (isOpen) open.add(key);
  else open.delete(key);
}

/**
 * @param {Api.DailyRoute} day
 * @param {OnPhone.Item[]} visits
 * @param {OnPhone.Item | undefined} current
 */
function summary(day, visits, current) {
  const routes = day.routes.filter((route) => route.stops.length);
  const [first, last] = [routes[0], routes.at(-1)];
  const words = [
    text("day.visits", { count: visits.length }),
    first ? text("day.leaves", { time: time(first.leaves_at) }) : "",
    last ? text("day.returns", { time: time(last.returns_at) }) : "",
    kilometres(routes.reduce((sum, route) => sum + route.distance_metres, 0)),
  ];
  const isDone = !current && visits.length > 0 && visits.every(({ stop }) => isOver(stop));
  if (isDone)
    return element(
      "div",
      { class: "card finished" },
      icon("check"),
      element("h2", {}, text("day.finished")),
      element("p", {}, text("day.finished_note", { count: visits.length })),
    );
  return element("p", { class: "summary soft numbers" }, words.join(" · "));
}

/**
 * A break that comes before the next stop; nobody reports breaks, so it is only said.
 *
 * @param {OnPhone.Item[]} items
 * @param {OnPhone.Item} current
 */
function breakBefore(items, current) {
  const before = items[items.indexOf(current) - 1];
  if (before?.stop.kind !== "break" || before.state === "over") return null;
  return element(
    "p",
    { class: "card pause" },
    icon("break"),
    text("break.before", { from: time(before.stop.expected_start_at), to: time(before.stop.expected_departure_at) }),
  );
}

/**
 * Lines by shift, named where there are several.
 *
 * @param {Api.DailyRoute} day
 * @param {OnPhone.Item[]} items
 * @param {(item: OnPhone.Item) => HTMLElement} line
 */
function shifts(day, items, line) {
  const routes = day.routes.filter((route) => items.some((item) => item.route.shift_starts_at === route.shift_starts_at));
  const isSplit = day.routes.filter((route) => route.stops.length).length > 1;
  return routes.map((route) => {
    const own = items.filter((item) => item.route.shift_starts_at === route.shift_starts_at);
    const title = isSplit
      ? element(
          "h3",
          { class: "shift-title" },
          text("shift.title", { number: day.routes.indexOf(route) + 1, from: time(route.shift_starts_at), to: time(route.shift_ends_at) }),
        )
      : null;
    return element("div", {}, title, element("ol", { class: "lines" }, own.map(line)));
  });
}

/**
 * For the chooser of technicians and other things that are no day.
 *
 * @param {...Node} nodes
 */
export function drawPlain(...nodes) {
  byId("main").replaceChildren(...nodes);
  byId("actions").replaceChildren();
}
