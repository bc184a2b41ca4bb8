/** What can be done to the visits that are chosen: a bar that is there as long as any are. */

import { byId, element } from "../../dom.js";
import { text } from "../../texts.js";
import { icon } from "../../ui/icons.js";
import { openDialog } from "../dialogs.js";
import { board, subscribe } from "../state.js";
import { technicianName } from "../words.js";
import { carryOut } from "./carry-out.js";
import { chooseNone, chosen } from "./chosen.js";

const STEPS = [-30, -15, 15, 30, 60];
const MOST_MINUTES = 720;

const bar = element("div", { class: "many-bar", role: "toolbar", hidden: true });

export function mountBar() {
  bar.setAttribute("aria-label", text("many.actions"));
  byId("main").append(bar);
  subscribe("chosen", draw);
  subscribe("board", draw);
}

function draw() {
  bar.hidden = chosen.size === 0;
  if (bar.hidden) {
    bar.replaceChildren();
    return;
  }
  const signed = [...chosen].map((id) => `${id}${board.placed.has(id)}`).join();
  if (bar.dataset.signed === signed && bar.childElementCount) return;
  bar.dataset.signed = signed;
  const ids = [...chosen];
  const placed = ids.filter((id) => board.placed.has(id));
  bar.replaceChildren(
    element("strong", { class: "numbers" }, text("many.chosen", { count: ids.length })),
    button("many.move", openMove),
    ...(placed.length === ids.length ? [button("many.push", openPush), button("many.off", () => act("take_off"))] : []),
    ...(placed.length === 2 && ids.length === 2 ? [button("many.swap", () => act("swap"))] : []),
    ...(placed.length === ids.length
      ? [button("many.pin", () => pin("technician")), button("many.pin_time", () => pin("time")), button("many.unpin", () => pin(null))]
      : []),
    button("many.cancel", () => carryOut({ action: "cancel", job_ids: [...chosen] }, words("cancel"), { isAsked: true }), "danger"),
    element(
      "button",
      { type: "button", class: "square quiet small", "aria-label": text("many.none"), onclick: chooseNone },
      icon("close", 12),
    ),
  );
}

/**
 * @param {string} key
 * @param {() => unknown} onclick
 * @param {string} [kind]
 */
const button = (key, onclick, kind = "") =>
  element("button", { type: "button", class: `small ${kind}`, dataset: { focusKey: key }, onclick }, text(key));

/** @param {string} action */
const words = (action) => text(`many.done_${action}`, { count: chosen.size });

/** @param {"take_off" | "swap"} action */
const act = (action) => carryOut({ action, job_ids: [...chosen] }, words(action));

/** @param {"technician" | "time" | null} to */
const pin = (to) => carryOut({ action: "pin", job_ids: [...chosen], to }, words(to === null ? "unpin" : "pin"));

/** The technicians of the board as options, in the order of their names. */
export function technicianChoice() {
  const names = new Intl.Collator("vi");
  const all = [...board.technicians.values()].sort((one, other) => names.compare(one.name, other.name));
  return element(
    "select",
    { required: true },
    all.map(({ id, name }) => element("option", { value: id }, name)),
  );
}

function openMove() {
  const who = technicianChoice();
  openDialog({
    title: text("many.move_title", { count: chosen.size }),
    body: element("div", { class: "field" }, element("label", {}, text("many.to"), who)),
    submitText: text("many.judge"),
    submit: async () => {
      const change = { action: /** @type {const} */ ("move"), job_ids: [...chosen], technician_id: who.value, day: board.day };
      const said = text("many.done_move", { count: chosen.size, technician: technicianName(who.value) });
      queueMicrotask(() => carryOut(change, said));
      return true;
    },
  });
}

function openPush() {
  askMinutes(text("many.push_title", { count: chosen.size }), (minutes) =>
    carryOut({ action: "push", job_ids: [...chosen], minutes }, text("many.done_push", { count: chosen.size, minutes: signed(minutes) })),
  );
}

/** @param {number} minutes */
export const signed = (minutes) => `${minutes < 0 ? "−" : "+"}${Math.abs(minutes)}`;

/**
 * Ask by how many minutes.
 *
 * @param {string} title
 * @param {(minutes: number) => unknown} go
 */
export function askMinutes(title, go) {
  const field = element("input", { type: "number", value: "30", step: "5", min: String(-MOST_MINUTES), max: String(MOST_MINUTES) });
  const dialog = openDialog({
    title,
    body: [
      element(
        "div",
        { class: "many-steps", role: "group", "aria-label": text("many.minutes") },
        STEPS.map((minutes) => element("button", { type: "button", onclick: () => take(minutes) }, signed(minutes))),
      ),
      element("div", { class: "field" }, element("label", {}, text("many.minutes"), field)),
    ],
    submitText: text("many.judge"),
    submit: async () => take(Number(field.value)),
  });
  /** @param {number} minutes */
  function take(minutes) {
    if (!Number.isInteger(minutes) || minutes === 0 || Math.abs(minutes) > MOST_MINUTES) return false;
    dialog.close();
    // What may be asked about it comes in a dialog of its own.
    queueMicrotask(() => go(minutes));
    return true;
  }
}
