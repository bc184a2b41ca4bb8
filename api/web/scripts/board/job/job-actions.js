/** What can be done to the selected job in place: pin, priority, edit, off the plan, cancel, call. */

import { element } from "../../dom.js";
import { isoDay } from "../../format.js";
import { ask, post } from "../../http.js";
import { text } from "../../texts.js";
import { icon } from "../../ui/icons.js";
import { toastTrouble } from "../../ui/toast.js";
import { openDialog } from "../dialogs.js";
import { PRIORITIES } from "../filters.js";
import { done, undoOf } from "../moves/changes.js";
import { judgeAndCarryOut } from "../moves/drop.js";
import { offerOtherDays } from "../moves/offers.js";
import { pin } from "../moves/pins.js";
import { board, isPlannable } from "../state.js";
import { phoneButton } from "../words.js";
import { addJobSection } from "./details.js";
import { openEdit } from "./edit-job.js";
import { openHold, resume } from "./holding.js";

/**
 * Statuses in which a job can still be changed; see `PATCH /jobs/{job_id}`.
 *
 * @type {Api.JobStatus[]}
 */
const CHANGEABLE = ["open", "scheduled", "dispatched", "on_hold"];
/** @type {Api.JobStatus[]} */
const OVER = ["completed", "cannot_complete", "cancelled"];
/**
 * The section that is shown, and of what.
 *
 * @type {{ signed: string, node: HTMLElement } | null}
 */
let shown = null;

export function mountJobActions() {
  addJobSection(section, { atTop: true });
}

/** @type {import("./details.js").JobSection} */
function section(job, placed) {
  // The same controls as long as they mean the same: focus stays in them.
  const signed = JSON.stringify([
    job.id,
    job.status,
    job.priority,
    job.pinned_technician_id,
    job.pinned_start_at,
    job.en_route_at,
    Boolean(placed),
    job.phone,
  ]);
  if (shown?.signed !== signed) {
    shown = { signed, node: controls(job, placed) };
  }
  return shown.node;
}

/**
 * @param {OnBoard.Job} job
 * @param {OnBoard.Placed | undefined} placed
 */
function controls(job, placed) {
  /**
   * @param {string} key
   * @param {() => unknown} act
   * @param {{ kind?: string, drawing?: import("../../ui/icons.js").IconName | null, label?: string }} [looks]
   */
  const button = (key, act, { kind = "", drawing = null, label = text(`job.do_${key}`) } = {}) =>
    element(
      "button",
      { type: "button", class: `small ${kind}`, dataset: { focusKey: `job-${key}` }, onclick: act },
      drawing ? icon(drawing, 12) : null,
      label,
    );
  const canChange = CHANGEABLE.includes(job.status);
  const canPin = placed && isPlannable(job);
  return element(
    "div",
    { class: "job-actions", role: "group", "aria-label": text("job.actions") },
    canPin && !job.pinned_technician_id ? button("pin_technician", () => pin(job.id, "technician"), { drawing: "pin" }) : null,
    canPin && !job.pinned_start_at ? button("pin_time", () => pin(job.id, "time"), { drawing: "clock" }) : null,
    canChange && job.pinned_technician_id ? button("unpin", () => pin(job.id, null), { drawing: "pin" }) : null,
    canChange ? priorityChoice(job) : null,
    canChange ? button("edit", () => openEdit(job.id).catch(toastTrouble)) : null,
    canPin && !job.en_route_at ? button("other_day", () => offerOtherDays(job)) : null,
    !canChange
      ? null
      : job.status === "on_hold"
        ? button("resume", () => resume(job).catch(toastTrouble))
        : button("hold", () => openHold(job)),
    canPin ? button("off_plan", () => takeOff(job, placed)) : null,
    job.phone ? phoneButton(job.phone, { "aria-label": text("job.do_call", { phone: job.phone }) }) : null,
    OVER.includes(job.status) ? null : button("cancel", () => askToCancel(job), { kind: "danger" }),
  );
}

/** @param {OnBoard.Job} job */
function priorityChoice(job) {
  const select = element(
    "select",
    {
      class: "small",
      "aria-label": text("filter.priority"),
      dataset: { focusKey: "job-priority" },
      onchange: ({ currentTarget }) => setPriority(job, currentTarget.value),
    },
    PRIORITIES.map((one) => element("option", { value: one }, text("job.with_priority", { priority: text(`priority.${one}`) }))),
  );
  select.value = job.priority;
  return select;
}

/**
 * @param {OnBoard.Job} job
 * @param {string} priority
 */
async function setPriority(job, priority) {
  const path = `/jobs/${encodeURIComponent(job.id)}`;
  try {
    await ask("PATCH", path, { priority });
    done(text("job.priority_set", { title: job.title, priority: text(`priority.${priority}`) }), [
      { method: "PATCH", path, body: { priority: job.priority } },
    ]);
  } catch (error) {
    toastTrouble(error);
  }
}

/**
 * @param {OnBoard.Job} job
 * @param {OnBoard.Placed} placed
 */
function takeOff(job, placed) {
  const day = isoDay(placed.route.shift_starts_at);
  judgeAndCarryOut({ job_id: job.id, technician_id: null, start_at: null, hold: false, day }).catch(toastTrouble);
}

/** @param {Pick<OnBoard.Job, "id" | "title" | "site" | "links"> & Partial<Pick<OnBoard.Job, "en_route_at">>} job */
export function askToCancel(job) {
  const crew = job.links.find(({ kind }) => kind === "together")?.job_ids.filter((id) => id !== job.id) ?? [];
  const whole = element("input", { type: "checkbox", checked: true });
  openDialog({
    title: text("job.cancel_title"),
    body: [
      element("p", {}, text(board.placed.has(job.id) ? "job.cancel_placed" : "job.cancel_open", { title: job.title, site: job.site })),
      crew.length ? element("label", { class: "check" }, whole, " ", text("job.cancel_crew", { jobs: crew.join(", ") })) : null,
    ],
    submitText: text("job.cancel_yes"),
    submitClass: "danger",
    submit: async () => {
      const ids = crew.length && whole.checked ? [job.id, ...crew] : [job.id];
      const words = text("job.cancelled", { title: job.title });
      if (job.en_route_at) {
        // What has begun is not taken up again where it was.
        await post(`/jobs/${encodeURIComponent(job.id)}/cancel${ids.length > 1 ? "?crew=true" : ""}`);
        done(words);
        return;
      }
      const { plan_version: version } = await post("/plan-changes/several", { action: "cancel", job_ids: ids });
      done(words, undoOf(version));
    },
  });
}
