/**
 * The board on paper: whatever is printed is the list of the days shown, a technician after the other,
 * all of them or the one whose day was asked for, without anything that can only be clicked.
 */

import { element } from "../dom.js";
import { day as dayName, isoDay, longDay, time } from "../format.js";
import { text } from "../texts.js";
import { icon } from "../ui/icons.js";
import { addTechnicianSection } from "./job/details.js";
import { board, jobOf, shownSpan } from "./state.js";
import { inOrder } from "./timeline/looks.js";
import { windowText } from "./words.js";

/** @type {HTMLElement | null} */
let sheet = null;
/** Whose day is to be printed; null: everybody's. @type {string | null} */
let only = null;

export function mountPaper() {
  addEventListener("beforeprint", lay);
  addEventListener("afterprint", clear);
  const button = element("button", { type: "button", id: "print", class: "quiet", onclick: () => print() }, text("paper.print"));
  document.querySelector(".zoom")?.prepend(button);
  addTechnicianSection((technician) =>
    element(
      "div",
      { class: "job-actions" },
      element(
        "button",
        { type: "button", class: "small", dataset: { focusKey: "print-day" }, onclick: () => printDay(technician.id) },
        text("paper.print_day"),
      ),
      element(
        "a",
        { class: "button small", href: `/my-day?technician=${encodeURIComponent(technician.id)}`, target: "_blank", rel: "noopener" },
        icon("search", 12),
        text("paper.own_page"),
      ),
    ),
  );
}

/** @param {string} technicianId */
function printDay(technicianId) {
  only = technicianId;
  print();
}

function clear() {
  sheet?.remove();
  sheet = null;
  only = null;
}

function lay() {
  sheet?.remove();
  const { from } = shownSpan();
  const people = inOrder([...board.technicians.values()]).filter(({ id }) => only === null || id === only);
  sheet = element(
    "section",
    { class: "paper" },
    element("h1", {}, text("paper.title", { day: longDay(from) })),
    people.map((technician) => person(technician)),
    only === null && board.unassigned.size ? waiting() : null,
  );
  document.body.append(sheet);
}

/** @param {Api.BoardTechnician} technician */
function person(technician) {
  const stops = (board.routes.get(technician.id) ?? []).flatMap((route) => route.stops);
  if (!stops.length && only === null) return null;
  return element(
    "section",
    { class: "paper-person" },
    element(
      "h2",
      {},
      `${technician.name} (${technician.id})`,
      technician.phone ? element("span", { class: "numbers" }, ` · ${technician.phone}`) : null,
    ),
    element(
      "table",
      {},
      element(
        "thead",
        {},
        element(
          "tr",
          {},
          ["time", "what", "where", "phone", "parts"].map((name) => element("th", { scope: "col" }, text(`paper.${name}`))),
        ),
      ),
      element("tbody", {}, stops.map(line)),
    ),
  );
}

/** @param {OnBoard.Stop} stop */
function line(stop) {
  const times = `${board.days > 1 ? `${dayName(stop.start_at)} ` : ""}${time(stop.start_at)}–${time(stop.departure_at)}`;
  const cells = stop.job_id ? ofJob(jobOf(stop.job_id)) : [placeOf(stop), "", "", ""];
  return element(
    "tr",
    {},
    element("td", { class: "numbers" }, times),
    cells.map((words) => element("td", {}, words)),
  );
}

/** @param {OnBoard.Stop} stop */
const placeOf = (stop) => (stop.kind === "depot" ? (board.depots.get(stop.depot_id ?? "")?.name ?? "") : text(`kind.${stop.kind}`));

/** @param {OnBoard.Job} job */
function ofJob(job) {
  const parts = Object.entries(job.parts).map(([id, number]) => `${number} × ${board.parts[id] ?? id}`);
  const tools = job.tools.map((id) => board.tools[id] ?? id);
  return [`${job.title} (${job.id})`, `${job.site}, ${job.address}`, job.phone ?? "", [...parts, ...tools].join(", ")];
}

function waiting() {
  return element(
    "section",
    { class: "paper-person" },
    element("h2", {}, text("paper.waiting")),
    element(
      "table",
      {},
      element(
        "tbody",
        {},
        [...board.unassigned.keys()].map((id) => {
          const job = jobOf(id);
          const window = job.windows[0];
          const times = window ? `${isoDay(window.starts_at)} ${windowText(window)}` : "";
          return element(
            "tr",
            {},
            element("td", { class: "numbers" }, times),
            ofJob(job).map((words) => element("td", {}, words)),
          );
        }),
      ),
    ),
  );
}
