/** A new job: where and what, then where it could go; one click takes an offer. */

import { byId, element, within } from "../../dom.js";
import { isoDay } from "../../format.js";
import { get, post } from "../../http.js";
import { text } from "../../texts.js";
import { icon } from "../../ui/icons.js";
import { readBoard } from "../board-data.js";
import { openDialog } from "../dialogs.js";
import { clearFaults, tellAtFields } from "../fields.js";
import { done } from "../moves/changes.js";
import { OFFERS, openOffers } from "../moves/offers.js";
import { openPanel } from "../panels/panel.js";
import { board, isShown, select } from "../state.js";
import { crewFields } from "./crew-form.js";
import { jobFields } from "./job-form.js";
import { sitePicker } from "./site-picker.js";
import { filledFrom, workTypeFields } from "./work-types.js";

export function mountNewJob() {
  byId("top-actions").append(
    element(
      "button",
      { type: "button", id: "new-job", class: "main", onclick: () => openNewJob() },
      icon("plus", 12),
      text("new_job.open"),
    ),
  );
}

/**
 * The form of a new job, at a site and for a machine that is known already.
 *
 * @param {{ site?: Api.SiteOut, asset?: Api.AssetOut | null }} [known]
 */
export function openNewJob({ site: at, asset = null } = {}) {
  const types = workTypeFields((type, machine) => fill({ ...fields.typed(), ...filledFrom(type, machine) }));
  const site = sitePicker({ changed: (siteId, assetId) => types.showMachines(siteId, assetId ?? "") });
  const place = element("div", { class: "edited" });
  let fields = jobFields();
  let crew = crewFields();
  place.replaceChildren(...fields.nodes, ...crew.nodes);
  if (at) site.choose(at, asset?.id ?? null);

  /** @param {Partial<import("./job-form.js").Typed>} typed */
  function fill(typed) {
    fields = jobFields(null, typed);
    place.replaceChildren(...fields.nodes, ...crew.nodes);
  }

  // However often it is sent, it makes one job.
  let key = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const asTyped = () => JSON.stringify([site.typed(), types.typed(), fields.typed(), crew.typed()]);
  const untouched = asTyped();
  const isUntouched = () => asTyped() === untouched;
  const dialog = openDialog({
    title: text("new_job.title"),
    className: "wide",
    body: [site.node, types.node, place],
    kept: {
      name: "new-job",
      // Also with its key: it may have been sent, and only the answer was lost.
      read: () => (isUntouched() ? null : { key, site: site.typed(), types: types.typed(), job: fields.typed(), crew: crew.typed() }),
      restore: (before) => {
        ({ key } = before);
        site.restore(before.site);
        if (before.types) {
          types.restore(before.types);
          types.showMachines(before.site.chosen?.id ?? null, before.types.asset);
        }
        crew = crewFields(before.crew);
        fill(before.job);
      },
    },
    submitText: text("new_job.create"),
    submit: async (form) => {
      clearFaults(form);
      try {
        const job = await post(
          "/jobs",
          { ...site.read(), ...types.read(), ...fields.read(), ...crew.read() },
          { headers: { "Idempotency-Key": key } },
        );
        await readBoard();
        dialog.close();
        offerPlaces(await firstStretch(job));
        return true;
      } catch (error) {
        return tellAtFields(form, error);
      }
    },
  });
  if (!at) site.input.focus();
  else within(place, "input")[0]?.focus();
}

/**
 * The first stretch of a job that is done in several, each of which comes after the one before: the others have no place before
 * it has one.
 *
 * @param {Api.JobOut} job
 */
async function firstStretch(job) {
  const first = `${job.id}-1`;
  const isLast = job.links.some(({ kind, job_ids: [before] }) => kind === "after" && before?.startsWith(`${job.id}-`));
  return isLast ? get(`/jobs/${encodeURIComponent(first)}`) : job;
}

/**
 * Where the job could go; it may be left for later, too.
 *
 * @param {Pick<Api.JobOut, "id" | "title" | "windows">} job
 */
export function offerPlaces(job) {
  const first = job.windows[0] ? isoDay(job.windows[0].starts_at) : board.day;
  const today = isoDay(Date.now());
  const dialog = openOffers(job, {
    title: text("offers.title"),
    day: first < today ? today : first,
    find: async (day) => (await get(`/jobs/${encodeURIComponent(job.id)}/options?day=${day}&limit=${OFFERS}`)).options,
    label: text("offers.take"),
    take: (option, day) => take(job, option, day),
    buttons: [
      element(
        "button",
        {
          type: "button",
          onclick: () => {
            dialog.close();
            select({ jobId: job.id });
            openPanel("job", { focus: true });
          },
        },
        text("offers.later"),
      ),
    ],
  });
}

/**
 * @param {Pick<Api.JobOut, "id" | "title">} job
 * @param {Api.PlaceOption} option
 * @param {Api.Day} day
 */
async function take(job, option, day) {
  await post(`/jobs/${encodeURIComponent(job.id)}/place`, { technician_id: option.technician_id, day });
  const back = { job_id: job.id, technician_id: null, start_at: null, hold: false, day, override: null, plan_version: null };
  done(text("offers.taken", { title: job.title, technician: option.technician }), [{ method: "POST", path: "/plan-changes", body: back }]);
  if (isShown(day)) select({ jobId: job.id, technicianId: option.technician_id });
}
