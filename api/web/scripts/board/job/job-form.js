/** The fields of a job, for new ones and for changing. */

import { element, within } from "../../dom.js";
import { isoDay, time } from "../../format.js";
import { text } from "../../texts.js";
import { icon } from "../../ui/icons.js";
import { field } from "../fields.js";
import { PRIORITIES } from "../filters.js";
import { atClock, fromField, toField, toWire } from "../moves/moments.js";
import { board } from "../state.js";

/**
 * What the fields show of a job on the board.
 *
 * @typedef {Pick<OnBoard.Job, "title" | "priority" | "duration_minutes" | "due_at" | "windows" | "skills" | "parts" | "tools">} FormJob
 */

/**
 * What stands in the fields, sound or not. A choice is an id, or nothing, with a number.
 *
 * @typedef {{ day: string, from: string, to: string }} TypedWindow
 * @typedef {[id: string, number: number]} Choice
 * @typedef {object} Typed
 * @property {string} title
 * @property {string} priority
 * @property {string} duration
 * @property {string} due
 * @property {TypedWindow[]} windows
 * @property {Choice[]} skills
 * @property {Choice[]} parts
 * @property {Choice[]} tools
 */

/** @typedef {ReturnType<typeof jobFields>} Fields */

let count = 0;

/**
 * Everything about a job but its place. `job` as the board has it, or null for a new one; `typed` is
 * what `typed()` has given before, and goes first. Gives the elements, the body of the request, and
 * what stands in the fields.
 *
 * @param {FormJob | null} [job]
 * @param {Partial<Typed>} [typed]
 */
export function jobFields(job = null, typed = {}) {
  const given = typed;
  const title = element("input", { value: given.title ?? job?.title ?? "", maxlength: 200, required: true, autocomplete: "off" });
  const priority = element(
    "select",
    {},
    PRIORITIES.map((one) => element("option", { value: one }, text(`priority.${one}`))),
  );
  priority.value = given.priority ?? job?.priority ?? "normal";
  const duration = element("input", {
    type: "number",
    min: 5,
    max: 1440,
    step: 5,
    value: given.duration ?? job?.duration_minutes ?? 60,
    required: true,
  });
  const due = element("input", { type: "datetime-local", value: given.due ?? toField(job?.due_at) });
  const windows = rowsOf({
    pointer: "/windows",
    label: text("form.windows"),
    add: text("form.add_window"),
    make: windowRow,
    given: given.windows ?? (job?.windows ?? []).map(typedWindow),
  });
  const skills = rowsOf({
    pointer: "/skills",
    label: text("job.skills"),
    add: text("form.add_skill"),
    make: chosenRow(board.skills, text("form.skill"), text("form.level"), 10),
    given: given.skills ?? Object.entries(job?.skills ?? {}),
  });
  const parts = rowsOf({
    pointer: "/parts",
    label: text("job.parts"),
    add: text("form.add_part"),
    make: chosenRow(board.parts, text("form.part"), text("form.quantity"), 999),
    given: given.parts ?? Object.entries(job?.parts ?? {}),
  });
  const tools = rowsOf({
    pointer: "/tools",
    label: text("job.tools"),
    add: text("form.add_tool"),
    make: chosenRow(board.tools, text("form.tool")),
    given: given.tools ?? (job?.tools ?? []).map((id) => /** @type {Choice} */ ([id, 1])),
  });
  return {
    nodes: [
      field("/title", text("form.what"), title),
      element(
        "div",
        { class: "fields three" },
        field("/priority", text("filter.priority"), priority),
        field("/duration_minutes", text("form.minutes"), duration),
        field("/due_at", text("job.due"), due),
      ),
      windows.node,
      element("div", { class: "fields two" }, skills.node, parts.node),
      tools.node,
    ],
    /** @returns {Typed} */
    typed: () => ({
      title: title.value,
      priority: priority.value,
      duration: duration.value,
      due: due.value,
      windows: windows.read(),
      skills: skills.read(),
      parts: parts.read(),
      tools: tools.read(),
    }),
    read: () => ({
      title: title.value,
      priority: priority.value,
      duration_minutes: Number(duration.value) || 0,
      due_at: toWire(fromField(due.value)),
      windows: windows.read().map(({ day, from, to }) => ({
        starts_at: toWire(day && from ? atClock(day, from) : null),
        ends_at: toWire(day && to ? atClock(day, to) : null),
      })),
      skills: skills.read().map(([id, level]) => ({ skill_id: id, level })),
      parts: parts.read().map(([id, quantity]) => ({ part_id: id, quantity })),
      tools: tools.read().map(([id]) => id),
    }),
  };
}

