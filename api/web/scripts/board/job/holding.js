/** Letting a job wait for something, until a day if one is known, and going on with it. */

import { element } from "../../dom.js";
import { ask } from "../../http.js";
import { text } from "../../texts.js";
import { openDialog } from "../dialogs.js";
import { clearFaults, field, tellAtFields } from "../fields.js";
import { done } from "../moves/changes.js";

/** @typedef {{ id: string, title: string, reason?: string | null, until?: Api.Day | null }} Held */

/** @param {Held} job */
export function openHold({ id, title, reason = null, until = null }) {
  const path = `/jobs/${encodeURIComponent(id)}`;
  const why = element("input", { value: reason ?? "", maxlength: 200, autocomplete: "off", required: true });
  const day = element("input", { type: "date", value: until ?? "" });
  openDialog({
    title: text("hold.title", { title }),
    body: [field("/hold_reason", text("form.hold_reason"), why), field("/hold_until", text("form.hold_until"), day)],
    submitText: text("hold.do"),
    submit: async (form) => {
      clearFaults(form);
      try {
        await ask("PATCH", path, { hold_reason: why.value, hold_until: day.value || null });
      } catch (error) {
        return tellAtFields(form, error);
      }
      done(text("hold.done", { title }), [{ method: "PATCH", path, body: { hold_reason: reason, hold_until: until } }]);
      return true;
    },
  });
  why.focus();
}

/** @param {Held} job */
export async function resume({ id, title, reason = null, until = null }) {
  const path = `/jobs/${encodeURIComponent(id)}`;
  await ask("PATCH", path, { hold_reason: null });
  const undo = reason ? [{ method: "PATCH", path, body: { hold_reason: reason, hold_until: until } }] : [];
  done(text("hold.resumed", { title }), undo);
}
