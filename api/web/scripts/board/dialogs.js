/**
 * Dialogs: a title, a form, buttons, and a place for what the service finds wrong. Focus goes back
 * to where it was, also when that was drawn anew meanwhile.
 */

import { element } from "../dom.js";
import { text } from "../texts.js";
import { icon } from "./icons.js";

let count = 0;

/**
 * Show a dialog. `submit` is called when its form is sent, and may fail: `Refused` is shown in the
 * dialog, which else closes unless the answer is `false`. Gives `{node, form, close, fail, clear}`.
 */
export function openDialog({ title, body, submitText = null, submitClass = "main", submit = null, buttons = [], className = "", closed = () => {} }) {
  const id = `dialog-${(count += 1)}`;
  const trouble = element("div", { class: "trouble", role: "alert" });
  const sending = submitText && element("button", { class: submitClass }, submitText);
  const leave = element("button", { type: "button", class: "square quiet dialog-close", "aria-label": text("close"), onclick: () => node.close() }, icon("close", 13));
  const footer = element("footer", {}, ...buttons, sending ? element("button", { type: "button", onclick: () => node.close() }, text("dialog.cancel")) : null, sending);
  const form = element("form", { novalidate: true, onsubmit: send }, element("div", { class: "dialog-body" }, body), trouble, footer);
  const returnTo = document.activeElement;
  const node = element("dialog", { class: `task ${className}`, "aria-labelledby": id, onclose: leaveBehind },
    element("header", {}, element("h2", { id }, title), leave), form);

  async function send(event) {
    event.preventDefault();
    if (!submit || form.getAttribute("aria-busy") === "true") return;
    clear();
    setBusy(true);
    try {
      if ((await submit(form)) !== false) node.close();
    } catch (error) {
      fail(error);
    } finally {
      setBusy(false);
    }
  }

  function setBusy(isBusy) {
    form.setAttribute("aria-busy", isBusy);
    if (sending) sending.disabled = isBusy;
  }

  function clear() {
    trouble.replaceChildren();
  }

  /** Show why it did not work. */
  function fail(error) {
    trouble.replaceChildren(...troubleLines(error));
  }

  function leaveBehind() {
    node.remove();
    closed();
    if (returnTo?.isConnected) returnTo.focus();
    else if (returnTo?.dataset?.focusKey) document.querySelector(`[data-focus-key="${CSS.escape(returnTo.dataset.focusKey)}"]`)?.focus();
  }

  document.body.append(node);
  node.showModal();
  return { node, form, close: () => node.close(), fail, clear };
}

/** Ask for a yes; the answer of `act` counts as with `openDialog`. */
export function confirmDialog({ title, body, yes, act, isDangerous = false }) {
  return openDialog({ title, body: element("p", {}, body), submitText: yes, submitClass: isDangerous ? "danger" : "main", submit: act });
}

/** What the service says, one line for each fault. */
export function troubleLines(error) {
  if (!error.faults?.length) {
    if (!("status" in error)) throw error;
    return [element("p", {}, error.status === 0 ? text("trouble.away") : error.message)];
  }
  return error.faults.map((fault) => element("p", {}, faultText(fault)));
}

/** Faults that are told in the reader's language; of all others the service's words are shown. */
const KNOWN = new Set([
  "missing", "string_too_short", "string_too_long", "ends_before_it_starts", "overlapping_windows", "duplicate", "half_a_location", "coordinates_out_of_range",
  "swapped_coordinates", "outside_service_area", "in_the_past", "day_order", "too_long", "greater_than_equal", "less_than_equal", "unknown_reference",
  "control_character", "site_or_site_id", "empty_span", "not_plannable", "begins", "not_then", "too_far", "no_place", "changed_since", "not_in_plan", "is_placed", "not_placed",
  "int_type", "string_pattern_mismatch", "float_type", "int_parsing", "needs_others", "not_changeable", "discarded",
]);

export function faultText({ code, cause, action }) {
  return KNOWN.has(code) ? text(`fault.${code}`) : `${cause} – ${action}`;
}
