/** Pinning a job where it is, to its technician or also to its time, and letting go. */

import { ask } from "../../http.js";
import { text } from "../../texts.js";
import { toastTrouble } from "../../ui/toast.js";
import { board } from "../state.js";
import { jobTitle } from "../words.js";
import { done } from "./changes.js";

/**
 * `to`: `technician`, `time`, or null to let plans move it again.
 *
 * @param {string} jobId
 * @param {"technician" | "time" | null} to
 */
export async function pin(jobId, to) {
  const path = `/jobs/${encodeURIComponent(jobId)}`;
  const before = board.jobs.get(jobId);
  try {
    if (to) await ask("PUT", `${path}/pin`, { to });
    else await ask("DELETE", `${path}/pin`);
    const was = {
      pinned_technician_id: before?.pinned_technician_id ?? null,
      pinned_start_at: before?.pinned_start_at ? new Date(before.pinned_start_at).toISOString() : null,
    };
    done(text(`pin.done_${to ?? "off"}`, { title: jobTitle(jobId) }), [{ method: "PATCH", path, body: was }]);
  } catch (error) {
    toastTrouble(error);
  }
}

/**
 * For a toast: to hold the job where it was just put.
 *
 * @returns {OnBoard.Button}
 * @param {string} jobId
 */
export const pinButton = (jobId) => ({ label: text("pin.time"), act: () => pin(jobId, "time") });
