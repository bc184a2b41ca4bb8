/**
 * Changes by hand: making them, taking them back, and what was done lately in this window.
 *
 * What can be undone is kept as the request that undoes it, so that it outlasts a reload.
 */

import { around, byId, element } from "../../dom.js";
import { time } from "../../format.js";
import { ask, post } from "../../http.js";
import { text } from "../../texts.js";
import { announce } from "../../ui/announce.js";
import { icon } from "../../ui/icons.js";
import { toast, toastTrouble } from "../../ui/toast.js";
import { openDialog } from "../dialogs.js";
import { together } from "../live.js";

const KEPT_AS = "changes";
const MOST = 30;

/** The newest first: `{id, words, at, undo: [{method, path, body}], isUndone}`. */
let history = /** @type {OnBoard.Done[]} */ (JSON.parse(sessionStorage.getItem(KEPT_AS) ?? "[]"));
let leaveToast = () => {};

/** Put the button into the page, and listen to Ctrl + Z. */
export function mountChanges() {
  byId("top-actions").append(
    element(
      "button",
      {
        type: "button",
        id: "history",
        class: "square",
        "aria-label": text("history.title"),
        title: text("history.title"),
        onclick: showHistory,
      },
      icon("undo"),
    ),
  );
  document.addEventListener("keydown", (event) => {
    // What a browser fills in by itself comes without a key.
    if (event.key?.toLowerCase() !== "z" || event.shiftKey || !(event.ctrlKey || event.metaKey)) return;
    if (around(event.target, "input, textarea, select, dialog")) return;
    event.preventDefault();
    undoNewest();
  });
}

/**
 * Judge a change without making it; see `POST /plan-changes/judgement`.
 *
 * @param {Api.PlanChange} change
 * @param {import("../../http.js").Options} [options]
 */
export const judge = (change, options) => post("/plan-changes/judgement", change, options);

/**
 * Make a change of the plan in force. `override`: `{reason}` for breaking hard rules, together with
 * the version of the plan that was judged.
 *
 * @param {Api.PlanChange} change
 * @param {string} words
 * @param {{ override?: { reason: string } | null, planVersion?: number | null, buttons?: OnBoard.Button[] }} [options]
 */
export async function makeChange(change, words, { override = null, planVersion = null, buttons = [] } = {}) {
  const made = await post("/plan-changes", { ...change, override, plan_version: planVersion });
  done(words, undoOf(made.plan_version), buttons);
  return made;
}

/**
 * Say that something was done, and remember the requests that undo it.
 *
 * @param {string} words
 * @param {OnBoard.Undo[]} [undo]
 * @param {OnBoard.Button[]} [buttons]
 */
export function done(words, undo = [], buttons = []) {
  const entry = remembered(words, undo);
  keep();
  const offered = undo.length ? [{ label: text("undo"), act: () => undoEntry(entry) }] : [];
  leaveToast();
  leaveToast = toast(words, { buttons: [...offered, ...buttons] });
}

/**
 * Take back what was done elsewhere: a version that came into force by itself.
 *
 * @param {string} words
 * @param {number} version
 */
export async function takeBack(words, version) {
  await undoEntry(remembered(words, undoOf(version)));
}

/**
 * How a version of the plan is undone.
 *
 * @param {number} version
 * @returns {OnBoard.Undo[]}
 */
export const undoOf = (version) => [{ method: "POST", path: `/plan-changes/${version}/undo` }];

/**
 * The newest of what was done.
 *
 * @param {string} words
 * @param {OnBoard.Undo[]} undo
 * @returns {OnBoard.Done}
 */
function remembered(words, undo) {
  const entry = { id: Date.now(), words, at: Date.now(), undo, isUndone: false };
  history = [entry, ...history].slice(0, MOST);
  return entry;
}

/** Take the newest change back that has not been. */
function undoNewest() {
  const entry = history.find((one) => one.undo.length && !one.isUndone);
  if (entry) undoEntry(entry);
  else announce(text("history.nothing"));
}

/** @param {OnBoard.Done} entry */
async function undoEntry(entry) {
  if (entry.isUndone) return;
  try {
    await together(async () => {
      for (const { method, path, body } of entry.undo) await ask(method, path, body ?? (method === "POST" ? {} : undefined));
    });
    entry.isUndone = true;
    keep();
    leaveToast();
    leaveToast = toast(text("history.undone", { words: entry.words }));
  } catch (error) {
    toastTrouble(error);
  }
}

function keep() {
  sessionStorage.setItem(KEPT_AS, JSON.stringify(history));
}

function showHistory() {
  const list = element("ol", { class: "history" });
  const draw = () =>
    list.replaceChildren(...(history.length ? history.map(line) : [element("li", { class: "soft" }, text("history.nothing"))]));
  const line = (/** @type {OnBoard.Done} */ entry) =>
    element(
      "li",
      { class: entry.isUndone ? "undone" : "" },
      element("span", { class: "numbers soft" }, time(entry.at)),
      element("span", {}, entry.words),
      entry.isUndone
        ? element("span", { class: "badge" }, text("history.taken_back"))
        : entry.undo.length
          ? element(
              "button",
              {
                type: "button",
                class: "small",
                onclick: async () => {
                  await undoEntry(entry);
                  draw();
                },
              },
              text("undo"),
            )
          : null,
    );
  draw();
  openDialog({ title: text("history.title"), body: [element("p", { class: "soft" }, text("history.help")), list] });
}
