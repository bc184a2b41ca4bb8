/** Lists of rows in forms, which can be added and removed: time windows, skills, parts, people. */

import { element, within } from "../../dom.js";
import { isoDay, time } from "../../format.js";
import { text } from "../../texts.js";
import { icon } from "../../ui/icons.js";
import { board } from "../state.js";

/**
 * What stands in the fields, sound or not. A choice is an id, or nothing, with a number.
 *
 * @typedef {{ day: string, from: string, to: string, price: string }} TypedWindow
 * @typedef {[id: string, number: number]} Choice
 */

let count = 0;

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
export const typedWindow = ({ starts_at: from, ends_at: to, price }) => ({
  day: isoDay(from),
  from: time(from),
  to: time(to),
  price: price ? String(price) : "",
});

/** @param {TypedWindow | null} given */
export function windowRow(given) {
  /**
   * @param {string} type
   * @param {string} name
   * @param {string} value
   */
  const input = (type, name, value) => element("input", { type, "aria-label": text(`form.${name}`), value });
  const day = input("date", "day", given?.day ?? board.day);
  const from = input("time", "from", given?.from ?? "");
  const to = input("time", "to", given?.to ?? "");
  const price = element("input", {
    type: "number",
    class: "numbers",
    min: 0,
    max: 100_000_000,
    inputmode: "numeric",
    placeholder: text("form.price"),
    "aria-label": text("form.price"),
    value: given?.price ?? "",
  });
  return {
    nodes: [day, from, element("span", { "aria-hidden": "true" }, "–"), to, price],
    read: () => ({ day: day.value, from: from.value, to: to.value, price: price.value }),
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
