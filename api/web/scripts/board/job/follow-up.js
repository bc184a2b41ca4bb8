/** Another visit that takes up a job that is over, and saying that none is needed. */

import { element } from "../../dom.js";
import { get, post } from "../../http.js";
import { text } from "../../texts.js";
import { toastTrouble } from "../../ui/toast.js";
import { done } from "../moves/changes.js";
import { openPanel } from "../panels/panel.js";
import { board, select } from "../state.js";

/**
 * Buttons for what comes after a job that is over; `isFailed`: it could not be completed, and nobody
 * has said that nothing more is to be done.
 *
 * @param {string} jobId
 * @param {string} title
 * @param {{ isFailed: boolean }} options
 */
export function followUpButtons(jobId, title, { isFailed }) {
  const act = (/** @type {string} */ key, /** @type {() => Promise<unknown>} */ work) =>
    element(
      "button",
      {
        type: "button",
        class: "small",
        dataset: { focusKey: `${key}-${jobId}` },
        onclick: async ({ currentTarget }) => {
          currentTarget.disabled = true;
          try {
            await work();
          } catch (error) {
            currentTarget.disabled = false;
            toastTrouble(error);
          }
        },
      },
      text(`follow_up.${key}`),
    );
  return element(
    "div",
    { class: "buttons" },
    act("make", () => followUp(jobId, title)),
    isFailed ? act("close", () => close(jobId, title)) : null,
  );
}

/**
 * Make a job like it, for what it still lacks; when it is to be done is to be agreed anew.
 *
 * @param {string} jobId
 * @param {string} title
 */
async function followUp(jobId, title) {
  const { site_id, priority, duration_minutes, skills, parts, tools, preferred, allowed, forbidden, parts_used } = await get(
    `/jobs/${encodeURIComponent(jobId)}`,
  );
  const left = parts
    .map(({ part_id, quantity }) => ({ part_id, quantity: quantity - (parts_used?.[part_id] ?? 0) }))
    .filter(({ quantity }) => quantity > 0);
  const same = { site_id, priority, duration_minutes, skills, tools, preferred, allowed, forbidden };
  const made = await post("/jobs", { ...same, title, parts: left, follow_up_of: jobId });
  const show = {
    label: text("follow_up.show"),
    act: () => {
      select({ jobId: made.id });
      openPanel("job", { focus: true });
    },
  };
  done(text("follow_up.made", { title, id: made.id }), [{ method: "POST", path: `/jobs/${encodeURIComponent(made.id)}/cancel` }], [show]);
}

/**
 * @param {string} jobId
 * @param {string} title
 */
async function close(jobId, title) {
  await post(`/jobs/${encodeURIComponent(jobId)}/close`);
  done(text("follow_up.closed", { title }));
}

/**
 * Whether it is still to be decided what comes after the job, which could not be completed.
 *
 * @param {string} jobId
 */
export const isToBeSettled = (jobId) => board.issues.some((one) => one.kind === "failed_visit" && one.job_ids.includes(jobId));
