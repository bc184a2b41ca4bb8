/** The keyboard in the time line, and shortcuts that hold everywhere. */

import { around, byId, element } from "../dom.js";
import { text } from "../texts.js";
import { moveByKey, pickUp } from "./moves/by-key.js";
import { cancelMove, isMoving } from "./moves/drag.js";
import { openPanel } from "./panels/panel.js";
import { notify, select } from "./state.js";
import { cellsOf, open, setFocus } from "./timeline/cells.js";
import { focus, order, ROW_HEIGHT, scroller } from "./timeline/timeline.js";
import { fit, goToNow, zoomBy } from "./timeline/zoom.js";

const KEPT_AS = "single-keys";

/**
 * Keys of the time line by what they do; also the table that `?` shows.
 *
 * @type {[keys: string, what: string][]}
 */
const TABLE = [
  ["← →", "keys.stops"],
  ["↑ ↓", "keys.rows"],
  ["Home End", "keys.ends"],
  ["Ctrl + Home/End", "keys.first_last"],
  ["Page ↑ ↓", "keys.pages"],
  ["Enter", "keys.open"],
  ["M", "keys.move"],
  ["Esc", "keys.escape"],
  ["+ −", "keys.zoom"],
  ["0", "keys.fit"],
  ["N", "keys.now"],
  ["[ ]", "keys.days"],
  ["D W", "keys.views"],
  ["/", "keys.search"],
  ["I J U", "keys.panels"],
  ["?", "keys.help"],
];

/** @type {Record<string, () => void>} */
const SINGLE = {
  "+": () => zoomBy(1.5),
  "=": () => zoomBy(1.5),
  "-": () => zoomBy(1 / 1.5),
  0: fit,
  n: goToNow,
  "[": () => notify("step-day", -1),
  "]": () => notify("step-day", 1),
  d: () => notify("view", 1),
  w: () => notify("view", 7),
  "/": () => byId("search", HTMLInputElement).select(),
  i: () => openPanel("issues", { focus: true }),
  j: () => openPanel("job", { focus: true }),
  u: () => openPanel("unassigned", { focus: true }),
  "?": showHelp,
};

export function wireKeys() {
  byId("timeline").addEventListener("keydown", inGrid);
  document.addEventListener("keydown", anywhere);
  byId("shortcuts").addEventListener("click", showHelp);
}

/** @param {KeyboardEvent} event */
function inGrid(event) {
  if (!around(event.target, "[role=grid]")) return;
  if (isMoving()) {
    if (moveByKey(event)) event.preventDefault();
    return;
  }
  const act = gridAction(event);
  if (!act) return;
  event.preventDefault();
  act();
}

/**
 * @param {KeyboardEvent} event
 * @returns {(() => unknown) | null}
 */
function gridAction(event) {
  const here = focus.technicianId;
  if (here === null) return null;
  const page = Math.max(1, Math.floor(scroller.clientHeight / ROW_HEIGHT) - 2);
  switch (event.key) {
    case "ArrowRight":
      return () => step(here, 1);
    case "ArrowLeft":
      return () => step(here, -1);
    case "ArrowDown":
      return () => toRow(here, 1);
    case "ArrowUp":
      return () => toRow(here, -1);
    case "PageDown":
      return () => toRow(here, page);
    case "PageUp":
      return () => toRow(here, -page);
    case "Home":
      return () => setFocus(event.ctrlKey ? (order[0] ?? here) : here);
    case "End":
      return () => (event.ctrlKey ? setFocus(order.at(-1) ?? here) : setFocus(here, cellsOf(here).at(-1)?.key));
    case "Enter":
    case " ":
      return open;
    case "Escape":
      return () => select({});
    case "m":
    case "M":
      return areSingleKeysOn() ? () => focus.key.startsWith("job:") && pickUp(focus.key.slice(4)) : null;
    default:
      return null;
  }
}

/**
 * To another cell of the row.
 *
 * @param {string} technicianId
 * @param {number} by
 */
function step(technicianId, by) {
  const cells = cellsOf(technicianId);
  const at = cells.findIndex((cell) => cell.key === focus.key);
  setFocus(technicianId, cells[Math.max(0, Math.min(cells.length - 1, at + by))]?.key);
}

/**
 * To another row, to what is there at about the same time.
 *
 * @param {string} technicianId
 * @param {number} by
 */
function toRow(technicianId, by) {
  const at = Math.max(0, Math.min(order.length - 1, order.indexOf(technicianId) + by));
  const to = order[at] ?? technicianId;
  const [, ...pieces] = cellsOf(technicianId);
  const here = pieces.find((cell) => cell.key === focus.key);
  if (!here) return setFocus(to);
  const middle = (here.from + here.to) / 2;
  const away = (/** @type {OnBoard.Span} */ cell) => Math.max(cell.from - middle, middle - cell.to, 0);
  const [, ...cells] = cellsOf(to);
  const nearest = cells.reduce((/** @type {typeof here | null} */ best, cell) => (best && away(best) <= away(cell) ? best : cell), null);
  return setFocus(to, nearest?.key ?? "header");
}

/** @param {KeyboardEvent} event */
function anywhere(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && isMoving()) return cancelMove();
  if (!areSingleKeysOn() || document.querySelector("dialog[open]")) return;
  if (around(event.target, "input, select, textarea, [contenteditable]")) return;
  const act = SINGLE[event.key.toLowerCase()];
  if (!act) return;
  event.preventDefault();
  act();
}

/** Who speaks to the machine or types by accident can switch single keys off. */
const areSingleKeysOn = () => localStorage.getItem(KEPT_AS) !== "off";

function showHelp() {
  const on = element("input", {
    type: "checkbox",
    onchange: ({ currentTarget }) => localStorage.setItem(KEPT_AS, currentTarget.checked ? "on" : "off"),
  });
  on.checked = areSingleKeysOn();
  const dialog = element(
    "dialog",
    { class: "help", "aria-labelledby": "help-title", onclose: ({ currentTarget }) => currentTarget.remove() },
    element("h2", { id: "help-title" }, text("shortcuts.title")),
    element(
      "dl",
      {},
      TABLE.map(([keys, what]) => element("div", {}, element("dt", {}, element("kbd", {}, keys)), element("dd", {}, text(what)))),
    ),
    element("p", { class: "soft" }, text("shortcuts.mouse")),
    element("label", { class: "inline" }, on, text("shortcuts.single")),
    element("form", { method: "dialog" }, element("button", { class: "main" }, text("close"))),
  );
  document.body.append(dialog);
  dialog.showModal();
}
