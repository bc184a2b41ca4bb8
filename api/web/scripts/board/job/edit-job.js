/** Changing a job's details: what it is and about which machine, how long, when, and what it needs. */

import { element, within } from "../../dom.js";
import { ask, get, Refused } from "../../http.js";
import { text } from "../../texts.js";
import { openDialog, troubleLines } from "../dialogs.js";
import { clearFaults, differing, tellAtFields } from "../fields.js";
import { done } from "../moves/changes.js";
import { asOnBoard, jobFields } from "./job-form.js";
import { filledFrom, workTypeFields } from "./work-types.js";

/**
 * What a job is made from, and the machine that it is about.
 *
 * @typedef {Pick<Api.JobOut, "work_type_id" | "asset_id">} Work
 */

/**
 * What the fields are called, by their names in the body.
 *
 * @type {[name: keyof Work | keyof ReturnType<import("./job-form.js").Fields["read"]>, key: string][]}
 */
const NAMES = [
  ["work_type_id", "form.work_type"],
  ["asset_id", "form.machine"],
  ["title", "form.what"],
  ["priority", "filter.priority"],
  ["duration_minutes", "form.minutes"],
  ["due_at", "job.due"],
  ["windows", "form.windows"],
  ["skills", "job.skills"],
  ["parts", "job.parts"],
  ["tools", "job.tools"],
  ["contact_name", "form.contact"],
  ["contact_phone", "form.contact_phone"],
  ["note", "form.note"],
  ["hold_reason", "form.hold_reason"],
  ["hold_until", "form.hold_until"],
  ["told_at", "form.told"],
  ["preferred", "form.preferred"],
  ["allowed", "form.allowed"],
  ["forbidden", "form.forbidden"],
];

/** @param {string} jobId */
export async function openEdit(jobId) {
  const path = /** @type {const} */ (`/jobs/${encodeURIComponent(jobId)}`);
  // The board has not all of it.
  const job = await get(path);
  const place = element("div", { class: "edited" });
  const stale = element("div", { class: "notice stale", role: "alert", hidden: true });
  let { revision } = job;
  /** The job as it was when it was read: its fields are never shown. */
  let known = { ...unchanged(asOnBoard(job)), work: workOf(job) };
  let fields = shown({});
  const types = workTypeFields((type, machine) => {
    fields = shown({ ...fields.typed(), ...filledFrom(type, machine) });
  });
  showWork({});

  /**
   * The job as it is, and what was typed over it.
   *
   * @param {Partial<import("./job-form.js").Typed>} typed
   */
  function shown(typed) {
    const filled = jobFields(known.job, { ...known.typed, ...typed });
    place.replaceChildren(...filled.nodes);
    return filled;
  }

  /** @param {Partial<Work>} chosen over what the job says */
  function showWork(chosen) {
    const { work_type_id: type, asset_id: asset } = { ...known.work, ...chosen };
    types.restore({ type: type ?? "", asset: asset ?? "" });
    types.showMachines(job.site_id, asset ?? "");
  }

  /** @returns {Work} */
  function work() {
    // As chosen, also while the site's machines are not there yet.
    const { type, asset } = types.typed();
    return { work_type_id: type || null, asset_id: asset || null };
  }

  const workChanged = () => differing(known.work, work());
  const changed = () => ({ ...workChanged(), ...differing(known.body, fields.read()) });
  const asRead = () => ({ ...known.work, ...known.body });
  // Only what is different: others may change the rest meanwhile.
  const typedOver = () => differing(known.typed, fields.typed());

  async function readAnew() {
    const [mine, typed, chosen, was] = [changed(), typedOver(), workChanged(), asRead()];
    try {
      const fresh = await get(path);
      known = { ...unchanged(asOnBoard(fresh)), work: workOf(fresh) };
      fields = shown(typed);
      showWork(chosen);
      ({ revision } = fresh);
      clearFaults(dialog.form);
      const others = namesOf(differing(was, asRead()));
      stale.replaceChildren(
        element("p", {}, text(others ? "form.changed_by_others" : "form.changed_elsewhere", { fields: others })),
        element("p", {}, namesOf(mine) ? text("form.yours_kept", { fields: namesOf(mine) }) : ""),
      );
      place.querySelector("input")?.focus();
    } catch (error) {
      stale.replaceChildren(...troubleLines(error), again());
    }
  }

  const again = () => element("button", { type: "button", class: "small", onclick: readAnew }, text("form.read_again"));

  const dialog = openDialog({
    title: text("form.edit_title", { id: job.id }),
    className: "wide",
    body: [stale, types.node, place, element("p", { class: "soft" }, text("form.edit_note"))],
    kept: {
      name: `edit-job/${job.id}`,
      read: () => ({ ...typedOver(), ...workChanged() }),
      restore: ({ work_type_id: type, asset_id: asset, ...typed }) => {
        fields = shown(typed);
        showWork({ ...(type === undefined ? {} : { work_type_id: type }), ...(asset === undefined ? {} : { asset_id: asset }) });
      },
    },
    submitText: text("form.save"),
    submit: async (form) => {
      clearFaults(form);
      const change = changed();
      if (!Object.keys(change).length) return true;
      try {
        await ask("PATCH", path, change, { headers: { "If-Match": `"${revision}"` } });
      } catch (error) {
        if (!(error instanceof Refused) || error.status !== 412) return tellAtFields(form, error);
        const button = again();
        stale.hidden = false;
        stale.replaceChildren(...troubleLines(error), button);
        button.focus();
        return false;
      }
      const was = Object.fromEntries(Object.entries(asRead()).filter(([name]) => name in change));
      done(text("form.changed", { title: job.title }), [{ method: "PATCH", path, body: was }]);
      return true;
    },
  });
  within(place, "input")[0]?.focus();
}

/**
 * @param {Api.JobOut} job
 * @returns {Work}
 */
const workOf = ({ work_type_id, asset_id }) => ({ work_type_id, asset_id });

/**
 * What the fields say as long as nobody has changed them.
 *
 * @param {import("./job-form.js").FormJob} job
 */
function unchanged(job) {
  const fields = jobFields(job);
  return { job, body: fields.read(), typed: fields.typed() };
}

/** @param {object} changes */
const namesOf = (changes) =>
  NAMES.filter(([name]) => name in changes)
    .map(([, key]) => text(key))
    .join(", ");
