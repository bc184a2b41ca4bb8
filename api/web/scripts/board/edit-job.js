/** Changing a job's details: what it is, how long, when, and what it needs. */

import { element } from "../dom.js";
import { ask } from "../http.js";
import { text } from "../texts.js";
import { done } from "./changes.js";
import { openDialog } from "./dialogs.js";
import { clearFaults, jobFields, showFaults } from "./job-form.js";

export function openEdit(job) {
  const { nodes, read } = jobFields(job);
  const before = read();
  const dialog = openDialog({
    title: text("form.edit_title", { id: job.id }),
    className: "wide",
    body: [...nodes, element("p", { class: "soft" }, text("form.edit_note"))],
    submitText: text("form.save"),
    submit: async (form) => {
      clearFaults(form);
      const after = read();
      const change = Object.fromEntries(Object.entries(after).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name])));
      if (!Object.keys(change).length) return true;
      const path = `/jobs/${encodeURIComponent(job.id)}`;
      try {
        await ask("PATCH", path, change, { headers: { "If-Match": `"${job.revision}"` } });
      } catch (error) {
        const homeless = showFaults(form, error.faults ?? []);
        if (error.faults?.length && !homeless.length) return false;
        throw Object.assign(error, error.faults ? { faults: homeless } : {});
      }
      const was = Object.fromEntries(Object.keys(change).map((name) => [name, before[name]]));
      done(text("form.changed", { title: job.title }), [{ method: "PATCH", path, body: was }]);
      return true;
    },
  });
  dialog.form.querySelector("input").focus();
}
