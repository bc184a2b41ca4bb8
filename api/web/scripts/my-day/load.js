/** What to take along and fetch on the way, ticked off on this phone, and good to print. */

import { element } from "../dom.js";
import { longDay, number, startOfDay, time } from "../format.js";
import { text } from "../texts.js";
import { pickList } from "./day.js";
import { icon } from "./icons.js";
import { keepValue, readValue } from "./store.js";

/**
 * @param {string} technicianId
 * @param {Api.Day} iso
 */
const keyOf = (technicianId, iso) => /** @type {const} */ (`ticks/${technicianId}/${iso}`);

/**
 * What was ticked off on a day; also depot calls that are done.
 *
 * @param {string} technicianId
 * @param {Api.Day} iso
 */
export async function ticksOf(technicianId, iso) {
  return new Set((await readValue(keyOf(technicianId, iso))) ?? []);
}

/**
 * @param {string} technicianId
 * @param {Api.Day} iso
 * @param {Set<string>} ticks
 */
export const keepTicks = (technicianId, iso, ticks) => keepValue(keyOf(technicianId, iso), [...ticks]);

/**
 * @typedef {{ ticks: Set<string>, onTick: (name: string, isTicked: boolean) => unknown, isReadOnly: boolean }} Ticking
 */

/**
 * @param {Api.DailyRoute} day
 * @param {Ticking} ticking
 */
export function loadView(day, { ticks, onTick, isReadOnly }) {
  const shifts = day.routes.filter((route) => route.stops.length);
  return element(
    "section",
    { class: "load", "aria-labelledby": "load-title" },
    element(
      "div",
      { class: "load-head" },
      element("h2", { id: "load-title" }, text("load.title")),
      element(
        "button",
        { class: "print-hidden", onclick: () => print(), dataset: { focusKey: "print" } },
        icon("print"),
        text("load.print"),
      ),
    ),
    element("p", { class: "print-only" }, `${day.technician} (${day.technician_id}) · ${longDay(startOfDay(day.day))}`),
    shifts.length
      ? shifts.flatMap((route, position) => shiftView(route, { position, count: shifts.length, ticks, onTick, isReadOnly }))
      : element("p", { class: "card empty" }, text("load.nothing")),
  );
}

/**
 * @param {Api.ShiftRoute} route
 * @param {Ticking & { position: number, count: number }} options
 */
function shiftView(route, { position, count, ...rest }) {
  const places = pickList(route).filter((place) => place.stop || place.lines.length);
  return [
    count > 1
      ? element(
          "h3",
          { class: "shift-title" },
          text("shift.title", { number: position + 1, from: time(route.shift_starts_at), to: time(route.shift_ends_at) }),
        )
      : null,
    places.length ? places.map((place) => placeView(route, place, rest)) : element("p", { class: "card empty" }, text("load.nothing")),
  ].flat();
}

/**
 * @param {Api.ShiftRoute} route
 * @param {OnPhone.Place} place
 * @param {Ticking} ticking
 */
function placeView(route, { key, stop, lines }, { ticks, onTick, isReadOnly }) {
  const left = lines.filter((line) => !ticks.has(`${key}/${line.key}`)).length;
  const title = stop
    ? text("load.at_depot", { time: time(stop.expected_arrival_at), name: stop.name })
    : text("load.van", { time: time(route.leaves_at) });
  return element(
    "fieldset",
    { class: "card pick" },
    element("legend", {}, icon(stop ? "depot" : "car"), title),
    stop?.address ? element("p", { class: "soft" }, stop.address) : null,
    element(
      "ul",
      {},
      lines.map((line) => {
        const name = `${key}/${line.key}`;
        const whom = line.users.map((user) => `${time(user.expected_start_at)} ${user.name}`).join("; ");
        return element(
          "li",
          {},
          element(
            "label",
            { class: "tick" },
            element("input", {
              type: "checkbox",
              checked: ticks.has(name),
              disabled: isReadOnly,
              dataset: { focusKey: `tick ${name}` },
              onchange: ({ currentTarget }) => onTick(name, currentTarget.checked),
            }),
            element(
              "span",
              { class: "tick-what" },
              element("span", {}, line.quantity ? element("strong", { class: "numbers" }, `${number(line.quantity)} × `) : null, line.name),
              whom ? element("small", {}, text("load.for", { visits: whom })) : null,
            ),
            line.quantity ? element("span", { class: "soft code" }, line.id) : null,
          ),
        );
      }),
    ),
    lines.length
      ? element(
          "p",
          { class: `pick-left print-hidden ${left ? "soft" : "good"}` },
          left ? text("load.left", { total: left }) : text("load.complete"),
        )
      : null,
  );
}
