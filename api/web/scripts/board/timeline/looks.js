/**
 * How rows are ordered, and what bars say and are coloured by: as this browser was last told. Listeners
 * of `looks` draw anew.
 */

import { text } from "../../texts.js";
import { colourName } from "../colours.js";
import { board, notify } from "../state.js";
import { dayOf } from "./items.js";

export const ORDERS = /** @type {const} */ (["id", "name", "territory", "skill", "load"]);
export const COLOURS = /** @type {const} */ (["technician", "status", "priority", "title", "customer"]);
export const TEXTS = /** @type {const} */ (["title", "customer", "status", "priority"]);

const KEPT_AS = "looks";
const ROUTE_COLOURS = 12;
const STATUSES = ["open", "scheduled", "dispatched", "en_route", "on_site", "completed", "cannot_complete", "on_hold", "cancelled"];
const PRIORITIES = ["low", "normal", "high", "urgent", "emergency"];

/** @typedef {{ order: string, colour: string, text: string }} Looks */

/** @type {Looks} */
export const looks = { order: "id", colour: "technician", text: "title", ...JSON.parse(localStorage.getItem(KEPT_AS) ?? "{}") };

/** @param {Partial<Looks>} wanted */
export function setLooks(wanted) {
  Object.assign(looks, wanted);
  localStorage.setItem(KEPT_AS, JSON.stringify(looks));
  notify("looks");
}

const names = new Intl.Collator("vi", { numeric: true });

/**
 * The technicians in the order of their rows.
 *
 * @param {Api.BoardTechnician[]} technicians
 */
export function inOrder(technicians) {
  /** @type {Map<string, number>} */
  const loads = looks.order === "load" ? new Map(technicians.map(({ id }) => [id, dayOf(id).used])) : new Map();
  return technicians.sort(
    (one, other) =>
      (loads.get(other.id) ?? 0) - (loads.get(one.id) ?? 0) ||
      names.compare(groupOf(one), groupOf(other)) ||
      (looks.order === "name" ? names.compare(one.name, other.name) : 0) ||
      names.compare(one.id, other.id),
  );
}

/**
 * What the technician's row is grouped by; empty without groups.
 *
 * @param {Api.BoardTechnician} technician
 */
export function groupOf({ territories, skills }) {
  if (looks.order === "territory") return [...territories].sort().join(", ");
  if (looks.order !== "skill") return "";
  const best = [...skills].sort((one, other) => other.level - one.level || names.compare(one.skill_id, other.skill_id))[0];
  return best ? (board.skills[best.skill_id] ?? best.skill_id) : "";
}

/**
 * The custom property with the colour of a visit's bar.
 *
 * @param {OnBoard.Job} job
 * @param {string} technicianId
 */
export function barColour(job, technicianId) {
  switch (looks.colour) {
    case "status":
      return numbered(STATUSES.indexOf(job.status));
    case "priority":
      return numbered(PRIORITIES.indexOf(job.priority));
    case "title":
      return numbered(sumOf(job.title));
    case "customer":
      return numbered(sumOf(job.site));
    default:
      return colourName(technicianId);
  }
}

/** @param {number} number */
const numbered = (number) => `--route-${Math.max(0, number) % ROUTE_COLOURS}`;

/**
 * The same for the same words, whatever else is on the board.
 *
 * @param {string} words
 */
const sumOf = (words) => [...words].reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % 65_521, 7);

/**
 * What a bar says, and what it says below that if there is room.
 *
 * @param {OnBoard.Job} job
 */
export function wordsOf(job) {
  if (looks.text === "customer") return [job.site, job.title];
  if (looks.text === "status") return [text(`status.${job.status}`), job.site];
  if (looks.text === "priority") return [text(`priority.${job.priority}`), job.site];
  return [job.title, job.site];
}
