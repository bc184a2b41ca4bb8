/** Of a new job: who else is needed there at the same time, how long at most it is worked at a time, and what has to be done before. */

import { element } from "../../dom.js";
import { text } from "../../texts.js";
import { field } from "../fields.js";
import { board } from "../state.js";
import { chosenRow, rowsOf } from "./form-rows.js";

/**
 * What stands in the fields, sound or not.
 *
 * @typedef {{ title: string, minutes: string, skill: import("./form-rows.js").Choice }} TypedPlace
 * @typedef {{ job: string, least: string, most: string, unit: string, person: string }} TypedEarlier
 * @typedef {{ crew: TypedPlace[], after: TypedEarlier[], longest: string }} TypedCrew
 */

const UNITS = { hours: 60, days: 1440 };
const PERSONS = ["any", "same", "different"];

/**
 * Gives the elements, the fields of the body, and what stands in them, as `jobFields` does.
 *
 * @param {Partial<TypedCrew>} [typed]
 */
export function crewFields(typed = {}) {
  const jobs = element(
    "datalist",
    { id: "jobs-to-come-after" },
    [...board.jobs.values()].map(({ id, title }) => element("option", { value: id, label: title })),
  );
  const crew = rowsOf({ pointer: "/crew", label: text("form.crew"), add: text("form.add_place"), make: placeRow, given: typed.crew ?? [] });
  const longest = element("input", { type: "number", class: "numbers", min: 5, max: 1440, step: 5, value: typed.longest ?? "" });
  const after = rowsOf({
    pointer: "/after",
    label: text("form.after"),
    add: text("form.add_earlier"),
    make: (given) => earlierRow(given, jobs.id),
    given: typed.after ?? [],
  });
  return {
    nodes: [field("/longest_stretch_minutes", text("form.longest_stretch"), longest), crew.node, after.node, jobs],
    /** @returns {TypedCrew} */
    typed: () => ({ crew: crew.read(), after: after.read(), longest: longest.value }),
    read: () => ({
      longest_stretch_minutes: longest.value === "" ? null : Number(longest.value) || 0,
      crew: crew.read().map(({ title, minutes, skill: [id, level] }) => ({
        title: title.trim() || null,
        duration_minutes: minutes === "" ? null : Number(minutes) || 0,
        skills: id ? [{ skill_id: id, level }] : [],
      })),
      after: after.read().map(({ job, least, most, unit, person }) => {
        const factor = unit === "days" ? UNITS.days : UNITS.hours;
        return {
          job_id: job.trim(),
          least_minutes: Math.round(Number(least) * factor) || 0,
          most_minutes: most === "" ? null : Math.round(Number(most) * factor),
          person,
        };
      }),
    }),
  };
}

/** @param {TypedPlace | null} given */
function placeRow(given) {
  const title = element("input", {
    value: given?.title ?? "",
    maxlength: 200,
    autocomplete: "off",
    placeholder: text("form.place_title"),
    "aria-label": text("form.place_title"),
  });
  const minutes = element("input", {
    type: "number",
    class: "numbers short",
    min: 5,
    max: 1440,
    step: 5,
    value: given?.minutes ?? "",
    placeholder: text("form.place_minutes"),
    "aria-label": text("form.minutes"),
  });
  const skill = chosenRow(board.skills, text("form.skill"), text("form.level"), 10)(given?.skill ?? null);
  return {
    nodes: [title, minutes, ...skill.nodes],
    read: () => ({ title: title.value, minutes: minutes.value, skill: skill.read() }),
  };
}

/**
 * @param {TypedEarlier | null} given
 * @param {string} listId
 */
function earlierRow(given, listId) {
  const job = element("input", { value: given?.job ?? "", list: listId, autocomplete: "off", "aria-label": text("form.earlier_job") });
  job.placeholder = text("form.earlier_job");
  const number = (/** @type {"least" | "most"} */ name) =>
    element("input", {
      type: "number",
      class: "numbers short",
      min: 0,
      value: given?.[name] ?? (name === "least" ? "0" : ""),
      placeholder: text(`form.${name}`),
      "aria-label": text(`form.${name}`),
    });
  const [least, most] = [number("least"), number("most")];
  const choice = (/** @type {string} */ label, /** @type {string[]} */ names, /** @type {string} */ chosen) => {
    const select = element(
      "select",
      { "aria-label": text(`form.${label}`) },
      names.map((name) => element("option", { value: name }, text(`${label}.${name}`))),
    );
    select.value = chosen;
    return select;
  };
  const unit = choice("gap", Object.keys(UNITS), given?.unit ?? "hours");
  const person = choice("person", PERSONS, given?.person ?? "any");
  return {
    nodes: [job, least, element("span", { "aria-hidden": "true" }, "–"), most, unit, person],
    read: () => ({ job: job.value, least: least.value, most: most.value, unit: unit.value, person: person.value }),
  };
}
