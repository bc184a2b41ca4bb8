/**
 * The fields of a job, for new ones and for changing. Each field knows its JSON pointer in the body,
 * so that what the service finds wrong is shown where it is.
 */

import { element } from "../dom.js";
import { isoDay, time } from "../format.js";
import { text } from "../texts.js";
import { faultText } from "./dialogs.js";
import { PRIORITIES } from "./filters.js";
import { icon } from "./icons.js";
import { atClock, fromField, toField, toWire } from "./moments.js";
import { board } from "./state.js";

let count = 0;

/** A labelled control whose faults are those at `pointer`, or at one of several. */
export function field(pointer, label, control) {
  const id = `field-${(count += 1)}`;
  control.id ||= id;
  return element("div", { class: "field", dataset: { pointer } }, element("label", { for: control.id }, label), control, element("p", { class: "fault", id: `${id}-fault` }));
}

/** Show each fault at its field; gives those that have none. */
export function showFaults(root, faults) {
  clearFaults(root);
  const fields = [...root.querySelectorAll("[data-pointer]")].filter((one) => one.checkVisibility());
  const homeless = [];
  let first = null;
  for (const fault of faults) {
    const pointers = fields.flatMap((node) => node.dataset.pointer.split(" ").map((pointer) => ({ node, pointer })));
    const fits = pointers.filter(({ pointer }) => fault.where === pointer || fault.where.startsWith(`${pointer}/`) || pointer.startsWith(`${fault.where}/`));
    const best = fits.sort((one, other) => other.pointer.length - one.pointer.length)[0]?.node;
    if (!best) {
      homeless.push(fault);
      continue;
    }
    const note = best.querySelector(":scope > .fault");
    note.textContent = [note.textContent, faultText(fault)].filter(Boolean).join(" ");
    const control = best.querySelector("input, select, textarea, button");
    control?.setAttribute("aria-invalid", "true");
    control?.setAttribute("aria-describedby", note.id);
    // What is corrected is no longer called wrong.
    control?.addEventListener("input", () => clearFaults(best), { once: true });
    first ??= control;
  }
  first?.focus();
  return homeless;
}

export function clearFaults(root) {
  for (const note of root.querySelectorAll(".fault")) note.textContent = "";
  for (const control of root.querySelectorAll("[aria-invalid]")) {
    control.removeAttribute("aria-invalid");
    control.removeAttribute("aria-describedby");
  }
}

/**
 * Everything about a job but its place. `job` as the board has it, or null for a new one. Gives
 * `{nodes, read}`: the elements, and a function for the body of the request.
 */
export function jobFields(job = null) {
  const title = element("input", { value: job?.title ?? "", maxlength: 200, required: true, autocomplete: "off" });
  const priority = element("select", {}, PRIORITIES.map((one) => element("option", { value: one }, text(`priority.${one}`))));
  priority.value = job?.priority ?? "normal";
  const duration = element("input", { type: "number", min: 5, max: 1440, step: 5, value: job?.duration_minutes ?? 60, required: true });
  const due = element("input", { type: "datetime-local", value: toField(job?.due_at) });
  const windows = rowsOf({ pointer: "/windows", label: text("form.windows"), add: text("form.add_window"), make: windowRow, given: job?.windows ?? [] });
  const skills = rowsOf({ pointer: "/skills", label: text("job.skills"), add: text("form.add_skill"), make: chosenRow(board.skills, text("form.skill"), text("form.level"), 10), given: Object.entries(job?.skills ?? {}) });
  const parts = rowsOf({ pointer: "/parts", label: text("job.parts"), add: text("form.add_part"), make: chosenRow(board.parts, text("form.part"), text("form.quantity"), 999), given: Object.entries(job?.parts ?? {}) });
  const tools = rowsOf({ pointer: "/tools", label: text("job.tools"), add: text("form.add_tool"), make: chosenRow(board.tools, text("form.tool")), given: (job?.tools ?? []).map((id) => [id]) });
  return {
    nodes: [
      field("/title", text("form.what"), title),
      element("div", { class: "fields three" }, field("/priority", text("filter.priority"), priority), field("/duration_minutes", text("form.minutes"), duration), field("/due_at", text("job.due"), due)),
      windows.node,
      element("div", { class: "fields two" }, skills.node, parts.node),
      tools.node,
    ],
    read: () => ({
      title: title.value,
      priority: priority.value,
      duration_minutes: Number(duration.value) || 0,
      due_at: toWire(fromField(due.value)),
      windows: windows.read().map(({ day, from, to }) => ({ starts_at: toWire(day && from ? atClock(day, from) : null), ends_at: toWire(day && to ? atClock(day, to) : null) })),
      skills: skills.read().map(([id, level]) => ({ skill_id: id, level })),
      parts: parts.read().map(([id, quantity]) => ({ part_id: id, quantity })),
      tools: tools.read().map(([id]) => id),
    }),
  };
}

/** A list of rows that can be added and removed. `make(value)` gives `{nodes, read}`. */
function rowsOf({ pointer, label, add, make, given }) {
  const list = element("div", { class: "form-rows" });
  const rows = [];
  const number = () => rows.forEach((row, index) => { row.node.dataset.pointer = `${pointer}/${index}`; });
  const append = (value, { andFocus = false } = {}) => {
    const made = make(value);
    const id = `field-${(count += 1)}`;
    const row = { ...made, node: element("div", { class: "field form-row" },
      element("div", { class: "form-row-fields" }, made.nodes, element("button", { type: "button", class: "square quiet small", "aria-label": text("form.remove", { what: label }), onclick: () => { rows.splice(rows.indexOf(row), 1); row.node.remove(); number(); adder.focus(); } }, icon("close", 11))),
      element("p", { class: "fault", id: `${id}-fault` })) };
    rows.push(row);
    list.append(row.node);
    number();
    if (andFocus) row.node.querySelector("select, input").focus();
  };
  for (const value of given) append(value);
  const adder = element("button", { type: "button", class: "small", onclick: () => append(null, { andFocus: true }) }, icon("plus", 11), add);
  const node = element("fieldset", { class: "field rows", dataset: { pointer } }, element("legend", {}, label), list, element("p", { class: "fault", id: `field-${(count += 1)}-fault` }), adder);
  return { node, read: () => rows.map((row) => row.read()) };
}

function windowRow(window) {
  const input = (type, name, value) => element("input", { type, "aria-label": text(`form.${name}`), value });
  const day = input("date", "day", window ? isoDay(window.starts_at) : board.day);
  const from = input("time", "from", window ? time(window.starts_at) : "");
  const to = input("time", "to", window ? time(window.ends_at) : "");
  return { nodes: [day, from, element("span", { "aria-hidden": "true" }, "–"), to], read: () => ({ day: day.value, from: from.value, to: to.value }) };
}

/** A choice of one thing by name, with a number beside it where that has a name. */
const chosenRow = (names, label, numberLabel = null, most = 0) => (given) => {
  const sorted = Object.entries(names).sort(([, one], [, other]) => one.localeCompare(other, "vi"));
  const select = element("select", { "aria-label": label }, element("option", { value: "" }, text("form.choose")), sorted.map(([id, name]) => element("option", { value: id }, name)));
  if (given) [select.value] = given;
  const number = numberLabel && element("input", { type: "number", class: "numbers short", min: 1, max: most, value: given?.[1] ?? 1, "aria-label": numberLabel });
  return { nodes: [select, number].filter(Boolean), read: () => [select.value, number ? Number(number.value) || 0 : 1] };
};
