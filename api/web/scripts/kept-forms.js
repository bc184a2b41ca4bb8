/**
 * What stands in a form that was not sent, kept in the tab for as long as the form is open: so that
 * it is there again after the tab has crashed or was loaded anew. Each is one person's, and is
 * offered when they open the same form again. Forms with passwords are never given to it.
 */

import { element, within } from "./dom.js";
import { day, time } from "./format.js";
import { text } from "./texts.js";

const PREFIX = "form/";

/**
 * What was kept of a form, and when.
 *
 * @template Content
 * @typedef {{ at: number, content: Content }} Kept
 */

/**
 * Keep what `read()` says of the form whenever somebody changes it, and offer what was kept before:
 * taken up, `restore` gets it. `read()` has to say the same as long as nothing was changed. Gives
 * `{offer, forget}`: what to show (null: nothing was kept), and to call once it is sent or left.
 *
 * @template Content
 * @param {HTMLFormElement} form
 * @param {{ owner: string, name: string, read: () => Content | null, restore: (content: Content) => void }} options
 * @returns {{ offer: HTMLElement | null, forget: () => void }}
 */
export function keepForm(form, { owner, name, read, restore }) {
  const key = `${PREFIX}${owner}/${name}`;
  const untouched = JSON.stringify(read());
  /** @type {Kept<Content> | null} */
  const before = kept(key);

  function keep() {
    const now = JSON.stringify(read());
    // Until it is decided about, what is offered stays.
    if (now === untouched) return offer?.isConnected && before ? put(key, before) : forget();
    return put(key, { at: Date.now(), content: JSON.parse(now) });
  }

  const forget = () => sessionStorage.removeItem(key);

  /** @param {Kept<Content>} taken */
  function takeUp(taken) {
    restore(taken.content);
    decided();
  }

  function decided() {
    offer?.remove();
    keep();
    within(form, "input, select, textarea")[0]?.focus();
  }

  const offer =
    before &&
    element(
      "div",
      { class: "notice kept-form", role: "status" },
      element("p", {}, text("kept_form.offer", { when: `${day(before.at)} ${time(before.at)}` })),
      element(
        "div",
        { class: "buttons" },
        element("button", { type: "button", class: "small", onclick: () => takeUp(before) }, text("kept_form.take_up")),
        element("button", { type: "button", class: "small quiet", onclick: decided }, text("kept_form.discard")),
      ),
    );

  for (const kind of ["input", "change", "keyup"]) form.addEventListener(kind, keep);
  // Buttons add and remove rows, and fill in. Once what they do is done:
  form.addEventListener("click", () => setTimeout(() => form.isConnected && keep()));
  return { offer, forget };
}

/** Whoever signs out leaves nothing behind. */
export function forgetForms() {
  for (const key of Object.keys(sessionStorage)) if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
}

/** @param {string} key */
function kept(key) {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? "null");
  } catch {
    return null;
  }
}

/**
 * @template Content
 * @param {string} key
 * @param {Kept<Content>} value
 */
function put(key, value) {
  try {
    sessionStorage.setItem(key, JSON.stringify(value));
  } catch {
    // There is no room: the form is none the worse for it.
  }
}
