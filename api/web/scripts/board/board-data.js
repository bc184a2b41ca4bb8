/** Reading the board from the service, whole or for some technicians. */

import { get } from "../http.js";
import { board } from "./state.js";
import { applyPart, replaceBoard } from "./taking-in.js";

/** So many technicians at once are more quickly read as a whole. */
const MOST_TECHNICIANS = 40;
let newest = 0;

/**
 * Read a day, or the days from it on, and show them; options are those of `get`.
 *
 * @param {Api.Day} [day]
 * @param {number} [days]
 * @param {import("../http.js").Options} [options]
 */
export async function readBoard(day = board.day, days = board.days, options = {}) {
  const mine = ++newest;
  const read = await get(`/board/${day}?days=${days}`, options);
  if (mine === newest) replaceBoard(read);
}

/**
 * Read what concerns these technicians anew, because of something that happened.
 *
 * @param {Iterable<string>} technicianIds
 */
export async function readTechnicians(technicianIds) {
  const ids = [...technicianIds];
  if (ids.length > MOST_TECHNICIANS) return readBoard(board.day, board.days, { quiet: true });
  const mine = newest;
  const query = ids.map((id) => `&technician_id=${encodeURIComponent(id)}`).join("");
  const read = await get(`/board/${board.day}?days=${board.days}${query}`, { quiet: true });
  if (mine === newest) applyPart(read, ids);
}
