/** What a technician ticked off and measured, in the reader's words: on the board and on the phone. */

import { element, isThere } from "./dom.js";
import { text } from "./texts.js";

/**
 * As reports and visits that are over have it; the phone may have kept some by an earlier version
 * of the page, without all of it.
 *
 * @typedef {object} Findings
 * @property {Record<string, number>} readings
 * @property {string[]} [checked]
 * @property {string[]} [checklist]
 * @property {Api.WantedReadingOut[]} [readings_wanted]
 */

/**
 * Lists of what was ticked, what was not, and what was measured, as far as there is any of it.
 *
 * @param {Findings} findings
 */
export function findingLists({ readings, checked = [], checklist = [], readings_wanted: wanted = [] }) {
  const unticked = checklist.filter((line) => !checked.includes(line));
  const measured = Object.entries(readings).map(([name, value]) => {
    const limits = wanted.find((one) => one.name === name);
    return [[name, value, limits?.unit].filter(isThere).join(" "), limits ? outsideOf(limits, value) : null];
  });
  return [
    list(
      text("findings.ticked"),
      checked.map((line) => element("li", {}, line)),
    ),
    list(
      element("strong", {}, text("findings.unticked")),
      unticked.map((line) => element("li", {}, line)),
    ),
    list(
      text("findings.measured"),
      measured.map(([said, outside]) => element("li", {}, said, outside ? [" ", element("span", { class: "badge warn" }, outside)] : null)),
    ),
  ].filter(isThere);
}

/**
 * @param {string | HTMLElement} title
 * @param {HTMLElement[]} lines
 */
function list(title, lines) {
  return lines.length ? element("div", { class: "findings" }, element("p", { class: "soft" }, title), element("ul", {}, lines)) : null;
}

/**
 * What a reading should be, like "2 to 8 bar"; null if it may be anything.
 *
 * @param {Api.WantedReadingOut} wanted
 */
export const limitsOf = (wanted) => bounded("limits", wanted);

/**
 * That a number is not what it should be, like "outside 2 to 8 bar"; null if it is.
 *
 * @param {Api.WantedReadingOut} wanted
 * @param {number} value
 */
export function outsideOf(wanted, value) {
  const isInside = (wanted.least === null || value >= wanted.least) && (wanted.most === null || value <= wanted.most);
  return isInside ? null : bounded("outside", wanted);
}

/**
 * @param {"limits" | "outside"} what
 * @param {Api.WantedReadingOut} wanted
 */
function bounded(what, { unit, least, most }) {
  const [from, to] = [least, most].map((value) => [value, unit].filter(isThere).join(" "));
  if (least !== null && most !== null) return text(`${what}.between`, { least, most: to });
  if (least !== null) return text(`${what}.at_least`, { least: from });
  return most === null ? null : text(`${what}.at_most`, { most: to });
}
