/** How many of a part were taken, out of which depot or van. */

import { element } from "../dom.js";
import { number } from "../format.js";
import { text } from "../texts.js";
import { icon } from "./icons.js";
import { stepper } from "./stepper.js";

/**
 * What a technician has taken; `title` is the part's name, `place` that of where it was.
 *
 * @typedef {{ content: Omit<Api.NewStockTransfer, "id" | "at">, title: string, place: string }} Taken
 */

/**
 * Who has the part; `ownToFetch`: how many the technician's own plan fetches there.
 *
 * @typedef {{ name: string, toSpare: number, ownToFetch: number, source: { depot_id: string } | { from_technician_id: string } }} From
 */

/**
 * `send` is given what was taken.
 *
 * @param {Api.PartOut} part
 * @param {From} from
 * @param {{ back: () => unknown, send: (taken: Taken) => unknown }} deeds
 */
export function takingView(part, { name, toSpare, ownToFetch, source }, { back, send }) {
  let quantity = 1;
  const isPromised = element("p", { class: "soft" });
  const note = () => {
    isPromised.textContent = quantity > toSpare ? text("places.beyond_spare") : "";
  };
  note();
  const given = (/** @type {number} */ chosen) => {
    quantity = chosen;
    note();
  };
  return element(
    "div",
    { class: "sheet-part" },
    element("p", {}, text("places.take_from", { source: name })),
    ownToFetch ? element("p", { class: "card notice" }, text("places.planned", { number: number(ownToFetch) })) : null,
    element("ul", { class: "steppers" }, element("li", {}, stepper(part.name, quantity, given, { least: 1 }))),
    isPromised,
    element(
      "div",
      { class: "pair" },
      element("button", { class: "big", onclick: back }, text("places.back")),
      element(
        "button",
        {
          class: "main big",
          onclick: () => send({ content: { part_id: part.id, quantity, ...source }, title: part.name, place: name }),
        },
        icon("check"),
        text("places.note_down"),
      ),
    ),
  );
}
