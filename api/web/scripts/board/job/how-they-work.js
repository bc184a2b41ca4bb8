/** How quick a technician is, how much a route of theirs may have, and what it costs. */

import { element } from "../../dom.js";
import { ask } from "../../http.js";
import { text } from "../../texts.js";
import { openDialog } from "../dialogs.js";
import { clearFaults, field, tellAtFields } from "../fields.js";
import { done } from "../moves/changes.js";
import { addTechnicianSection } from "./details.js";

/** @type {[name: keyof Api.HowTheyWork, key: string, least: number, most: number][]} */
const FIELDS = [
  ["pace_percent", "technician.pace_percent", 10, 1_000],
  ["max_visits", "technician.max_visits", 1, 1_000],
  ["max_travel_minutes", "technician.max_travel_minutes", 1, 1_440],
  ["max_distance_km", "technician.max_distance_km", 1, 10_000],
  ["cost_per_hour", "technician.cost_per_hour", 0, 100_000_000],
  ["cost_per_km", "technician.cost_per_km", 0, 1_000_000],
];

/**
 * What an empty field says: the usual pace, and otherwise no limit and no rate of their own.
 *
 * @param {keyof Api.HowTheyWork} name
 */
const emptied = (name) => (name === "pace_percent" ? 100 : null);

export function mountHowTheyWork() {
  addTechnicianSection((technician) =>
    element(
      "div",
      { class: "job-actions" },
      element(
        "button",
        { type: "button", class: "small", dataset: { focusKey: "how-they-work" }, onclick: () => openForm(technician) },
        text("technician.how"),
      ),
    ),
  );
}

/** @param {Api.BoardTechnician} technician */
function openForm(technician) {
  const fields = FIELDS.map(([name, key, min, max]) => {
    const value = technician[name] === null ? "" : String(technician[name]);
    const input = element("input", { type: "number", min, max, inputmode: "numeric", autocomplete: "off", value });
    return { name, input, node: field(`/${name}`, text(key), input) };
  });
  const typed = () => fields.map(({ input }) => input.value);
  const before = typed();
  openDialog({
    title: text("technician.how_title", { technician: technician.name }),
    body: [
      element(
        "div",
        { class: "fields two" },
        fields.map(({ node }) => node),
      ),
      element("p", { class: "soft" }, text("technician.how_note")),
    ],
    kept: {
      name: `how-they-work/${technician.id}`,
      read: () => (typed().join() === before.join() ? null : typed()),
      restore: (values) => {
        fields.forEach(({ input }, at) => {
          input.value = values[at] ?? "";
        });
      },
    },
    submitText: text("form.save"),
    submit: async (form) => {
      clearFaults(form);
      const path = /** @type {const} */ (`/technicians/${encodeURIComponent(technician.id)}`);
      const given = fields.map(({ name, input }) => [name, input.value === "" ? emptied(name) : Number(input.value)]);
      const was = Object.fromEntries(FIELDS.map(([name]) => [name, technician[name]]));
      try {
        await ask("PATCH", path, Object.fromEntries(given));
      } catch (error) {
        return tellAtFields(form, error);
      }
      done(text("technician.how_changed", { technician: technician.name }), [{ method: "PATCH", path, body: was }]);
      return true;
    },
  });
  fields[0]?.input.focus();
}
