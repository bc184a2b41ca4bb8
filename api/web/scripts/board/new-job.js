/** A new job: where and what, then where it could go; one click takes an offer. */

import { byId, element } from "../dom.js";
import { isoDay, longDay, startOfDay } from "../format.js";
import { get, post } from "../http.js";
import { text } from "../texts.js";
import { readBoard } from "./board-data.js";
import { done } from "./changes.js";
import { openDialog, troubleLines } from "./dialogs.js";
import { icon } from "./icons.js";
import { clearFaults, jobFields, showFaults } from "./job-form.js";
import { openPanel } from "./panel.js";
import { sitePicker } from "./site-picker.js";
import { board, dayAfter, select } from "./state.js";
import { place } from "./why-here.js";

const OFFERS = 8;

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
        openOffers(job);
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

/** Where a job could go: the best place with each technician, the cheapest first. */
function openOffers(job) {
  const list = element("ol", { class: "offers-list" });
  const status = element("p", { class: "soft", role: "status" });
  const first = job.windows[0] ? isoDay(job.windows[0].starts_at) : board.day;
  const today = isoDay(Date.now());
  const day = element("input", { type: "date", value: first < today ? today : first, onchange: look });
  const dialog = openDialog({
    title: text("offers.title"),
    className: "wide",
    body: [
      element("p", { class: "lead" }, element("strong", {}, job.title), " ", element("span", { class: "soft numbers" }, job.id)),
      element("div", { class: "fields three" }, element("label", {}, text("offers.day"), day)),
      status,
      list,
    ],
    buttons: [element("button", { type: "button", onclick: () => { dialog.close(); select({ jobId: job.id }); openPanel("job", { focus: true }); } }, text("offers.later"))],
  });
  look();

  async function look() {
    const wanted = day.value;
    if (!wanted) return;
    status.textContent = text("offers.looking");
    list.replaceChildren();
    try {
      const { options } = await get(`/jobs/${encodeURIComponent(job.id)}/options?day=${wanted}&limit=${OFFERS}`);
      if (day.value !== wanted) return;
      status.textContent = options.length ? text("offers.found", { count: options.length, day: longDay(startOfDay(wanted)) }) : text("offers.nothing", { day: longDay(startOfDay(wanted)) });
      list.replaceChildren(...options.map((option) => place(option, { label: text("offers.take"), act: () => take(option, wanted) })));
    } catch (error) {
      status.textContent = "";
      list.replaceChildren(element("li", {}, troubleLines(error)));
    }
  }

  async function take(option, wanted) {
    dialog.clear();
    try {
      await post(`/jobs/${encodeURIComponent(job.id)}/place`, { technician_id: option.technician_id, day: wanted });
    } catch (error) {
      dialog.fail(error);
      return;
    }
    const back = { job_id: job.id, technician_id: null, start_at: null, hold: false, day: wanted, override: null, plan_version: null };
    done(text("offers.taken", { title: job.title, technician: option.technician }), [{ method: "POST", path: "/plan-changes", body: back }]);
    dialog.close();
    if (wanted >= board.day && wanted < dayAfter(board.day, board.days)) select({ jobId: job.id, technicianId: option.technician_id });
  }
}
