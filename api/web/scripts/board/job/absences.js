/** Marking a technician absent, and taking that back. */

import { element } from "../../dom.js";
import { day, isoDay, startOfDay, time } from "../../format.js";
import { ask, post } from "../../http.js";
import { text } from "../../texts.js";
import { toastTrouble } from "../../ui/toast.js";
import { openDialog } from "../dialogs.js";
import { done } from "../moves/changes.js";
import { atClock, fromField, toField, toWire } from "../moves/moments.js";
import { board, dayAfter } from "../state.js";
import { addTechnicianSection } from "./details.js";

const MINUTE = 60_000;
const REASONS = ["ill", "vehicle", "training", "private"];

export function mountAbsences() {
  /** @type {{ signed: string, node: HTMLElement } | null} */
  let shown = null;
  addTechnicianSection((technician) => {
    const absences = board.absences.get(technician.id) ?? [];
    const signed = JSON.stringify([technician.id, board.day, absences]);
    if (shown?.signed !== signed) shown = { signed, node: section(technician, absences) };
    return shown.node;
  });
}

/**
 * @param {Api.BoardTechnician} technician
 * @param {OnBoard.Absence[]} absences
 */
function section(technician, absences) {
  return element(
    "div",
    { class: "absences" },
    element(
      "div",
      { class: "job-actions" },
      element(
        "button",
        { type: "button", class: "small", dataset: { focusKey: "absent" }, onclick: () => openAbsence(technician) },
        text("absence.mark"),
      ),
    ),
    absences.length
      ? element(
          "ul",
          { class: "absence-list" },
          absences.map((absence) =>
            element(
              "li",
              {},
              element(
                "span",
                {},
                element("strong", {}, text("row.absent_here")),
                " ",
                element(
                  "span",
                  { class: "numbers" },
                  `${day(absence.starts_at)} ${time(absence.starts_at)}–${isoDay(absence.starts_at) === isoDay(absence.ends_at) ? "" : `${day(absence.ends_at)} `}${time(absence.ends_at)}`,
                ),
                absence.reason ? element("span", { class: "soft" }, ` ${absence.reason}`) : null,
              ),
              element(
                "button",
                { type: "button", class: "small quiet", onclick: () => takeBack(technician, absence) },
                text("absence.take_back"),
              ),
            ),
          ),
        )
      : null,
  );
}

/** @param {Api.BoardTechnician} technician */
function openAbsence(technician) {
  /**
   * @param {string} name
   * @param {string} value
   */
  const field = (name, value) => element("input", { type: "datetime-local", id: `absence-${name}`, required: true, value });
  const { from, to } = restOfDay(technician);
  const starts = field("from", toField(from));
  const ends = field("to", toField(to));
  const reason = element("input", { id: "absence-reason", list: "absence-reasons", maxlength: 200, autocomplete: "off" });
  const put = (/** @type {OnBoard.Span} */ span) => {
    starts.value = toField(span.from);
    ends.value = toField(span.to);
  };
  /**
   * @param {string} key
   * @param {OnBoard.Span} span
   */
  const preset = (key, span) => element("button", { type: "button", class: "small", onclick: () => put(span) }, text(`absence.${key}`));
  const typed = () => [starts.value, ends.value, reason.value];
  const untouched = typed().join();
  const isUntouched = () => typed().join() === untouched;
  openDialog({
    title: text("absence.title", { technician: technician.name }),
    body: [
      element(
        "div",
        { class: "buttons", role: "group", "aria-label": text("absence.presets") },
        preset("rest_of_day", { from, to }),
        preset("whole_day", wholeDay(board.day)),
        preset("tomorrow", wholeDay(dayAfter(board.day, 1))),
      ),
      element(
        "div",
        { class: "fields two" },
        element("label", {}, text("absence.from"), starts),
        element("label", {}, text("absence.to"), ends),
      ),
      element("label", {}, text("absence.reason"), reason),
      element(
        "datalist",
        { id: "absence-reasons" },
        REASONS.map((one) => element("option", { value: text(`absence.${one}`) })),
      ),
      element("p", { class: "soft" }, text("absence.note")),
    ],
    kept: {
      name: `absence/${technician.id}`,
      read: () => (isUntouched() ? null : typed()),
      restore: ([from = "", to = "", why = ""]) => {
        [starts.value, ends.value, reason.value] = [from, to, why];
      },
    },
    submitText: text("absence.do"),
    submit: async () => {
      const given = {
        starts_at: toWire(fromField(starts.value)),
        ends_at: toWire(fromField(ends.value)),
        reason: reason.value.trim() || null,
      };
      const path = /** @type {const} */ (`/technicians/${encodeURIComponent(technician.id)}/absences`);
      const made = await post(path, given);
      done(text("absence.done", { technician: technician.name, from: time(made.starts_at), to: time(made.ends_at) }), [
        { method: "DELETE", path: `${path}/${encodeURIComponent(made.id)}` },
      ]);
    },
  });
  starts.focus();
}

/**
 * From now (or the shift's beginning, on other days) to the end of the shift with overtime.
 *
 * @param {Api.BoardTechnician} technician
 * @returns {OnBoard.Span}
 */
function restOfDay(technician) {
  const now = Math.floor(Date.now() / MINUTE / 5) * 5 * MINUTE;
  const shifts = (board.shifts.get(technician.id) ?? []).filter((shift) => shift.ends_at > now);
  const ofDay = shifts.filter((shift) => isoDay(shift.starts_at) === isoDay(shifts[0]?.starts_at ?? now));
  const [first, last] = [ofDay[0], ofDay.at(-1)];
  if (!first || !last) return { from: atClock(board.day, "08:00"), to: atClock(board.day, "17:00") };
  return { from: Math.max(now, first.starts_at), to: last.ends_at + last.max_overtime_seconds * 1000 };
}

/**
 * @param {Api.Day} iso
 * @returns {OnBoard.Span}
 */
const wholeDay = (iso) => ({ from: startOfDay(iso), to: startOfDay(dayAfter(iso, 1)) });

/**
 * @param {Api.BoardTechnician} technician
 * @param {OnBoard.Absence} absence
 */
async function takeBack(technician, absence) {
  const path = `/technicians/${encodeURIComponent(technician.id)}/absences`;
  try {
    await ask("DELETE", `${path}/${encodeURIComponent(absence.id)}`);
    const again = { starts_at: toWire(absence.starts_at), ends_at: toWire(absence.ends_at), reason: absence.reason };
    done(text("absence.taken_back", { technician: technician.name }), [{ method: "POST", path, body: again }]);
  } catch (error) {
    toastTrouble(error);
  }
}
