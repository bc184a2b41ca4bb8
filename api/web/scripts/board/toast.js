/** Short messages at the bottom of the page, with buttons; they leave by themselves. */

import { element } from "../dom.js";
import { text } from "../texts.js";
import { troubleLines } from "./dialogs.js";
import { icon } from "./icons.js";

const STAY_MILLISECONDS = 12_000;
const MOST = 3;

const region = element("div", { class: "toasts", role: "status", "aria-live": "polite" });
document.body.append(region);

/** Say something; `buttons` are `{label, act}`. Gives a function that takes it away. */
export function toast(words, { buttons = [], kind = "" } = {}) {
  const node = element("div", { class: `toast ${kind}` },
    element("span", {}, words),
    ...buttons.map(({ label, act }) => element("button", { type: "button", class: "small", onclick: () => { leave(); act(); } }, label)),
    element("button", { type: "button", class: "square quiet small", "aria-label": text("close"), onclick: leave }, icon("close", 11)));
  let timer = null;
  const wait = () => { timer = setTimeout(leave, STAY_MILLISECONDS); };
  // Nothing leaves while somebody is about to press it.
  for (const [begin, end] of [["pointerenter", "pointerleave"], ["focusin", "focusout"]]) {
    node.addEventListener(begin, () => clearTimeout(timer));
    node.addEventListener(end, wait);
  }
  function leave() {
    clearTimeout(timer);
    node.remove();
  }
  region.append(node);
  while (region.children.length > MOST) region.firstChild.remove();
  wait();
  return leave;
}

/** Say why something did not work. */
export function toastTrouble(error) {
  if (error.name === "AbortError") return;
  toast(troubleLines(error).map((line) => line.textContent).join(" "), { kind: "bad" });
}
