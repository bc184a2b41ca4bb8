/** The jobs that have no day, whatever days are shown: sorted, narrowed down, and what to do about each. */

import { element, redraw } from "../../dom.js";
import { day, isoDay, startOfDay } from "../../format.js";
import { get, wasGivenUp } from "../../http.js";
import { text } from "../../texts.js";
import { toastTrouble } from "../../ui/toast.js";
import { troubleLines } from "../dialogs.js";
import { PRIORITIES } from "../filters.js";
import { goToJob } from "../find/going.js";
import { openHold, resume } from "../job/holding.js";
import { askToCancel } from "../job/job-actions.js";
import { offerPlaces } from "../job/new-job.js";
import { nameOf, workTypes } from "../job/work-types.js";
import { board, notify, subscribe } from "../state.js";
import { addPanel, isOpen } from "./panel.js";

const PAGE = 50;
const DAY = 86_400_000;
/** Changes come in bursts. */
const PAUSE_MILLISECONDS = 400;
const STATES = ["open", "unassigned", "on_hold"];
const SORTS = ["age", "priority", "due", "hold_until", "territory", "title"];
/** What is asked for, by the names of `GET /backlog`; empty is whatever there is. */
const asked = { state: "", priority: "", territory: "", work_type_id: "", due_by: "", sort: "age", descending: "" };
/** @typedef {keyof typeof asked} Asked */

/** @type {import("./panel.js").Panel} */
let panel;
/** @type {Map<Asked, HTMLSelectElement | HTMLInputElement>} */
const controls = new Map();
const list = element("ul", { class: "cards" });
const status = element("p", { class: "soft", role: "status" });
const more = element("button", { type: "button", class: "small", hidden: true, onclick: () => read(next) });
/** @type {Api.BacklogJob[]} */
let jobs = [];
/** @type {number | null} */
let next = null;
let timer = 0;
/** @type {AbortController | null} */
let asking = null;

export function mountBacklog() {
  panel = addPanel("backlog", { shown: () => read() });
  more.textContent = text("find.more");
  panel.body.append(bar(), status, list, more);
  for (const topic of ["board", "event:job", "event:plan"]) subscribe(topic, readSoon);
  subscribe("restored-backlog", restore);
  workTypes().then((types) => {
    options(
      "work_type_id",
      "form.work_type",
      types.map((one) => [one.id, nameOf(one)]),
    );
  });
  subscribe("board", () => {
    const territories = new Set([...board.technicians.values()].flatMap((one) => one.territories));
    options(
      "territory",
      "filter.territory",
      [...territories].sort().map((one) => [one, one]),
    );
  });
}

/** What is asked for, as the address has it; empty for what is usual. */
export const askedOfBacklog = () =>
  String(new URLSearchParams(Object.entries(asked).filter(([name, value]) => value && (name !== "sort" || value !== "age"))));

/** @param {string} wanted */
function restore(wanted) {
  const given = new URLSearchParams(wanted);
  for (const name of /** @type {Asked[]} */ (Object.keys(asked))) {
    asked[name] = given.get(name) ?? (name === "sort" ? "age" : "");
    const control = controls.get(name);
    if (control instanceof HTMLInputElement && control.type === "checkbox") control.checked = Boolean(asked[name]);
    else if (control) control.value = asked[name];
  }
  if (isOpen("backlog")) read();
}

function bar() {
  const choice = (/** @type {Asked} */ name) => {
    const select = element("select", { class: "small", onchange: ({ currentTarget }) => want(name, currentTarget.value) });
    controls.set(name, select);
    return select;
  };
  const nodes = /** @type {Asked[]} */ (["state", "priority", "territory", "work_type_id"]).map(choice);
  const due = element("input", { type: "date", class: "small", onchange: ({ currentTarget }) => want("due_by", currentTarget.value) });
  controls.set("due_by", due);
  const sort = choice("sort");
  const turned = element("input", {
    type: "checkbox",
    onchange: ({ currentTarget }) => want("descending", currentTarget.checked ? "true" : ""),
  });
  controls.set("descending", turned);
  options(
    "state",
    "backlog.state",
    STATES.map((one) => [one, text(`backlog.state_${one}`)]),
  );
  options(
    "priority",
    "filter.priority",
    PRIORITIES.map((one) => [one, text(`priority.${one}`)]),
  );
  options("territory", "filter.territory", []);
  options("work_type_id", "form.work_type", []);
  sort.setAttribute("aria-label", text("backlog.sort"));
  sort.replaceChildren(...SORTS.map((one) => element("option", { value: one }, text(`backlog.sort_${one}`))));
  return element(
    "div",
    { class: "backlog-bar", role: "group", "aria-label": text("filter.label") },
    ...nodes,
    element("label", { class: "inline" }, text("backlog.due_by"), " ", due),
    sort,
    element("label", { class: "inline" }, turned, " ", text("backlog.descending")),
  );
}