/**
 * A job as `GET /jobs/{job_id}` has it, in the form of the board's.
 *
 * @param {Api.JobOut} job
 * @returns {FormJob}
 */
export function asOnBoard({ windows, skills, parts, due_at: due, ...rest }) {
  return {
    ...rest,
    due_at: due === null ? null : Date.parse(due),
    windows: windows.map(({ starts_at: from, ends_at: to }) => ({ starts_at: Date.parse(from), ends_at: Date.parse(to) })),
    skills: Object.fromEntries(skills.map(({ skill_id: id, level }) => [id, level])),
    parts: Object.fromEntries(parts.map(({ part_id: id, quantity }) => [id, quantity])),
  };
}

/**
 * A list of rows that can be added and removed. `make(value)` makes one, of nothing too.
 *
 * @template Value
 * @param {{ pointer: string, label: string, add: string, make: (value: Value | null) => { nodes: Node[], read: () => Value }, given: Value[] }} options
 */
export function rowsOf({ pointer, label, add, make, given }) {
  const list = element("div", { class: "form-rows" });
  /** @type {{ node: HTMLElement, read: () => Value }[]} */
  const rows = [];
  const number = () =>
    rows.forEach((row, index) => {
      row.node.dataset.pointer = `${pointer}/${index}`;
    });
  const append = (/** @type {Value | null} */ value) => {
    const made = make(value);
    const remove = () => {
      rows.splice(rows.indexOf(row), 1);
      row.node.remove();
      number();
      adder.focus();
    };
    const node = element(
      "div",
      { class: "field form-row" },
      element(
        "div",
        { class: "form-row-fields" },
        ...made.nodes,
        element(
          "button",
          { type: "button", class: "square quiet small", "aria-label": text("form.remove", { what: label }), onclick: remove },
          icon("close", 11),
        ),
      ),
      element("p", { class: "fault", id: nextId() }),
    );
    const row = { node, read: made.read };
    rows.push(row);
    list.append(node);
    number();
    return node;
  };
  for (const value of given) append(value);
  const adder = element(
    "button",
    { type: "button", class: "small", onclick: () => within(append(null), "select, input")[0]?.focus() },
    icon("plus", 11),
    add,
  );
  const node = element(
    "fieldset",
    { class: "field rows", dataset: { pointer } },
    element("legend", {}, label),
    list,
    element("p", { class: "fault", id: nextId() }),
    adder,
  );
  return { node, read: () => rows.map((row) => row.read()) };
}

function nextId() {
  count += 1;
  return `row-${count}-fault`;
}

/**
 * @param {OnBoard.Window} window
 * @returns {TypedWindow}
 */
const typedWindow = ({ starts_at: from, ends_at: to }) => ({ day: isoDay(from), from: time(from), to: time(to) });

/** @param {TypedWindow | null} given */
function windowRow(given) {
  /**
   * @param {string} type
   * @param {string} name
   * @param {string} value
   */
  const input = (type, name, value) => element("input", { type, "aria-label": text(`form.${name}`), value });
  const day = input("date", "day", given?.day ?? board.day);
  const from = input("time", "from", given?.from ?? "");
  const to = input("time", "to", given?.to ?? "");
  return {
    nodes: [day, from, element("span", { "aria-hidden": "true" }, "–"), to],
    read: () => ({ day: day.value, from: from.value, to: to.value }),
  };
}

/**
 * A choice of one thing by name, with a number beside it where that has a name.
 *
 * @param {Record<string, string>} names
 * @param {string} label
 * @param {string | null} [numberLabel]
 * @param {number} [most]
 * @returns {(given: Choice | null) => { nodes: HTMLElement[], read: () => Choice }}
 */
export const chosenRow =
  (names, label, numberLabel = null, most = 0) =>
  (given) => {
    const sorted = Object.entries(names).sort(([, one], [, other]) => one.localeCompare(other, "vi"));
    const select = element(
      "select",
      { "aria-label": label },
      element("option", { value: "" }, text("form.choose")),
      ...sorted.map(([id, name]) => element("option", { value: id }, name)),
    );
    if (given) [select.value] = given;
    if (numberLabel === null) return { nodes: [select], read: () => [select.value, 1] };
    const number = element("input", {
      type: "number",
      class: "numbers short",
      min: 1,
      max: most,
      value: given?.[1] ?? 1,
      "aria-label": numberLabel,
    });
    return { nodes: [select, number], read: () => [select.value, Number(number.value) || 0] };
  };
