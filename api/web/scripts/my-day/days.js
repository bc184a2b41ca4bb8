/** Days as they were last read, kept on the phone, and asked for again cheaply. */

import { request } from "./service.js";
import { keep, read, readAll, remove } from "./store.js";

/** So many days back are kept. */
const DAYS_KEPT = 3;

const keyOf = (technicianId, iso) => `${technicianId}/${iso}`;

/** `{day, etag, seen, read_at}` or undefined; `seen` is the day that was last looked at. */
export const keptDay = (technicianId, iso) => read("days", keyOf(technicianId, iso));

/**
 * Ask for a day, and keep it. Returns `{status, kept}`: `kept` is what is known now, new or not.
 * `keeps` is false for who only looks in: nothing of others stays on their machine.
 */
export async function readDay(technicianId, iso, { keeps = true, known } = {}) {
  const path = `/technicians/${encodeURIComponent(technicianId)}/routes/${iso}`;
  const answer = await request("GET", path, { etag: known?.etag });
  let kept = known;
  if (answer.status === 200) {
    kept = { key: keyOf(technicianId, iso), day: answer.body, etag: answer.etag, seen: known?.seen ?? answer.body, read_at: Date.now() };
  } else if (answer.status === 304) {
    kept = { ...known, read_at: Date.now() };
  }
  if (keeps && kept && kept !== known) await keep("days", kept);
  return { status: answer.status, kept };
}

/** From now on, changes are against what is shown now. */
export async function lookAt(kept) {
  const seen = { ...kept, seen: kept.day };
  await keep("days", seen);
  return seen;
}

/** Let go of days long over, and of those of others. */
export async function forgetOld(technicianId, today) {
  const oldest = new Date(Date.parse(`${today}T00:00:00Z`) - DAYS_KEPT * 86_400_000).toISOString().slice(0, 10);
  for (const row of await readAll("days")) {
    const [whose, iso] = row.key.split("/");
    if (whose !== technicianId || iso < oldest) await remove("days", row.key);
  }
  for (const row of await readAll("values")) {
    const iso = /^ticks\/[^/]*\/(.*)$/.exec(row.key)?.[1];
    if (iso && iso < oldest) await remove("values", row.key);
  }
}
