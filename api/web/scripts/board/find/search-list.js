/**
 * What the search field finds beyond the days shown, as a list beneath it: a combobox as ARIA has
 * it. Enter, or a click, goes there.
 */

import { byId, element } from "../../dom.js";
import { get, wasGivenUp } from "../../http.js";
import { text } from "../../texts.js";
import { troubleTexts } from "../../troubles.js";
import { announce } from "../../ui/announce.js";
import { toastTrouble } from "../../ui/toast.js";
import { openPanel } from "../panels/panel.js";
import { select } from "../state.js";
import { goToJob } from "./going.js";
import { openPlace } from "./place-card.js";
import { resultLine } from "./results.js";

const WAIT_MILLISECONDS = 180;
const LEAST_LETTERS = 2;
const PAGE = 12;
const KINDS = /** @type {const} */ (["", "job", "site", "asset", "technician"]);

/** @type {Api.FoundThing[]} */
let found = [];
/** @type {number | null} */
let next = null;
let active = -1;
let kind = "";
/** Whether Enter was pressed before the answer was there. */
let isImpatient = false;
/** Whether what is listed is what the field said before, and whether an arrow was pressed meanwhile. */
let isStale = false;
let isFirstWanted = false;
/** @type {AbortController | null} */
let asking = null;
let timer = 0;

/** @type {HTMLInputElement} */
let input;
const list = element("ul", { id: "found", class: "found-list", role: "listbox" });
const status = element("p", { class: "soft found-status", role: "status" });
const kinds = element("div", { class: "found-kinds", role: "group" });
const popup = element("div", { class: "found", hidden: true }, kinds, status, list);

export function mountSearchList() {
  input = byId("search", HTMLInputElement);
  for (const [name, value] of Object.entries({
    role: "combobox",
    "aria-expanded": "false",
    "aria-controls": "found",
    "aria-autocomplete": "list",
    "aria-haspopup": "listbox",
  })) {
    input.setAttribute(name, value);
  }
  list.setAttribute("aria-label", text("find.results"));
  kinds.setAttribute("aria-label", text("find.kinds"));
  kinds.append(
    ...KINDS.map((one) =>
      element(
        "button",
        { type: "button", class: "small quiet", "aria-pressed": String(one === kind), dataset: { kind: one }, onclick: () => narrow(one) },
        text(`find.kind_${one || "all"}`),
      ),
    ),
  );
  input.after(popup);
  input.addEventListener("input", () => {
    clearTimeout(timer);
    isImpatient = isFirstWanted = false;
    isStale = true;
    found = [];
    if (input.value.trim().length < LEAST_LETTERS) return shut();
    timer = setTimeout(look, WAIT_MILLISECONDS);
  });
  input.addEventListener("keydown", onKey);
  popup.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    shut();
    input.focus();
  });
  // It stays as long as the focus is in it.
  byId("filters").addEventListener("focusout", ({ relatedTarget }) => {
    if (relatedTarget instanceof Node && (popup.contains(relatedTarget) || relatedTarget === input)) return;
    shut();
  });
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  const count = list.children.length;
  if (step && isStale) {
    event.preventDefault();
    isFirstWanted = true;
  } else if (step && popup.hidden && input.value.trim().length >= LEAST_LETTERS) {
    event.preventDefault();
    look();
  } else if (step && count) {
    event.preventDefault();
    point((active + step + count + (active < 0 && step < 0 ? 1 : 0)) % count);
  } else if (event.key === "Enter" && input.value.trim().length >= LEAST_LETTERS) {
    event.preventDefault();
    take();
  } else if (event.key === "Escape" && !popup.hidden) {
    event.preventDefault();
    event.stopPropagation();
    shut();
  }
}

/** What is pointed at, or else the first. */
function take() {
  const line = list.children[Math.max(0, active)];
  if (!popup.hidden && line instanceof HTMLElement && found.length) line.click();
  else {
    isImpatient = true;
    clearTimeout(timer);
    look();
  }
}

/** @param {string} wanted */
function narrow(wanted) {
  kind = wanted;
  for (const one of kinds.children) one.setAttribute("aria-pressed", String(one instanceof HTMLElement && one.dataset.kind === kind));
  input.focus();
  look();
}

/** @param {number | null} [after] */
async function look(after = null) {
  asking?.abort();
  asking = new AbortController();
  const asked = new URLSearchParams({ q: input.value.trim(), limit: String(PAGE) });
  if (kind) asked.set("kind", kind);
  if (after !== null) asked.set("after", String(after));
  try {
    const page = await get(`/search?${asked}`, { signal: asking.signal });
    next = page.next;
    found = after === null ? page.found : [...found, ...page.found];
  } catch (error) {
    if (wasGivenUp(error)) return;
    found = [];
    next = null;
    isStale = false;
    show();
    status.textContent = troubleTexts(error).join(" ");
    return;
  }
  // Somebody may have gone on to something else.
  if (document.activeElement !== input && !popup.contains(document.activeElement)) return;
  active = after === null ? -1 : found.length - PAGE;
  draw(after);
}

/** @param {number | null} after */
function draw(after) {
  const lines = found.map((one, index) => resultLine(one, `found-${index}`, () => choose(one)));
  const more = element(
    "li",
    { role: "option", id: `found-${found.length}`, class: "result more", "aria-selected": "false", onclick: () => look(next) },
    text("find.more"),
  );
  more.addEventListener("pointerdown", (event) => event.preventDefault());
  list.replaceChildren(...lines, ...(next === null ? [] : [more]));
  isStale = false;
  status.textContent = found.length ? "" : text("find.nothing", { words: input.value.trim() });
  show();
  if (after !== null || (isFirstWanted && found.length)) point(Math.max(0, active));
  else input.removeAttribute("aria-activedescendant");
  if (isImpatient && found[0]) choose(found[0]);
  else if (after === null) announce(text("find.count", { count: found.length, more: next === null ? "" : "+" }));
  isImpatient = isFirstWanted = false;
}

function show() {
  popup.hidden = false;
  input.setAttribute("aria-expanded", "true");
}

function shut() {
  isStale = isFirstWanted = false;
  clearTimeout(timer);
  asking?.abort();
  active = -1;
  popup.hidden = true;
  list.replaceChildren();
  status.textContent = "";
  input.setAttribute("aria-expanded", "false");
  input.removeAttribute("aria-activedescendant");
}

/** @param {number} index */
function point(index) {
  active = index;
  for (const [number, line] of [...list.children].entries()) line.setAttribute("aria-selected", String(number === index));
  input.setAttribute("aria-activedescendant", `found-${index}`);
  list.children[index]?.scrollIntoView({ block: "nearest" });
}

/** @param {Api.FoundThing} one */
function choose(one) {
  shut();
  if (one.kind === "job") goToJob(one.id, one.day).catch(toastTrouble);
  else if (one.kind === "technician") {
    select({ technicianId: one.id });
    openPanel("job", { focus: true });
  } else if (one.site_id) openPlace(one.site_id, one.asset_id).catch(toastTrouble);
}
