/**
 * The side panel: tabs that parts of the page fill. A part calls `addPanel` once and draws into
 * the body it is given whenever what it shows changes.
 */

import { byId, element } from "../dom.js";
import { text } from "../texts.js";

const panels = new Map();
let current = null;

/**
 * A tab named `text("panel.<id>")`. `shown()` is called whenever it comes to the front. The answer
 * is `{body, setCount}`: the element to draw into, and a number beside the name (null: none).
 */
export function addPanel(id, { shown = () => {} } = {}) {
  const count = element("span", { class: "count numbers", hidden: true });
  const tab = element("button", { type: "button", role: "tab", id: `tab-${id}`, "aria-controls": `panel-${id}`, "aria-selected": "false", tabindex: "-1", onclick: () => openPanel(id) }, element("span", {}, text(`panel.${id}`)), count);
  const body = element("div", { class: "panel-body", role: "tabpanel", id: `panel-${id}`, "aria-labelledby": `tab-${id}`, tabindex: "0", hidden: true });
  byId("panel-tabs").append(tab);
  byId("panel-bodies").append(body);
  panels.set(id, { tab, body, shown });
  if (panels.size === 1) openPanel(id);
  const setCount = (number) => {
    count.hidden = number === null;
    count.textContent = number ?? "";
  };
  return { body, setCount };
}

/** Bring a tab to the front. */
export function openPanel(id, { focus = false } = {}) {
  for (const [other, { tab, body }] of panels) {
    tab.setAttribute("aria-selected", other === id);
    tab.setAttribute("tabindex", other === id ? "0" : "-1");
    body.hidden = other !== id;
  }
  if (current !== id) {
    current = id;
    panels.get(id).shown();
  }
  if (focus) panels.get(id).body.focus();
}

export const isOpen = (id) => current === id;

export function wirePanels() {
  byId("panel-tabs").addEventListener("keydown", (event) => {
    const ids = [...panels.keys()];
    const at = ids.indexOf(current);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: ids.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const id = ids[(to + ids.length) % ids.length];
    openPanel(id);
    panels.get(id).tab.focus();
  });
}
