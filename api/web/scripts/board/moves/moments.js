/** Moments in form fields: `2026-11-23T14:30`, in the company's time zone. */

import { isoDay, startOfDay, time } from "../../format.js";

/**
 * The value of a field for a moment; empty for none.
 *
 * @param {OnBoard.Moment | null | undefined} moment
 */
export const toField = (moment) => (moment === null || moment === undefined ? "" : `${isoDay(moment)}T${time(moment)}`);

/**
 * The moment that a field's value means; null for an empty one.
 *
 * @param {string} value
 * @returns {OnBoard.Moment | null}
 */
export function fromField(value) {
  if (!value) return null;
  const [day = "", clock = ""] = value.split("T");
  return atClock(day, clock);
}

/**
 * The moment at which clocks show `14:30` on a local day, also where they are changed that day.
 *
 * @param {Api.Day} day
 * @param {string} clock
 * @returns {OnBoard.Moment}
 */
export function atClock(day, clock) {
  const [hours = 0, minutes = 0] = clock.split(":").map(Number);
  const wanted = hours * 60 + minutes;
  const guess = startOfDay(day) + wanted * 60_000;
  const [shownHours = 0, shownMinutes = 0] = time(guess).split(":").map(Number);
  return guess + (wanted - shownHours * 60 - shownMinutes) * 60_000;
}

/**
 * As the service takes moments.
 *
 * @param {OnBoard.Moment | null} moment
 * @returns {Api.Moment | null}
 */
export const toWire = (moment) => (moment === null ? null : new Date(moment).toISOString());
