/** Of a job: whom to ask for, what whoever goes there should know, the promise, and what it waits for. */

import { element } from "../../dom.js";
import { text } from "../../texts.js";
import { field } from "../fields.js";
import { toWire } from "../moves/moments.js";

/**
 * What is said of a job, and what stands in the fields of it.
 *
 * @typedef {Pick<Api.JobOut, "contact_name" | "contact_phone" | "note" | "hold_reason" | "hold_until"> & { told_at: OnBoard.Moment | null }} Said
 * @typedef {{ contact: string, contactPhone: string, note: string, told: boolean, holdReason: string, holdUntil: string }} TypedContact
 */

/**
 * Gives elements, body and what stands in the fields, as `jobFields` does.
 *
 * @param {Said | null} job
 * @param {Partial<TypedContact>} given
 */
export function contactFields(job, given) {
  const line = (/** @type {string | null | undefined} */ value, more = {}) =>
    element("input", { value: value ?? "", maxlength: 200, autocomplete: "off", ...more });
  const name = line(given.contact ?? job?.contact_name);
  const phone = line(given.contactPhone ?? job?.contact_phone, { type: "tel" });
  const note = element("textarea", { rows: 2, maxlength: 2000 }, given.note ?? job?.note ?? "");
  const told = element("input", { type: "checkbox" });
  told.checked = given.told ?? Boolean(job?.told_at);
  const reason = line(given.holdReason ?? job?.hold_reason);
  const until = element("input", { type: "date", value: given.holdUntil ?? job?.hold_until ?? "" });
  return {
    nodes: [
      element(
        "div",
        { class: "fields two" },
        field("/contact_name", text("form.contact"), name),
        field("/contact_phone", text("form.contact_phone"), phone),
      ),
      field("/note", text("form.note"), note),
      element(
        "div",
        { class: "fields two" },
        field("/hold_reason", text("form.hold_reason"), reason),
        field("/hold_until", text("form.hold_until"), until),
      ),
      element("label", { class: "check" }, told, " ", text("form.told")),
    ],
    /** @returns {TypedContact} */
    typed: () => ({
      contact: name.value,
      contactPhone: phone.value,
      note: note.value,
      told: told.checked,
      holdReason: reason.value,
      holdUntil: until.value,
    }),
    read: () => ({
      contact_name: name.value.trim() || null,
      contact_phone: phone.value.trim() || null,
      // The service keeps lines as one.
      note: note.value.trim().replace(/\s*\n\s*/g, " / ") || null,
      hold_reason: reason.value.trim() || null,
      hold_until: until.value || null,
      told_at: told.checked ? toWire(job?.told_at ?? toldNow) : null,
    }),
  };
}

/** One moment for as long as the page is open: reading a form twice gives the same. */
const toldNow = Date.now();
