/** How many of a part, for a thumb: a number with a button on either side. */

import { element } from "../dom.js";
import { text } from "../texts.js";

const MOST_PARTS = 9_999;

/**
 * `onChange` is told every number that is given, from `least` on.
 *
 * @param {string} name
 * @param {number} quantity
 * @param {(quantity: number) => void} onChange
 * @param {{ least?: number }} [options]
 */
export function stepper(name, quantity, onChange, { least = 0 } = {}) {
  const field = element("input", {
    type: "number",
    inputmode: "numeric",
    min: least,
    max: MOST_PARTS,
    step: 1,
    value: quantity,
    "aria-label": name,
  });
  /** @param {string | number} value */
  const set = (value) => {
    const given = Math.min(MOST_PARTS, Math.max(least, Math.floor(Number(value) || 0)));
    field.value = String(given);
    onChange(given);
  };
  field.addEventListener("change", () => set(field.value));
  /**
   * @param {number} by
   * @param {string} sign
   * @param {string} label
   */
  const step = (by, sign, label) =>
    element("button", { type: "button", class: "square", "aria-label": label, onclick: () => set(Number(field.value) + by) }, sign);
  return [
    element("span", {}, name),
    element("span", { class: "stepper" }, step(-1, "−", text("form.less", { name })), field, step(1, "+", text("form.more", { name }))),
  ];
}
