/** The jobs that are chosen together, to do something to all of them; the topic is `chosen`. */

import { board, isPlannable, notify, subscribe } from "../state.js";

/** @type {Set<string>} */
export const chosen = new Set();

/** What has gone from the board, or has begun, is not chosen any more. */
subscribe("board", () => {
  const gone = [...chosen].filter((id) => !canChoose(id));
  for (const id of gone) chosen.delete(id);
  if (gone.length) notify("chosen");
});

/**
 * Whether something can be done to the job together with others.
 *
 * @param {string} id
 */
export function canChoose(id) {
  const job = board.jobs.get(id);
  return Boolean(job && isPlannable(job) && !job.en_route_at && !job.arrived_at);
}

/**
 * Choose these too, or not any more.
 *
 * @param {Iterable<string>} ids
 * @param {boolean} [isWanted]
 */
export function choose(ids, isWanted = true) {
  for (const id of ids) {
    if (!isWanted) chosen.delete(id);
    else if (canChoose(id)) chosen.add(id);
  }
  notify("chosen");
}

export function chooseNone() {
  if (!chosen.size) return;
  chosen.clear();
  notify("chosen");
}
