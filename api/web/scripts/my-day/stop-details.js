/** All that is known of a stop beside its place and time: colleagues, tasks, parts, tools, pictures, history. */

import { element } from "../dom.js";
import { limitsOf } from "../findings.js";
import { number, time } from "../format.js";
import { text } from "../texts.js";
import { isOver } from "./day.js";
import { historyOf, historyView } from "./history.js";
import { icon } from "./icons.js";
import { picturesView } from "./pictures.js";
import { phoneAddress } from "./places.js";

/**
 * @param {Api.RouteStop} stop
 * @param {{ isOpen: boolean }} options
 */
export function detailsView(stop, { isOpen }) {
  const isDepot = stop.kind === "depot";
  const history = stop.kind === "visit" && stop.job_id ? historyView(stop.job_id) : null;
  const pictures = stop.kind === "visit" && stop.job_id ? picturesView(stop.job_id) : null;
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
    isOver(stop) ? null : checksView(stop),
    pictures ? section("camera", text("section.pictures"), pictures) : null,
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
 * What is asked for at the end, to have it in mind while at work.
 *
 * @param {Api.RouteStop} stop
 */
function checksView({ checklist = [], readings_wanted: wanted = [] }) {
  const readings = wanted.map((one) => [one.name, limitsOf(one) ?? one.unit].filter(Boolean).join(": "));
  const lines = [...checklist, ...readings].map((line) => element("li", {}, line));
  return lines.length ? section("check", text("section.checks"), element("ul", { class: "things" }, lines)) : null;
}

/**
 * @param {string} jobId
 * @param {HTMLElement} content
 */
function folded(jobId, content) {
  return element(
    "details",
    { class: "fold" },
    element("summary", { dataset: { focusKey: `history ${jobId}` } }, text("history.show")),
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
