/** What can be done to the rest of a technician's day: push it, change it with somebody's, fill its gaps. */

import { element } from "../../dom.js";
import { time } from "../../format.js";
import { get } from "../../http.js";
import { text } from "../../texts.js";
import { openDialog, troubleLines } from "../dialogs.js";
import { addTechnicianSection } from "../job/details.js";
import { toWire } from "../moves/moments.js";
import { board, selection, shownSpan } from "../state.js";
import { stopsOf } from "../timeline/items.js";
import { costBadge, technicianName } from "../words.js";
import { askMinutes, signed, technicianChoice } from "./bar.js";
import { carryOut } from "./carry-out.js";

const LEAST_GAP_MILLISECONDS = 30 * 60_000;
const MOST_FILLERS = 10;

export function mountRests() {
  /** @type {{ signed: string, node: HTMLElement } | null} */
  let shown = null;
  addTechnicianSection((technician) => {
    const key = JSON.stringify([technician.id, board.day, board.version, gapsOf(technician.id)]);
    if (shown?.signed !== key) shown = { signed: key, node: section(technician) };
    return shown.node;
  });
}

/** From now on or, on another day than today, from its beginning. */
function begin() {
  const { from } = shownSpan();
  return Math.max(from, Math.floor(Date.now() / 60_000) * 60_000);
}

/**
 * Where nothing is planned in the shifts to come, breaks apart.
 *
 * @param {string} technicianId
 */
function gapsOf(technicianId) {
  const items = stopsOf(technicianId);
  return (board.shifts.get(technicianId) ?? []).flatMap((shift) => {
    const within = items.filter((item) => item.to > shift.starts_at && item.from < shift.ends_at);
    const from = [Math.max(shift.starts_at, begin()), ...within.map((item) => Math.max(item.to, begin()))];
    const to = [...within.map((item) => item.from), shift.ends_at];
    return from
      .map((start, index) => ({ from: start, to: to[index] ?? start }))
      .filter((gap) => gap.to - gap.from >= LEAST_GAP_MILLISECONDS);
  });
}

/** @param {Api.BoardTechnician} technician */
function section(technician) {
  const gaps = gapsOf(technician.id);
  return element(
    "div",
    { class: "job-actions", role: "group", "aria-label": text("rest.actions") },
    button("rest.push", () => push(technician)),
    button("rest.swap", () => swap(technician)),
    gaps.map((gap) =>
      element(
        "button",
        { type: "button", class: "small numbers", dataset: { focusKey: `gap-${gap.from}` }, onclick: () => fill(technician, gap) },
        text("rest.fill", { from: time(gap.from), to: time(gap.to) }),
      ),
    ),
  );
}

/**
 * @param {string} key
 * @param {() => unknown} onclick
 */
const button = (key, onclick) => element("button", { type: "button", class: "small", dataset: { focusKey: key }, onclick }, text(key));

/** From the visit that is chosen on, or else from now on. */
const fromAt = () => toWire(board.placed.get(selection.jobId ?? "")?.stop.start_at ?? begin());

/** @param {Api.BoardTechnician} technician */
function push({ id, name }) {
  askMinutes(text("rest.push_title", { technician: name }), (minutes) =>
    carryOut(
      { action: "push", technician_id: id, from_at: fromAt(), minutes },
      text("rest.done_push", { technician: name, minutes: signed(minutes) }),
    ),
  );
}

/** @param {Api.BoardTechnician} technician */
function swap({ id, name }) {
  const who = technicianChoice();
  who.querySelector(`option[value="${CSS.escape(id)}"]`)?.remove();
  openDialog({
    title: text("rest.swap_title", { technician: name }),
    body: element("div", { class: "field" }, element("label", {}, text("rest.with"), who)),
    submitText: text("many.judge"),
    submit: async () => {
      const other = who.value;
      queueMicrotask(() =>
        carryOut(
          { action: "swap_rests", technician_id: id, with_technician_id: other, from_at: fromAt() },
          text("rest.done_swap", { technician: name, other: technicianName(other) }),
        ),
      );
      return true;
    },
  });
}

/**
 * @param {Api.BoardTechnician} technician
 * @param {OnBoard.Span} gap
 */
async function fill({ id, name }, gap) {
  const list = element("ul", { class: "gap-fillers" }, element("li", { class: "soft" }, text("fold.loading")));
  /** @type {Set<string>} */
  const taken = new Set();
  openDialog({
    title: text("rest.fill_title", { technician: name, from: time(gap.from), to: time(gap.to) }),
    body: list,
    submitText: text("many.judge"),
    submit: async () => {
      if (!taken.size) return false;
      const change = { action: /** @type {const} */ ("move"), job_ids: [...taken], technician_id: id, start_at: toWire(gap.from) };
      queueMicrotask(() => carryOut(change, text("many.done_move", { count: taken.size, technician: name })));
      return true;
    },
  });
  try {
    const query = new URLSearchParams({ technician_id: id, from_at: toWire(gap.from) ?? "", until_at: toWire(gap.to) ?? "" });
    const { fillers } = await get(`/plan-changes/gaps?${query}&limit=${MOST_FILLERS}`);
    list.replaceChildren(
      ...(fillers.length ? fillers.map((filler) => line(filler, taken)) : [element("li", { class: "soft" }, text("rest.nothing"))]),
    );
  } catch (error) {
    list.replaceChildren(element("li", {}, troubleLines(error)));
  }
}

/**
 * @param {Api.GapFiller} filler
 * @param {Set<string>} taken
 */
function line({ job_id: id, title, start_at: start, departure_at: end, extra_cost: extra }, taken) {
  const box = element("input", {
    type: "checkbox",
    onchange: ({ currentTarget }) => (currentTarget.checked ? taken.add(id) : taken.delete(id)),
  });
  const site = board.jobs.get(id)?.site;
  return element(
    "li",
    {},
    element("label", { class: "inline" }, box, " ", element("span", { class: "numbers" }, `${time(start)}–${time(end)}`), " ", title),
    site ? element("span", { class: "soft" }, ` · ${site} `) : " ",
    costBadge(extra),
  );
}
