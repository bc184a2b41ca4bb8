/** A part of the details that is read from the service only once somebody opens it. */

import { element } from "../dom.js";
import { text } from "../texts.js";
import { announce } from "./announce.js";
import { troubleLines } from "./dialogs.js";

/**
 * `of(key, ...about)` gives the element; `load(...about)` its content, anew for each key. Once
 * opened it stays open from job to job.
 */
export function foldable(title, load) {
  let isOpened = false;
  let shown = { key: null, node: null };

  function of(key, ...about) {
    if (shown.key === key) return shown.node;
    const body = element("div", { class: "fold-body" });
    const node = element("details", { class: "fold", ontoggle: () => toggled(node, body, about) }, element("summary", {}, text(title)), body);
    // What was said of the version before stays to be read until the new one is there.
    const isSameThing = shown.node && shown.about?.[0]?.id === about[0]?.id;
    if (isSameThing) body.replaceChildren(...shown.node.lastChild.childNodes);
    shown = { key, node, about };
    if (isOpened) node.open = true;
    return node;
  }

  async function toggled(node, body, about) {
    isOpened = node.open;
    if (!node.open || node.dataset.loaded) return;
    node.dataset.loaded = "yes";
    if (!body.firstChild) body.replaceChildren(element("p", { class: "soft" }, text("fold.loading")));
    body.setAttribute("aria-busy", "true");
    try {
      body.replaceChildren(...(await load(...about)).filter(Boolean));
      if (node === shown.node) announce(text("fold.loaded", { title: text(title) }));
    } catch (error) {
      body.replaceChildren(...troubleLines(error));
      delete node.dataset.loaded;
    } finally {
      body.removeAttribute("aria-busy");
    }
  }

  return { of };
}
