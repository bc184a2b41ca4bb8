/** Stops as the technician sees them: the next one large, the others as lines to open. */

import { element } from "../dom.js";
import { number, span, time } from "../format.js";
import { text } from "../texts.js";
import { hasBegun, isOver } from "./day.js";
import { historyOf, historyView } from "./history.js";
import { icon } from "./icons.js";
import { mapAddress, phoneAddress } from "./places.js";

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
      { dataset: { focus: `line ${key}` } },
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

/**
 * @param {Api.RouteStop} stop
 * @param {{ isOpen: boolean }} options
 */
function detailsView(stop, { isOpen }) {
  const isDepot = stop.kind === "depot";
  const history = stop.kind === "visit" && stop.job_id ? historyView(stop.job_id) : null;
  const known = stop.job_id ? (historyOf(stop.job_id)?.visits.length ?? 0) : 0;
  return element(
    "div",
    { class: "sections" },
    stop.crew?.length ? section("crew", text("section.crew"), element("ul", { class: "things" }, stop.crew.map(colleagueView))) : null,
    stop.tasks.length ? section("alert", text("section.tasks"), element("ul", { class: "tasks" }, stop.tasks.map(taskView))) : null,
    stop.parts.length
      ? section(
          "part",
          text(isDepot ? "section.fetch" : "section.parts"),
          element(
            "ul",
            { class: "things" },
            stop.parts.map((part) =>
              element(
                "li",
                {},
                element("strong", { class: "numbers" }, `${number(part.quantity)} ×`),
                " ",
                part.name,
                element("span", { class: "soft code" }, part.id),
              ),
            ),
          ),
        )
      : null,
    stop.tools.length
      ? section(
          "tool",
          text(isDepot ? "section.borrow" : "section.tools"),
          element(
            "ul",
            { class: "things" },
            stop.tools.map((tool) => element("li", {}, tool.name)),
          ),
        )
      : null,
    history
      ? section(
          "history",
          known ? text("section.history_count", { total: known }) : text("section.history"),
          known && !isOpen && stop.job_id ? folded(stop.job_id, history) : history,
        )
      : null,
    stop.job_id ? element("p", { class: "soft code" }, text("section.job", { id: stop.job_id })) : null,
  );
}

/**
 * @param {string} jobId
 * @param {HTMLElement} content
 */
function folded(jobId, content) {
  return element(
    "details",
    { class: "fold" },
    element("summary", { dataset: { focus: `history ${jobId}` } }, text("history.show")),
    content,
  );
}

/**
 * @param {import("./icons.js").IconName} drawing
 * @param {string} title
 * @param {HTMLElement} content
 */
function section(drawing, title, content) {
  return element("section", { class: "section" }, element("h3", {}, icon(drawing), title), content);
}

/**
 * Who else is there, when, and how to reach them.
 *
 * @param {Api.Colleague} one
 */
function colleagueView({ job_id: id, title, technician, phone, expected_arrival_at: at, status }) {
  if (!technician) return element("li", {}, text("crew.nobody"), " ", element("span", { class: "soft" }, title));
  const isThere = ["on_site", "completed", "cannot_complete"].includes(status);
  const when = isThere ? text(`status.${status}`) : at ? text("crew.arrives", { time: time(at) }) : "";
  return element(
    "li",
    { dataset: { job: id } },
    element("strong", {}, technician),
    " ",
    element("span", { class: "soft" }, [title, when].filter(Boolean).join(" · ")),
    phone ? element("a", { class: "numbers", href: phoneAddress(phone) }, " ", phone) : null,
  );
}

/** @param {Api.StopTask} task */
function taskView(task) {
  const machine = [task.asset, task.model, task.serial_number && text("task.serial", { number: task.serial_number })]
    .filter(Boolean)
    .join(" · ");
  return element(
    "li",
    {},
    element(
      "span",
      { class: `badge ${["critical", "major"].includes(task.severity) ? "bad" : "warn"}` },
      text(`severity.${task.severity}`),
    ),
    element("p", {}, element("strong", {}, task.title)),
    element("p", { class: "soft" }, machine),
  );
}
