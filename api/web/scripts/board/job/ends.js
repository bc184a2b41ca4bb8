/** What a technician said at the end of a job, in the reader's words: for its details, the list of what ended, and history. */

import { element, isThere } from "../../dom.js";
import { findingLists } from "../../findings.js";
import { number } from "../../format.js";
import { text } from "../../texts.js";
import { board } from "../state.js";

/**
 * `parts_used` as the service has it here (`[{name, quantity}]`) or with a report (`{id: quantity}`).
 *
 * @typedef {object} Told
 * @property {string | null} reason
 * @property {string | null} note
 * @property {Api.PartCount[] | Record<string, number> | null} parts_used
 * @property {string | null} signed_by
 *
 * @typedef {Told & import("../../findings.js").Findings} End
 */

/**
 * Reason, note, parts, what was ticked off and measured, and who signed, as far as they are given.
 *
 * @param {End} end
 */
export function endLines({ reason, note, parts_used: parts, signed_by: signer, ...findings }) {
  const used = partsOf(parts)
    .map(([name, quantity]) => `${number(quantity)} × ${name}`)
    .join(", ");
  return [
    reason ? element("p", {}, element("strong", {}, text(`obstacle.${reason}`))) : null,
    note ? element("p", { class: "quote" }, note) : null,
    used ? element("p", { class: "soft" }, text("told.parts", { parts: used })) : null,
    ...findingLists(findings),
    signer ? element("p", { class: "soft" }, text("told.signed_by", { name: signer })) : null,
  ].filter(isThere);
}

/**
 * @param {End["parts_used"]} parts
 * @returns {[name: string, quantity: number][]}
 */
function partsOf(parts) {
  if (Array.isArray(parts)) return parts.map(({ name, quantity }) => [name, quantity]);
  return Object.entries(parts ?? {}).map(([id, quantity]) => [board.parts[id] ?? id, quantity]);
}

/**
 * Whether it was done, as a badge.
 *
 * @param {Api.JobStatus} status
 */
export const endBadge = (status) =>
  element("span", { class: `badge ${status === "completed" ? "good" : "bad"}` }, text(`status.${status}`));
