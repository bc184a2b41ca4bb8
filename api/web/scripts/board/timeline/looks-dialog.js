/** The choice of how rows are ordered, what bars say and are coloured by, and what a drop means. */

import { element } from "../../dom.js";
import { text } from "../../texts.js";
import { openDialog } from "../dialogs.js";
import { isUsuallyEarly, setUsuallyEarly } from "../moves/usual-drop.js";
import { COLOURS, looks, ORDERS, setLooks, TEXTS } from "./looks.js";

export function mountLooks() {
  const button = element("button", { type: "button", id: "looks", class: "quiet", onclick: open }, text("looks.open"));
  document.querySelector(".zoom")?.prepend(button);
}

function open() {
  /**
   * @param {keyof import("./looks.js").Looks} name
   * @param {readonly string[]} choices
   */
  const choice = (name, choices) => {
    const select = element(
      "select",
      { onchange: ({ currentTarget }) => setLooks({ [name]: currentTarget.value }) },
      choices.map((one) => element("option", { value: one }, text(`looks.${name}.${one}`))),
    );
    select.value = looks[name];
    return element("div", { class: "field" }, element("label", {}, text(`looks.${name}`), select));
  };
  const early = element("input", { type: "checkbox", onchange: ({ currentTarget }) => setUsuallyEarly(currentTarget.checked) });
  early.checked = isUsuallyEarly();
  openDialog({
    title: text("looks.open"),
    body: [
      choice("order", ORDERS),
      choice("text", TEXTS),
      choice("colour", COLOURS),
      element("label", { class: "check" }, early, " ", text("looks.early")),
    ],
  });
}
