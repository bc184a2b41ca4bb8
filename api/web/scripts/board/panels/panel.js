/**
 * The side panel: tabs that parts of the page fill. A part calls `addPanel` once and draws into
 * the body it is given whenever what it shows changes.
 */

import { byId, element } from "../../dom.js";
import { text } from "../../texts.js";
import { notify } from "../state.js";

/**
 * `body` is the element to draw into, `setCount` puts a number beside the name (null: none).
 *
 * @typedef {{ body: HTMLElement, setCount: (number: number | null) => void }} Panel
 */

/** @type {Map<string, { tab: HTMLElement, body: HTMLElement, shown: () => void }>} */
const panels = new Map();
/** @type {string | null} */
let current = null;
/** Whether somebody has chosen a tab or is at what it holds; then nothing else comes to the front by itself. */
let isChosen = false;

/**
 * A tab named `text("panel.<id>")`. `shown()` is called whenever it comes to the front. The answer
 * is `{body, setCount}`: the element to draw into, and a number beside the name (null: none).
 *
 * @param {string} id
 * @param {{ shown?: () => void }} [options]
 * @returns {Panel}
 */
export function addPanel(id, { shown = () => {} } = {}) {
  const count = element("span", { class: "count numbers", hidden: true });
  const tab = element(
    "button",
    {
      type: "button",
      role: "tab",
      id: `tab-${id}`,
      "aria-controls": `panel-${id}`,
      "aria-selected": "false",
      tabindex: "-1",
      onclick: () => openPanel(id),
    },
    element("span", {}, text(`panel.${id}`)),
    count,
  );
  const body = element("div", {
    class: "panel-body",
    role: "tabpanel",
    id: `panel-${id}`,
    "aria-labelledby": `tab-${id}`,
    tabindex: "0",
    hidden: true,
  });
  byId("panel-tabs").append(tab);
  byId("panel-bodies").append(body);
  panels.set(id, { tab, body, shown });
  if (panels.size === 1) offerPanel(id);
  /** @param {number | null} number */
  const setCount = (number) => {
    count.hidden = number === null;
    count.textContent = String(number ?? "");
  };
  return { body, setCount };
}

/**
 * Bring a tab to the front, because somebody wants to see it.
 *
 * @param {string} id
 * @param {{ focus?: boolean }} [options]
 */
export function openPanel(id, { focus = false } = {}) {
  if (!panels.has(id)) return;
  isChosen = true;
  bringToFront(id);
  if (!focus) return;
  // On a narrow screen panels are below: whoever asks for one begins to read where it begins.
  panels.get(id)?.body.focus({ preventScroll: true });
  panels.get(id)?.body.scrollIntoView({ block: "nearest" });
}

/**
 * Bring a tab to the front as long as nobody has chosen one.
 *
 * @param {string} id
 */
export function offerPanel(id) {
  if (!isChosen) bringToFront(id);
}

/** @param {string} id */
function bringToFront(id) {
  for (const [other, { tab, body }] of panels) {
    tab.setAttribute("aria-selected", String(other === id));
    tab.setAttribute("tabindex", other === id ? "0" : "-1");
    body.hidden = other !== id;
  }
  if (current !== id) {
    current = id;
    panels.get(id)?.shown();
  }
  notify("panel");
}

/** The tab that somebody has chosen; null as long as nobody has. */
export const openedPanel = () => (isChosen ? current : null);

/** @param {string} id */
export const isOpen = (id) => current === id;

export function wirePanels() {
  // Nothing is taken from under a hand.
  byId("panel-bodies").addEventListener(
    "pointerdown",
    () => {
      isChosen = true;
    },
    { capture: true },
  );
  byId("panel-tabs").addEventListener("keydown", (event) => {
    const ids = [...panels.keys()];
    const at = ids.indexOf(current ?? "");
    /** @type {Record<string, number>} */
    const steps = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: ids.length - 1 };
    const to = steps[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const id = ids[(to + ids.length) % ids.length];
    if (id === undefined) return;
    openPanel(id);
    panels.get(id)?.tab.focus();
  });
}
