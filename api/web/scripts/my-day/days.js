/** Days as they were last read, kept on the phone, and asked for again cheaply. */

import { request } from "./service.js";
import { change, read, readAll, remove } from "./store.js";

/** So many days back are kept. */
const DAYS_KEPT = 3;

/**
 * @param {string} technicianId
 * @param {Api.Day} iso
 */
const keyOf = (technicianId, iso) => `${technicianId}/${iso}`;

/**
 * `{day, etag, seen, read_at}` or undefined; `seen` is the day that was last looked at.
 *
 * @param {string} technicianId
 * @param {Api.Day} iso
 */
export const keptDay = (technicianId, iso) => read("days", keyOf(technicianId, iso));

/**
 * Ask for a day, and keep it. Returns `{status, kept, retryAfter}`: `kept` is what is known now, new or not.
 * `keeps` is false for who only looks in: nothing of others stays on their machine.
 *
 * @param {string} technicianId
 * @param {Api.Day} iso
 * @param {{ keeps?: boolean, known?: OnPhone.KeptDay }} [options]
 */
export async function readDay(technicianId, iso, { keeps = true, known } = {}) {
  const path = /** @type {const} */ (`/technicians/${encodeURIComponent(technicianId)}/routes/${iso}`);
  const { status, body, etag, retryAfter } = await request("GET", path, { etag: known?.etag });
  // Also what arrived, but not whole.
  const day = status === 200 ? body : status === 304 ? known?.day : null;
  if (!day) return { status, kept: known, retryAfter };
  const key = keyOf(technicianId, iso);
  const news = status === 200 ? { day, etag } : {};
  /**
   * What was looked at meanwhile, maybe in another tab, stays looked at.
   *
   * @param {OnPhone.KeptDay | undefined} row
   * @returns {OnPhone.KeptDay}
   */
  const alter = (row) => ({ day, etag, ...known, ...row, key, ...news, read_at: Date.now(), seen: row?.seen ?? known?.seen ?? day });
  return { status, kept: keeps ? await change("days", key, alter) : alter(known) };
}

/**
 * From now on, changes are against this day.
 *
 * @param {string} technicianId
 * @param {Api.Day} iso
 * @param {Api.DailyRoute} day
 */
export function lookAt(technicianId, iso, day) {
  return change("days", keyOf(technicianId, iso), (row) => ({
    key: keyOf(technicianId, iso),
    day,
    etag: null,
    read_at: Date.now(),
    ...row,
    seen: day,
  }));
}

/**
 * Let go of days long over, and of those of others.
 *
 * @param {string} technicianId
 * @param {Api.Day} today
 */
export async function forgetOld(technicianId, today) {
  const oldest = new Date(Date.parse(`${today}T00:00:00Z`) - DAYS_KEPT * 86_400_000).toISOString().slice(0, 10);
  for (const row of await readAll("days")) {
    const [whose, iso = ""] = row.key.split("/");
    if (whose !== technicianId || iso < oldest) await remove("days", row.key);
  }
  for (const row of await readAll("values")) {
    const iso = /^ticks\/[^/]*\/(.*)$/.exec(row.key)?.[1];
    if (iso && iso < oldest) await remove("values", row.key);
  }
}
