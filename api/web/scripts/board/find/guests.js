/**
 * The chosen job where it is on none of the days shown: it is read by itself, so that its details
 * can be looked at and worked on all the same.
 */

import { get, Refused } from "../../http.js";
import { text } from "../../texts.js";
import { toast, toastTrouble } from "../../ui/toast.js";
import { board, notify, select, selection, subscribe } from "../state.js";

/** Changes come in bursts. */
const PAUSE_MILLISECONDS = 300;
let timer = 0;

export function mountGuests() {
  subscribe("selection", look);
  subscribe("board", lookSoon);
  subscribe("event:job", (event) => event.entity_id === selection.jobId && lookSoon());
}

function lookSoon() {
  clearTimeout(timer);
  timer = setTimeout(look, PAUSE_MILLISECONDS);
}

async function look() {
  const id = selection.jobId;
  // Nothing is known of any job before the first days are there.
  if (!id || !board.day || board.jobs.has(id)) return;
  try {
    const job = await get(`/jobs/${encodeURIComponent(id)}`, { quiet: true });
    const site = await get(`/sites/${encodeURIComponent(job.site_id)}`, { quiet: true });
    if (selection.jobId !== id) return;
    board.guest = asOnBoard(job, site);
    notify("guest");
  } catch (error) {
    if (selection.jobId !== id) return;
    if (!(error instanceof Refused) || ![404, 422].includes(error.status)) return toastTrouble(error);
    select({});
    toast(text("find.no_such_job", { id }));
  }
}

/**
 * @param {Api.JobOut} job
 * @param {Api.SiteOut} site
 * @returns {OnBoard.Job}
 */
function asOnBoard(job, site) {
  const moment = (/** @type {Api.Moment | null} */ at) => (at === null ? null : Date.parse(at));
  return {
    id: job.id,
    title: job.title,
    status: job.status,
    priority: job.priority,
    duration_minutes: job.duration_minutes,
    site_id: site.id,
    site: site.name,
    address: site.address,
    phone: site.phone,
    latitude: site.latitude,
    longitude: site.longitude,
    territory: site.territory,
    access_minutes: site.access_minutes,
    skills: Object.fromEntries(job.skills.map(({ skill_id: skill, level }) => [skill, level])),
    parts: Object.fromEntries(job.parts.map(({ part_id: part, quantity }) => [part, quantity])),
    tools: job.tools,
    windows: job.windows.map((one) => ({ ...one, starts_at: Date.parse(one.starts_at), ends_at: Date.parse(one.ends_at) })),
    due_at: moment(job.due_at),
    told_at: moment(job.told_at),
    pinned_technician_id: job.pinned_technician_id,
    pinned_start_at: moment(job.pinned_start_at),
    not_before_at: moment(job.not_before_at),
    en_route_at: moment(job.en_route_at),
    arrived_at: moment(job.arrived_at),
    departed_at: moment(job.departed_at),
    links: job.links,
    revision: job.revision,
  };
}
