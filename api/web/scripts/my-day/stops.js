/** Stops as the technician sees them: the next one large, the others as lines to open. */

import { element } from "../dom.js";
import { span, time } from "../format.js";
import { text } from "../texts.js";
import { hasBegun, isOver } from "./day.js";
import { icon } from "./icons.js";
import { mapAddress, phoneAddress } from "./places.js";
import { detailsView } from "./stop-details.js";

const MINUTE = 60_000;

/**
 * What to do there; depot calls and breaks have no words of their own.
 *
 * @param {Api.RouteStop} stop
 */
export const titleOf = (stop) => (stop.kind === "visit" ? stop.title : text(`kind.${stop.kind}`));

/**
 * The next stop, with all that is known of it.
 *
 * @param {OnPhone.Item} item
 * @param {{ count: number }} options
 */
export function nextStop(item, { count }) {
  const { stop, number: position } = item;
  const place = position === null ? text(`kind.${stop.kind}`) : text("next.position", { position, total: count });
  return element(
    "article",
    { class: `card next ${stop.status ?? stop.kind}`, "aria-labelledby": "next-title", dataset: { job: stop.job_id ?? "" } },
    element("p", { class: "eyebrow" }, element("span", {}, place), hasBegun(stop) ? statusBadge(stop) : null, priorityBadge(stop)),
    whenView(stop),
    element("h2", { id: "next-title" }, titleOf(stop)),
    whereView(stop),
    missesView(stop),
    detailsView(stop, { isOpen: true }),
  );
}

/**
 * Any other stop: a line, and all about it when it is opened.
 *
 * @param {OnPhone.Item} item
 * @param {{ isOpen: boolean, onToggle: (key: string, isOpen: boolean) => void, actions: HTMLElement | null }} options
 */
export function stopLine(item, { isOpen, onToggle, actions }) {
  const { stop, key } = item;
  const details = element(
    "details",
    {
      class: `card line ${stop.kind} ${isOver(stop) ? "over" : ""}`,
      open: isOpen,
      dataset: { key },
      ontoggle: ({ currentTarget }) => onToggle(key, currentTarget.open),
    },
    element(
      "summary",
      { dataset: { focusKey: `line ${key}` } },
      element("span", { class: "line-time numbers" }, time((isOver(stop) && stop.departed_at) || stop.expected_start_at)),
      element(
        "span",
        { class: "line-what" },
        element("span", { class: "line-title" }, titleOf(stop)),
        stop.name ? element("span", { class: "soft" }, stop.name) : null,
        isOver(stop) || hasBegun(stop) || isUrgent(stop) || stop.will_miss.length
          ? element(
              "span",
              { class: "badges" },
              isOver(stop) || hasBegun(stop) ? statusBadge(stop) : null,
              priorityBadge(stop),
              stop.will_miss.length ? lateBadge(stop) : null,
            )
          : null,
      ),
      icon("forth"),
    ),
    element(
      "div",
      { class: "line-more" },
      isOver(stop) ? null : whenView(stop),
      stop.kind === "break" ? null : whereView(stop),
      missesView(stop),
      detailsView(stop, { isOpen: false }),
      actions,
    ),
  );
  return element("li", {}, details);
}

/**
 * Which visits a customer cannot wait for.
 *
 * @param {Api.RouteStop} stop
 */
const isUrgent = (stop) => ["high", "urgent", "emergency"].includes(stop.priority ?? "");

/** @param {Api.RouteStop} stop */
function priorityBadge(stop) {
  if (!isUrgent(stop)) return null;
  return element("span", { class: `badge ${stop.priority === "high" ? "warn" : "bad"}` }, text(`priority.${stop.priority}`));
}

/** @type {Record<string, string>} */
const STATUS_CLASS = { completed: "good", cannot_complete: "bad", on_site: "good" };

/** @param {Api.RouteStop} stop */
function statusBadge(stop) {
  return element("span", { class: `badge ${STATUS_CLASS[stop.status ?? ""] ?? ""}` }, text(`status.${stop.status}`));
}

/** @param {Api.RouteStop} stop */
function lateBadge(stop) {
  return element("span", { class: "badge warn" }, text(`late.${stop.will_miss[0]}`));
}

/**
 * What the visit will not keep, in a sentence.
 *
 * @param {Api.RouteStop} stop
 */
function missesView(stop) {
  if (!stop.will_miss.length || isOver(stop)) return null;
  return element("p", { class: "warning" }, icon("alert"), text(`late.${stop.will_miss[0]}`));
}

/**
 * The time at which it should begin, as things stand; what was planned, where that differs.
 *
 * @param {Api.RouteStop} stop
 */
function whenView(stop) {
  const isLate = Math.abs(Date.parse(stop.expected_start_at) - Date.parse(stop.start_at)) >= 5 * MINUTE;
  const lasts = span((Date.parse(stop.departure_at) - Date.parse(stop.start_at)) / 1_000);
  const notes = [text("when.until", { time: time(stop.expected_departure_at), span: lasts })];
  if (isLate) notes.unshift(text("when.planned", { time: time(stop.start_at) }));
  if (Date.parse(stop.expected_start_at) - Date.parse(stop.expected_arrival_at) >= 5 * MINUTE)
    notes.push(text("when.arrival", { time: time(stop.expected_arrival_at) }));
  return element(
    "div",
    { class: "when" },
    element(
      "p",
      { class: "when-time numbers" },
      element("span", { class: "visually-hidden" }, text("when.expected")),
      time(stop.expected_start_at),
    ),
    element(
      "div",
      { class: "when-notes" },
      element("p", { class: "soft" }, notes.join(" · ")),
      windowsView(stop),
      stop.arrived_at && !isOver(stop) ? element("p", {}, text("when.arrived", { time: time(stop.arrived_at) })) : null,
    ),
  );
}

/** @param {Api.RouteStop} stop */
function windowsView(stop) {
  if (!stop.windows?.length) return null;
  const near = stop.windows.find((one) => Date.parse(one.ends_at) >= Date.parse(stop.start_at)) ?? stop.windows.at(-1);
  if (!near) return null;
  return element("p", { class: "promise" }, text("when.promised", { from: time(near.starts_at), to: time(near.ends_at) }));
}

/** @param {Api.RouteStop} stop */
function whereView(stop) {
  const map = mapAddress(stop);
  const isOutside = map?.startsWith("http");
  return element(
    "div",
    { class: "where" },
    stop.name ? element("p", { class: "where-name" }, stop.name) : null,
    stop.address ? element("p", { class: "soft" }, stop.address) : null,
    element(
      "div",
      { class: "reach" },
      map
        ? element(
            "a",
            { class: "button big", href: map, target: isOutside ? "_blank" : null, rel: isOutside ? "noreferrer" : null },
            icon("place"),
            text("where.map"),
            hidden(stop.name),
          )
        : null,
      stop.phone
        ? element(
            "a",
            { class: "button big calls", href: phoneAddress(stop.phone) },
            icon("phone"),
            element("span", { class: "call" }, text("where.call"), hidden(stop.name), element("small", { class: "numbers" }, stop.phone)),
          )
        : null,
    ),
  );
}

/**
 * Which one a button means, for who does not see where it is.
 *
 * @param {string | null} name
 */
const hidden = (name) => (name ? element("span", { class: "visually-hidden" }, ` – ${name} `) : null);
