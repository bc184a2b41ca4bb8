/** A part of the details that is read from the service only once somebody opens it. */

import { troubleLines } from "../board/dialogs.js";
import { element, isThere } from "../dom.js";
import { text } from "../texts.js";
import { announce } from "./announce.js";

/**
 * `of(key, about, placed)` gives the element; `load(about, placed)` its content, anew for each key. Once
 * opened it stays open from job to job.
 *
 * @template {{ id: string }} About
 * @param {string} title
 * @param {(about: About, placed?: OnBoard.Placed) => Promise<(Node | null)[]>} load
 */
export function foldable(title, load) {
  let isOpened = false;
  /** @type {{ key: string, node: HTMLDetailsElement, body: HTMLElement, about: About } | null} */
  let shown = null;

  /**
   * @param {string} key
   * @param {About} about
   * @param {OnBoard.Placed} [placed]
   */
  function of(key, about, placed) {
    if (shown?.key === key) return shown.node;
    const body = element("div", { class: "fold-body" });
    const node = element(
      "details",
      { class: "fold", ontoggle: ({ currentTarget }) => toggled(currentTarget, body, () => load(about, placed)) },
      element("summary", {}, text(title)),
      body,
    );
    // What was said of the version before stays to be read until the new one is there.
    const isSameThing = shown?.about.id === about.id;
    if (shown && isSameThing) body.replaceChildren(...shown.body.childNodes);
    shown = { key, node, body, about };
    if (isOpened) node.open = true;
    return node;
  }

  /**
   * @param {HTMLDetailsElement} node
   * @param {HTMLElement} body
   * @param {() => Promise<(Node | null)[]>} read
   */
  async function toggled(node, body, read) {
    isOpened = node.open;
    if (!node.open || node.dataset.loaded) return;
    node.dataset.loaded = "yes";
    if (!body.firstChild) body.replaceChildren(element("p", { class: "soft" }, text("fold.loading")));
    body.setAttribute("aria-busy", "true");
    try {
      body.replaceChildren(...(await read()).filter(isThere));
      if (node === shown?.node) announce(text("fold.loaded", { title: text(title) }));
    } catch (error) {
      body.replaceChildren(...troubleLines(error));
      delete node.dataset.loaded;
    } finally {
      body.removeAttribute("aria-busy");
    }
  }

  return { of };
}
