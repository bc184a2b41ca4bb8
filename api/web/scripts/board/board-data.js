/** Reading the board from the service, whole or for some technicians. */

import { get } from "../http.js";
import { applyPart, board, replaceBoard } from "./state.js";

/** So many technicians at once are more quickly read as a whole. */
const MOST_TECHNICIANS = 40;
let newest = 0;

/** Read a day, or the days from it on, and show them. */
export async function readBoard(day = board.day, days = board.days) {
  const mine = ++newest;
  const read = await get(`/board/${day}?days=${days}`);
  if (mine === newest) replaceBoard(read);
}

/** Read what concerns these technicians anew. */
export async function readTechnicians(technicianIds) {
  const ids = [...technicianIds];
  if (ids.length > MOST_TECHNICIANS) return readBoard();
  const mine = newest;
  const query = ids.map((id) => `&technician_id=${encodeURIComponent(id)}`).join("");
  const read = await get(`/board/${board.day}?days=${board.days}${query}`);
  if (mine === newest) applyPart(read, ids);
}
