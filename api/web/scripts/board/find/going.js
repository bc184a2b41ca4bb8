/** Going to a job wherever it is: to its day, with its details open. */

import { get } from "../../http.js";
import { show } from "../days.js";
import { openPanel } from "../panels/panel.js";
import { board, isShown, select } from "../state.js";
import { showJob } from "../timeline/cells.js";

/**
 * Show the job's details, on its day (null: it has none, and the days shown stay). Going back leads
 * to what was looked at before.
 *
 * @param {string} jobId
 * @param {Api.Day | null} day
 */
export async function goToJob(jobId, day) {
  if (day === null || isShown(day)) history.pushState(null, "", location.href);
  else await show(day, 1);
  select({ jobId });
  if (board.placed.has(jobId)) showJob(jobId);
  openPanel("job", { focus: true });
}

/**
 * The day of a job; null if it has none, or is not known.
 *
 * @param {string} jobId
 */
export async function dayOfJob(jobId) {
  const { found } = await get(`/search?kind=job&limit=1&q=${encodeURIComponent(jobId)}`);
  const [first] = found;
  return first?.id === jobId ? first.day : null;
}