/**
 * @param {Asked} name
 * @param {string} label
 * @param {[string, string][]} pairs
 */
function options(name, label, pairs) {
  const select = controls.get(name);
  select?.setAttribute("aria-label", text(label));
  // What is chosen already may not be among the others yet.
  const all = asked[name] && !pairs.some(([id]) => id === asked[name]) ? [...pairs, [asked[name], asked[name]]] : pairs;
  select?.replaceChildren(
    element("option", { value: "" }, text(label)),
    ...all.map(([id, words]) => element("option", { value: id }, words)),
  );
  if (select) select.value = asked[name];
}

/**
 * @param {Asked} name
 * @param {string} value
 */
function want(name, value) {
  asked[name] = value;
  notify("backlog");
  read();
}

function readSoon() {
  clearTimeout(timer);
  timer = setTimeout(() => isOpen("backlog") && !document.hidden && read(), PAUSE_MILLISECONDS);
}

/** @param {number | null} [after] */
async function read(after = null) {
  asking?.abort();
  asking = new AbortController();
  const query = new URLSearchParams([...Object.entries(asked).filter(([, value]) => value), ["limit", String(PAGE)]]);
  if (after !== null) query.set("after", String(after));
  try {
    const page = await get(`/backlog?${query}`, { signal: asking.signal, quiet: true });
    jobs = after === null ? page.jobs : [...jobs, ...page.jobs];
    next = page.next;
    panel.setCount(page.count);
    status.textContent = page.count ? text("backlog.count", { count: page.count }) : text("backlog.none");
    draw();
  } catch (error) {
    if (!wasGivenUp(error)) status.replaceChildren(...troubleLines(error));
  }
}

function draw() {
  redraw(list, jobs.map(card));
  more.hidden = next === null;
}

/** @param {Api.BacklogJob} job */
function card(job) {
  const held = { id: job.job_id, title: job.title, reason: job.hold_reason, until: job.hold_until };
  const button = (/** @type {string} */ key, /** @type {() => unknown} */ act, kind = "") =>
    element(
      "button",
      { type: "button", class: `small ${kind}`, dataset: { focusKey: `backlog-${key}-${job.job_id}` }, onclick: act },
      text(`backlog.do_${key}`),
    );
  const age = Math.floor((Date.now() - Date.parse(job.created_at)) / DAY);
  const isOverdue = job.due_at !== null && Date.parse(job.due_at) < Date.now();
  const isPastHold = job.hold_until !== null && job.hold_until <= isoDay(Date.now());
  return element(
    "li",
    { class: "backlog-card" },
    element(
      "button",
      {
        type: "button",
        class: "job-open",
        dataset: { focusKey: `backlog-open-${job.job_id}` },
        onclick: () => goToJob(job.job_id, null).catch(toastTrouble),
      },
      element("strong", {}, job.title),
      element("span", { class: "soft numbers" }, ` ${job.job_id}`),
    ),
    element("p", { class: "soft" }, [job.site, job.territory, job.phone].filter(Boolean).join(" · ")),
    element(
      "p",
      { class: "card-facts numbers" },
      element("span", { class: "badge" }, text(`backlog.state_${job.state}`)),
      job.priority === "normal" ? null : element("span", { class: "badge warn" }, text(`priority.${job.priority}`)),
      element("span", {}, text("backlog.age", { count: age })),
      job.due_at ? element("span", { class: isOverdue ? "badge bad" : "" }, text("backlog.due", { day: day(job.due_at) })) : null,
      job.needs_location ? element("span", { class: "badge warn" }, text("form.not_located")) : null,
    ),
    job.hold_reason
      ? element(
          "p",
          { class: isPastHold ? "with-icon badge warn" : "" },
          [job.hold_reason, job.hold_until && text("hold.until", { day: day(startOfDay(job.hold_until)) })].filter(Boolean).join(", "),
        )
      : null,
    element(
      "div",
      { class: "job-actions" },
      job.state === "on_hold"
        ? button("resume", () => resume(held).catch(toastTrouble))
        : button("place", () => offerPlaces({ id: job.job_id, title: job.title, windows: job.windows }), "main"),
      button("hold", () => openHold(held)),
      button("cancel", () => askToCancel({ id: job.job_id, title: job.title, site: job.site, links: [] }), "danger"),
    ),
  );
}
