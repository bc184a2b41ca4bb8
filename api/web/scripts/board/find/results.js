/** How what was found is shown: a line for each thing, with where the words are. */

import { element } from "../../dom.js";
import { day as shortDay, startOfDay, time } from "../../format.js";
import { text } from "../../texts.js";
import { icon } from "../../ui/icons.js";

/** @type {Record<Api.FoundThing["kind"], import("../../ui/icons.js").IconName>} */
const DRAWINGS = { job: "clock", site: "on_site", asset: "fit", technician: "person" };

/**
 * A line of the list.
 *
 * @param {Api.FoundThing} one
 * @param {string} id
 * @param {() => void} choose
 */
export function resultLine(one, id, choose) {
  const number = one.name === one.id ? null : element("span", { class: "soft numbers" }, ` ${one.id}`);
  return element(
    "li",
    {
      role: "option",
      id,
      class: "result",
      "aria-selected": "false",
      onpointerdown: (event) => {
        // The field keeps the focus, and the list stays.
        event.preventDefault();
      },
      onclick: choose,
    },
    icon(DRAWINGS[one.kind], 13),
    element(
      "span",
      { class: "result-words" },
      element(
        "span",
        {},
        element("span", { class: "visually-hidden" }, `${text(`find.a_${one.kind}`)}: `),
        element("strong", {}, one.name),
        number,
      ),
      element("span", { class: "soft" }, whereabouts(one)),
      element("span", { class: "soft result-matched" }, matched(one)),
    ),
    one.kind === "job" ? element("span", { class: "result-when numbers" }, ...whenLines(one)) : null,
  );
}

/** @param {Api.FoundThing} one */
function whereabouts({ kind, site, address, phone, asset }) {
  const parts =
    kind === "technician" ? [phone] : kind === "site" ? [address, phone] : [site, address, kind === "job" ? asset : null, phone];
  return parts.filter(Boolean).join(" · ");
}

/** @param {Api.FoundThing} one */
const matched = ({ matched: places }) =>
  places.length ? text("find.matched", { places: places.map((place) => text(`find.in_${place}`)).join(", ") }) : "";

/**
 * Day, time and technician, or what has become of it.
 *
 * @param {Api.FoundThing} one
 */
function whenLines({ day, start_at: start, technician, status }) {
  const when = day === null ? text("find.no_day") : [shortDay(startOfDay(day)), start ? time(start) : null].filter(Boolean).join(" ");
  return [element("span", {}, when), element("span", { class: "soft" }, technician ?? (status ? text(`status.${status}`) : ""))];
}
