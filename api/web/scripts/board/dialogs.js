/**
 * Dialogs: a title, a form, buttons, and a place for what the service finds wrong. Focus goes back
 * to where it was, also when that was drawn anew meanwhile.
 */

import { byFocusKey, element } from "../dom.js";
import { keepForm } from "../kept-forms.js";
import { text } from "../texts.js";
import { troubleTexts } from "../troubles.js";
import { icon } from "../ui/icons.js";
import { signedIn } from "./state.js";

let count = 0;

/**
 * @template Content
 * @typedef {object} DialogOptions
 * @property {string} title
 * @property {import("../dom.js").Child} body
 * @property {string | null} [submitText]
 * @property {string} [submitClass]
 * @property {((form: HTMLFormElement) => Promise<unknown>) | null} [submit]
 * @property {HTMLElement[]} [buttons]
 * @property {string} [className]
 * @property {{ name: string, read: () => Content | null, restore: (content: Content) => void } | null} [kept]
 * @property {() => void} [closed]
 */

/**
 * Show a dialog. `submit` is called when its form is sent, and may fail: `Refused` is shown in the
 * dialog, which else closes unless the answer is `false`. `kept` is for forms that are to outlive
 * the tab's page: `{name, read, restore}`, as for `keepForm`. Gives `{node, form, close, fail, clear}`.
 *
 * @template Content
 * @param {DialogOptions<Content>} options
 */
export function openDialog({
  title,
  body,
  submitText = null,
  submitClass = "main",
  submit = null,
  buttons = [],
  className = "",
  kept = null,
  closed = () => {},
}) {
  count += 1;
  const id = `dialog-${count}`;
  const trouble = element("div", { class: "trouble", role: "alert" });
  const sending = submitText && element("button", { class: submitClass }, submitText);
  const leave = element(
    "button",
    { type: "button", class: "square quiet dialog-close", "aria-label": text("close"), onclick: shut },
    icon("close", 13),
  );
  const footer = element(
    "footer",
    {},
    ...buttons,
    sending ? element("button", { type: "button", onclick: shut }, text("dialog.cancel")) : null,
    sending,
  );
  const bodyNode = element("div", { class: "dialog-body" }, body);
  const form = element("form", { novalidate: true, onsubmit: send }, bodyNode, trouble, footer);
  const returnTo = document.activeElement instanceof HTMLElement ? document.activeElement : null;
  const node = element(
    "dialog",
    { class: `task ${className}`, "aria-labelledby": id, onclose: leaveBehind },
    element("header", {}, element("h2", { id }, title), leave),
    form,
  );

  const keeping = kept && keepForm(form, { owner: signedIn().account_id, ...kept });
  if (keeping?.offer) bodyNode.prepend(keeping.offer);

  /** @param {Event} event */
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

  /** @param {boolean} isBusy */
  function setBusy(isBusy) {
    form.setAttribute("aria-busy", String(isBusy));
    if (sending) sending.disabled = isBusy;
  }

  function shut() {
    node.close();
  }

  function clear() {
    trouble.replaceChildren();
  }

  /**
   * Show why it did not work.
   *
   * @param {unknown} error
   */
  function fail(error) {
    trouble.replaceChildren(...troubleLines(error));
  }

  function leaveBehind() {
    keeping?.forget();
    node.remove();
    closed();
    if (returnTo?.isConnected) returnTo.focus();
    else if (returnTo?.dataset.focusKey) byFocusKey(document, returnTo.dataset.focusKey)?.focus();
  }

  document.body.append(node);
  node.showModal();
  return { node, form, close: shut, fail, clear };
}

/**
 * Ask for a yes; the answer of `act` counts as with `openDialog`.
 *
 * @param {{ title: string, body: string, yes: string, act: () => Promise<unknown>, isDangerous?: boolean }} options
 */
export function confirmDialog({ title, body, yes, act, isDangerous = false }) {
  return openDialog({ title, body: element("p", {}, body), submitText: yes, submitClass: isDangerous ? "danger" : "main", submit: act });
}

/**
 * Why it did not work, a line for each thing that is wrong.
 *
 * @param {unknown} error
 */
export const troubleLines = (error) => troubleTexts(error).map((words) => element("p", {}, words));
