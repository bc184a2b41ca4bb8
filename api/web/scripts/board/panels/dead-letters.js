/** Messages of machines that could not be understood: why, taking them in again, or letting them be. */

import { element } from "../../dom.js";
import { day, isoDay, time } from "../../format.js";
import { get, post } from "../../http.js";
import { text } from "../../texts.js";
import { faultText } from "../../troubles.js";
import { openDialog, troubleLines } from "../dialogs.js";

const LIMIT = 100;

/**
 * Those of one source (null: of none that is known) that nobody has settled.
 *
 * @param {string | null} sourceId
 */
export async function openDeadLetters(sourceId) {
  const list = element("ul", { class: "cards" });
  const status = element("p", { class: "soft", role: "status" }, text("fold.loading"));
  const dialog = openDialog({
    title: text("letters.title"),
    className: "wide",
    body: [element("p", { class: "soft" }, text("letters.help")), status, list],
  });
  await draw();

  async function draw() {
    try {
      const { dead_letters: all } = await get(`/dead-letters?state=waiting&limit=${LIMIT}`);
      const letters = all.filter((one) => (one.source_id ?? null) === sourceId);
      status.textContent = letters.length ? text("letters.found", { count: letters.length }) : text("letters.none");
      list.replaceChildren(...letters.map(card));
    } catch (error) {
      status.replaceChildren(...troubleLines(error));
    }
  }

  /** @param {Api.DeadLetterOut} letter */
  function card(letter) {
    /**
     * @param {string} key
     * @param {string} path
     * @param {string} [kind]
     */
    const button = (key, path, kind = "") =>
      element(
        "button",
        {
          type: "button",
          class: `small ${kind}`,
          "aria-label": `${text(`letters.${key}`)}: ${when(letter.received_at)}`,
          onclick: () => settle(letter, path),
        },
        text(`letters.${key}`),
      );
    return element(
      "li",
      { class: "alert-card" },
      element(
        "p",
        { class: "alert-head" },
        element("strong", { class: "numbers" }, when(letter.received_at)),
        letter.device ? element("span", { class: "soft" }, text("alerts.device", { id: letter.device })) : null,
        letter.count > 1 ? element("span", { class: "soft numbers" }, text("alerts.times", { count: letter.count })) : null,
      ),
      [...new Set(letter.faults.map(faultText))].map((words) => element("p", {}, words)),
      element("div", { class: "buttons" }, button("replay", "replay"), button("discard", "discard", "danger")),
    );
  }

  /**
   * @param {Api.DeadLetterOut} letter
   * @param {string} path
   */
  async function settle({ id }, path) {
    dialog.clear();
    try {
      await post(`/dead-letters/${id}/${path}`);
    } catch (error) {
      dialog.fail(error);
    }
    await draw();
    (list.querySelector("button") ?? dialog.node.querySelector("button"))?.focus();
  }
}

/** @param {Api.Moment} moment */
const when = (moment) => (isoDay(moment) === isoDay(Date.now()) ? time(moment) : `${day(moment)} ${time(moment)}`);
