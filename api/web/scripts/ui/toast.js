/** Short messages at the bottom of the page, with buttons; they leave by themselves. */

import { element } from "../dom.js";
import { Refused, wasGivenUp } from "../http.js";
import { text } from "../texts.js";
import { troubleTexts } from "../troubles.js";
import { icon } from "./icons.js";

const STAY_MILLISECONDS = 12_000;
const MOST = 3;

const region = element("div", { class: "toasts", role: "status", "aria-live": "polite" });
document.body.append(region);

/**
 * Say something; `buttons` are `{label, act}`. Gives a function that takes it away.
 *
 * @param {string} words
 * @param {{ buttons?: OnBoard.Button[], kind?: string }} [options]
 * @returns {() => void}
 */
export function toast(words, { buttons = [], kind = "" } = {}) {
  const node = element(
    "div",
    { class: `toast ${kind}` },
    element("span", {}, words),
    ...buttons.map(({ label, act }) =>
      element(
        "button",
        {
          type: "button",
          class: "small",
          onclick: () => {
            leave();
            act();
          },
        },
        label,
      ),
    ),
    element("button", { type: "button", class: "square quiet small", "aria-label": text("close"), onclick: leave }, icon("close", 11)),
  );
  /** @type {number | undefined} */
  let timer;
  const wait = () => {
    timer = setTimeout(leave, STAY_MILLISECONDS);
  };
  // Nothing leaves while somebody is about to press it.
  for (const begin of ["pointerenter", "focusin"]) node.addEventListener(begin, () => clearTimeout(timer));
  for (const end of ["pointerleave", "focusout"]) node.addEventListener(end, wait);
  function leave() {
    clearTimeout(timer);
    node.remove();
  }
  region.append(node);
  while (region.children.length > MOST) region.firstElementChild?.remove();
  wait();
  return leave;
}

/**
 * Say why something did not work.
 *
 * @param {unknown} error
 */
export function toastTrouble(error) {
  // That somebody has to sign in again is said beside the connection.
  if (wasGivenUp(error) || (error instanceof Refused && error.status === 401)) return;
  toast(troubleTexts(error).join(" "), { kind: "bad" });
}
