/**
 * Fields of forms. Each knows its JSON pointer in the body of the request, so that what the service
 * finds wrong is shown where it is.
 */

import { element, within } from "../dom.js";
import { Refused } from "../http.js";
import { faultText } from "../troubles.js";

let count = 0;

/**
 * A labelled control whose faults are those at `pointer`, or at one of several.
 *
 * @param {string} pointer
 * @param {string} label
 * @param {HTMLElement} control
 */
export function field(pointer, label, control) {
  count += 1;
  const id = `field-${count}`;
  control.id ||= id;
  return element(
    "div",
    { class: "field", dataset: { pointer } },
    element("label", { for: control.id }, label),
    control,
    element("p", { class: "fault", id: `${id}-fault` }),
  );
}

/**
 * Show each fault at its field; gives those that have none.
 *
 * @param {HTMLElement} root
 * @param {Api.ProblemFault[]} faults
 */
export function showFaults(root, faults) {
  clearFaults(root);
  const fields = within(root, "[data-pointer]").filter((one) => one.checkVisibility());
  /** @type {Api.ProblemFault[]} */
  const homeless = [];
  /** @type {HTMLElement | null} */
  let first = null;
  for (const fault of faults) {
    const pointers = fields.flatMap((node) => (node.dataset.pointer ?? "").split(" ").map((pointer) => ({ node, pointer })));
    const fits = pointers.filter(
      ({ pointer }) => fault.where === pointer || fault.where.startsWith(`${pointer}/`) || pointer.startsWith(`${fault.where}/`),
    );
    const best = fits.sort((one, other) => other.pointer.length - one.pointer.length)[0]?.node;
    const note = best?.querySelector(":scope > .fault");
    if (!best || !note) {
      homeless.push(fault);
      continue;
    }
    note.textContent = [note.textContent, faultText(fault)].filter(Boolean).join(" ");
    const [control = null] = within(best, "input, select, textarea, button");
    control?.setAttribute("aria-invalid", "true");
    control?.setAttribute("aria-describedby", note.id);
    // What is corrected is no longer called wrong.
    control?.addEventListener("input", () => clearFaults(best), { once: true });
    first ??= control;
  }
  first?.focus();
  return homeless;
}

/** @param {ParentNode} root */
export function clearFaults(root) {
  for (const note of root.querySelectorAll(".fault")) note.textContent = "";
  for (const control of root.querySelectorAll("[aria-invalid]")) {
    control.removeAttribute("aria-invalid");
    control.removeAttribute("aria-describedby");
  }
}

/**
 * Show what the service finds wrong at the fields. Gives `false` if all of it has found its place;
 * what has not is raised, with the faults that are left.
 *
 * @param {HTMLElement} form
 * @param {unknown} error
 */
export function tellAtFields(form, error) {
  if (!(error instanceof Refused) || !error.faults.length) throw error;
  error.faults = showFaults(form, error.faults);
  if (error.faults.length) throw error;
  return false;
}

/**
 * What is other than before, as it is now.
 *
 * @template {object} Thing
 * @param {Thing} before
 * @param {Thing} now
 * @returns {Partial<Thing>}
 */
export function differing(before, now) {
  const names = /** @type {(keyof Thing)[]} */ (Object.keys(now));
  const others = names.filter((name) => JSON.stringify(now[name]) !== JSON.stringify(before[name]));
  return /** @type {Partial<Thing>} */ (Object.fromEntries(others.map((name) => [name, now[name]])));
}
