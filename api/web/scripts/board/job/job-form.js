/** The fields of a job, for new ones and for changing. */

import { element } from "../../dom.js";
import { text } from "../../texts.js";
import { field } from "../fields.js";
import { PRIORITIES } from "../filters.js";
import { atClock, fromField, toField, toWire } from "../moves/moments.js";
import { board } from "../state.js";
import { contactFields } from "./contact-fields.js";
import { chosenRow, rowsOf, typedWindow, windowRow } from "./form-rows.js";
import { wishFields } from "./wish-fields.js";

/**
 * What the fields show of a job on the board.
 *
 * @typedef {Pick<OnBoard.Job, "title" | "priority" | "duration_minutes" | "due_at" | "windows" | "skills" | "parts" | "tools">
 *   & import("./contact-fields.js").Said & import("./wish-fields.js").Wished} FormJob
 */

/**
 * What stands in the fields, sound or not.
 *
 * @typedef {object} TypedWork
 * @property {string} title
 * @property {string} priority
 * @property {string} duration
 * @property {string} due
 * @property {import("./form-rows.js").TypedWindow[]} windows
 * @property {import("./form-rows.js").Choice[]} skills
 * @property {import("./form-rows.js").Choice[]} parts
 * @property {import("./form-rows.js").Choice[]} tools
 *
 * @typedef {TypedWork & import("./contact-fields.js").TypedContact & import("./wish-fields.js").TypedWishes} Typed
 */

/** @typedef {ReturnType<typeof jobFields>} Fields */

/**
 * Everything about a job but its place. `job` as the board has it, or null for a new one; `typed` is
 * what `typed()` has given before, and goes first. Gives the elements, the body of the request, and
 * what stands in the fields.
 *
 * @param {FormJob | null} [job]
 * @param {Partial<Typed>} [typed]
 */
export function jobFields(job = null, typed = {}) {
  const given = typed;
  const title = element("input", { value: given.title ?? job?.title ?? "", maxlength: 200, required: true, autocomplete: "off" });
  const priority = element(
    "select",
    {},
    PRIORITIES.map((one) => element("option", { value: one }, text(`priority.${one}`))),
  );
  priority.value = given.priority ?? job?.priority ?? "normal";
  const duration = element("input", {
    type: "number",
    min: 5,
    max: job ? 1440 : 14400,
    step: 5,
    value: given.duration ?? job?.duration_minutes ?? 60,
    required: true,
  });
  const due = element("input", { type: "datetime-local", value: given.due ?? toField(job?.due_at) });
  const windows = rowsOf({
    pointer: "/windows",
    label: text("form.windows"),
    add: text("form.add_window"),
    make: windowRow,
    given: given.windows ?? (job?.windows ?? []).map(typedWindow),
  });
  const skills = rowsOf({
    pointer: "/skills",
    label: text("job.skills"),
    add: text("form.add_skill"),
    make: chosenRow(board.skills, text("form.skill"), text("form.level"), 10),
    given: given.skills ?? Object.entries(job?.skills ?? {}),
  });
  const parts = rowsOf({
    pointer: "/parts",
    label: text("job.parts"),
    add: text("form.add_part"),
    make: chosenRow(board.parts, text("form.part"), text("form.quantity"), 999),
    given: given.parts ?? Object.entries(job?.parts ?? {}),
  });
  const tools = rowsOf({
    pointer: "/tools",
    label: text("job.tools"),
    add: text("form.add_tool"),
    make: chosenRow(board.tools, text("form.tool")),
    given: given.tools ?? (job?.tools ?? []).map((id) => /** @type {import("./form-rows.js").Choice} */ ([id, 1])),
  });
  const contact = contactFields(job, given);
  const wishes = wishFields(job, given);
  return {
    nodes: [
      field("/title", text("form.what"), title),
      element(
        "div",
        { class: "fields three" },
        field("/priority", text("filter.priority"), priority),
        field("/duration_minutes", text("form.minutes"), duration),
        field("/due_at", text("job.due"), due),
      ),
      windows.node,
      element("div", { class: "fields two" }, skills.node, parts.node),
      tools.node,
      ...contact.nodes,
      wishes.node,
    ],
    /** @returns {Typed} */
    typed: () => ({
      title: title.value,
      priority: priority.value,
      duration: duration.value,
      due: due.value,
      windows: windows.read(),
      skills: skills.read(),
      parts: parts.read(),
      tools: tools.read(),
      ...contact.typed(),
      ...wishes.typed(),
    }),
    read: () => ({
      title: title.value,
      priority: priority.value,
      duration_minutes: Number(duration.value) || 0,
      due_at: toWire(fromField(due.value)),
      windows: windows.read().map(({ day, from, to, price }) => ({
        starts_at: toWire(day && from ? atClock(day, from) : null),
        ends_at: toWire(day && to ? atClock(day, to) : null),
        price: Number(price),
      })),
      skills: skills.read().map(([id, level]) => ({ skill_id: id, level })),
      parts: parts.read().map(([id, quantity]) => ({ part_id: id, quantity })),
      tools: tools.read().map(([id]) => id),
      ...contact.read(),
      ...wishes.read(),
    }),
  };
}

/**
 * A job as `GET /jobs/{job_id}` has it, in the form of the board's.
 *
 * @param {Api.JobOut} job
 * @returns {FormJob}
 */
export function asOnBoard({ windows, skills, parts, due_at: due, told_at: told, ...rest }) {
  const moment = (/** @type {Api.Moment | null} */ at) => (at === null ? null : Date.parse(at));
  return {
    ...rest,
    due_at: moment(due),
    told_at: moment(told),
    windows: windows.map((one) => ({ ...one, starts_at: Date.parse(one.starts_at), ends_at: Date.parse(one.ends_at) })),
    skills: Object.fromEntries(skills.map(({ skill_id: id, level }) => [id, level])),
    parts: Object.fromEntries(parts.map(({ part_id: id, quantity }) => [id, quantity])),
  };
}
