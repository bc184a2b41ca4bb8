/** What the page says of itself: how far reports have got, what has changed, what was refused. */

import { element } from "../dom.js";
import { number, span, time } from "../format.js";
import { text } from "../texts.js";
import { faultText } from "../troubles.js";
import { icon } from "./icons.js";
import { summaryOf } from "./report-form.js";
import { titleOf } from "./stops.js";

/**
 * One line on the state of things: `{tone, words, signIn}`.
 *
 * @param {Pick<OnPhone.State, "connection" | "isBusy" | "goesByItself" | "lastSentAt"> & { waiting: number, readAt: number | undefined }} state
 * @returns {{ tone: string, words: string, signIn?: boolean }}
 */
export function stateOf({ connection, waiting, isBusy, goesByItself, lastSentAt, readAt }) {
  if (connection === "signed_out")
    return { tone: "bad", signIn: true, words: waiting ? text("state.signed_out_waiting", { count: waiting }) : text("state.signed_out") };
  if (connection === "away") {
    if (waiting)
      return {
        tone: "warn",
        words: `${text("state.away_waiting", { count: waiting })}. ${text(goesByItself ? "state.goes_by_itself" : "state.open_again")}`,
      };
    return { tone: "warn", words: readAt ? text("state.away", { time: time(readAt) }) : text("state.away_unknown") };
  }
  if (connection === "busy") return { tone: "warn", words: waiting ? text("state.busy_waiting", { count: waiting }) : text("state.busy") };
  if (waiting)
    return { tone: "plain", words: isBusy ? text("state.sending", { count: waiting }) : text("state.waiting", { count: waiting }) };
  if (lastSentAt) return { tone: "good", words: text("state.all_sent", { time: time(lastSentAt) }) };
  return { tone: "plain", words: readAt ? text("state.read", { time: time(readAt) }) : text("state.reading") };
}

/**
 * What has changed since the day was last looked at.
 *
 * @param {OnPhone.Change[]} changes
 * @param {() => unknown} onSeen
 */
export function changesView(changes, onSeen) {
  if (!changes.length) return null;
  return element(
    "section",
    { class: "card notice changed", "aria-labelledby": "changed-title" },
    element("h2", { id: "changed-title" }, icon("history"), text("changed.title")),
    element(
      "ul",
      {},
      changes.map((change) => element("li", {}, changeWords(change))),
    ),
    element("button", { class: "main", onclick: onSeen, dataset: { focusKey: "seen" } }, text("changed.seen")),
  );
}

/** By how many milliseconds a clock may be wrong before anybody has to care. */
const CLOCK_TOLERANCE = 5 * 60_000;

/**
 * That the phone's clock is wrong: what is reported would be at the wrong time.
 *
 * @param {number} ahead milliseconds; negative: behind
 */
export function clockView(ahead) {
  if (Math.abs(ahead) <= CLOCK_TOLERANCE) return null;
  const words = text(ahead > 0 ? "clock.ahead" : "clock.behind", { span: span(Math.abs(ahead) / 1_000) });
  return element(
    "section",
    { class: "card notice refused", "aria-labelledby": "clock-title" },
    element("h2", { id: "clock-title" }, icon("alert"), text("clock.title")),
    element("p", {}, words),
    element("p", {}, text("clock.what_to_do")),
  );
}

/** @param {OnPhone.Change} change */
function changeWords({ kind, stop, before }) {
  const values = {
    what: [titleOf(stop), stop.name].filter(Boolean).join(" – "),
    time: time(stop.start_at),
    before: before ? time(before.start_at) : "",
  };
  return text(`changed.${kind}`, values);
}

/** What a technician can do something about is said with that; all else as on the board. */
const SAID_HERE = ["in_the_future", "before_its_day", "unknown_reference"];

/**
 * Reports that the service does not take, with what can be done about them.
 *
 * @param {OnPhone.Row<"reports">[]} reports
 * @param {{ onRetry: (number: number) => unknown, onDrop: (number: number) => unknown }} deeds
 */
export function refusedView(reports, { onRetry, onDrop }) {
  const refused = reports.filter((row) => row.state === "refused");
  if (!refused.length) return null;
  return element(
    "section",
    { class: "card notice refused", "aria-labelledby": "refused-title" },
    element("h2", { id: "refused-title" }, icon("alert"), text("refused.title")),
    element(
      "ul",
      {},
      refused.map((row) =>
        element(
          "li",
          {},
          element("p", {}, element("strong", {}, [row.title, row.place].filter(Boolean).join(" – "))),
          element("p", {}, row.what === "transfer" ? takenWords(row.body) : summaryOf(row.body)),
          ...(row.faults?.length ? row.faults : [{ code: "refused" }]).map((fault) => element("p", { class: "fault" }, faultWords(fault))),
          element(
            "div",
            { class: "pair" },
            element("button", { onclick: () => onRetry(row.number), dataset: { focusKey: `retry ${row.number}` } }, text("refused.retry")),
            element(
              "button",
              { class: "danger", onclick: () => onDrop(row.number), dataset: { focusKey: `drop ${row.number}` } },
              text("refused.drop"),
            ),
          ),
        ),
      ),
    ),
  );
}

/** @param {Api.NewStockTransfer} body */
const takenWords = ({ quantity, at }) => text("van.taken", { number: number(quantity), time: time(at) });

/** @param {{ code: string, values?: Record<string, string | number> }} fault */
function faultWords(fault) {
  return SAID_HERE.includes(fault.code) ? text(`refused.${fault.code}`) : faultText(fault);
}

/** A few words at the foot of the page that go by themselves, with a way back for as long. */
export class Toast {
  #timer = 0;

  /** @param {HTMLElement} place */
  constructor(place) {
    this.place = place;
  }

  /**
   * @param {string} words
   * @param {{ seconds: number, undo?: () => unknown }} [options]
   */
  show(words, { seconds, undo } = { seconds: 5 }) {
    clearTimeout(this.#timer);
    this.place.replaceChildren(
      element("p", {}, words),
      ...(undo ? [element("button", { onclick: () => this.#undo(undo) }, text("toast.undo"))] : []),
    );
    this.place.hidden = false;
    this.#timer = setTimeout(() => this.hide(), seconds * 1_000);
  }

  hide() {
    clearTimeout(this.#timer);
    this.place.hidden = true;
    this.place.replaceChildren();
  }

  /** @param {() => unknown} undo */
  async #undo(undo) {
    this.hide();
    await undo();
  }
}
