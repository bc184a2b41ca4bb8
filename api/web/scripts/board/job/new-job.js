/** A new job: where and what, then where it could go; one click takes an offer. */

import { byId, element } from "../dom.js";
import { isoDay } from "../format.js";
import { get, post } from "../http.js";
import { text } from "../texts.js";
import { readBoard } from "./board-data.js";
import { done } from "./changes.js";
import { openDialog } from "./dialogs.js";
import { icon } from "./icons.js";
import { clearFaults, jobFields, showFaults } from "./job-form.js";
import { OFFERS, openOffers } from "./offers.js";
import { openPanel } from "./panel.js";
import { sitePicker } from "./site-picker.js";
import { board, isShown, select } from "./state.js";

export function mountNewJob() {
  byId("top-actions").append(element("button", { type: "button", id: "new-job", class: "main", onclick: openNewJob }, icon("plus", 12), text("new_job.open")));
}

function openNewJob() {
  const site = sitePicker();
  const { nodes, read } = jobFields();
  // However often it is sent, it makes one job.
  const key = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const dialog = openDialog({
    title: text("new_job.title"),
    className: "wide",
    body: [site.node, ...nodes],
    submitText: text("new_job.create"),
    submit: async (form) => {
      clearFaults(form);
      try {
        const job = await post("/jobs", { ...site.read(), ...read() }, { headers: { "Idempotency-Key": key } });
        await readBoard();
        dialog.close();
        offer(job);
      } catch (error) {
        const homeless = showFaults(form, error.faults ?? []);
        if (error.faults?.length && !homeless.length) return false;
        throw Object.assign(error, error.faults ? { faults: homeless } : {});
      }
      return true;
    },
  });
  site.input.focus();
}

/** Where the new job could go; it may be left for later, too. */
function offer(job) {
  const first = job.windows[0] ? isoDay(job.windows[0].starts_at) : board.day;
  const today = isoDay(Date.now());
  const dialog = openOffers(job, {
    title: text("offers.title"),
    day: first < today ? today : first,
    find: async (day) => (await get(`/jobs/${encodeURIComponent(job.id)}/options?day=${day}&limit=${OFFERS}`)).options,
    label: text("offers.take"),
    take: (option, day) => take(job, option, day),
    buttons: [element("button", { type: "button", onclick: () => { dialog.close(); select({ jobId: job.id }); openPanel("job", { focus: true }); } }, text("offers.later"))],
  });
}

async function take(job, option, day) {
  await post(`/jobs/${encodeURIComponent(job.id)}/place`, { technician_id: option.technician_id, day });
  const back = { job_id: job.id, technician_id: null, start_at: null, hold: false, day, override: null, plan_version: null };
  done(text("offers.taken", { title: job.title, technician: option.technician }), [{ method: "POST", path: "/plan-changes", body: back }]);
  if (isShown(day)) select({ jobId: job.id, technicianId: option.technician_id });
}
