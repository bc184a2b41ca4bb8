/** The search field and the choices that say which technicians and jobs are meant. */

import { byId, element } from "../dom.js";
import { text } from "../texts.js";
import { announce } from "../ui/announce.js";
import { clearFilters, isFiltered, matchesJob, PRIORITIES, setFilters, shownTechnicians } from "./filters.js";
import { board, subscribe } from "./state.js";

/** What a dispatcher asks for: a job's status, or that it is late or pinned. */
const STATES = ["conflict", "late", "scheduled", "dispatched", "en_route", "on_site", "completed", "cannot_complete", "pinned"];
const CHOICES = /** @type {const} */ (["skill", "territory", "priority", "state"]);
/** What is found is said once the typing has paused. */
const PAUSE_MILLISECONDS = 600;
let timer = 0;
let wasFiltered = false;

/** @typedef {(typeof CHOICES)[number]} Choice */

/** @param {Choice} name */
const choiceOf = (name) => byId(`filter-${name}`, HTMLSelectElement);

/** Wire the controls of the page. */
export function wireFilters() {
  const form = byId("filters", HTMLFormElement);
  const search = byId("search", HTMLInputElement);
  const clear = byId("clear-filters");
  form.addEventListener("submit", (event) => event.preventDefault());
  search.addEventListener("input", () => setFilters({ words: search.value }));
  for (const name of CHOICES) {
    const select = choiceOf(name);
    select.addEventListener("change", () => setFilters({ [name]: select.value }));
  }
  clear.addEventListener("click", () => {
    form.reset();
    clearFilters();
    search.focus();
  });
  subscribe("restored-filters", (wanted) => {
    search.value = wanted.words;
    for (const name of CHOICES) {
      const select = choiceOf(name);
      select.value = wanted[name];
      // What is not there to be chosen, rules nothing out either.
      if (select.value !== wanted[name]) select.value = "";
    }
    setFilters({ words: search.value, ...Object.fromEntries(CHOICES.map((name) => [name, choiceOf(name).value])) });
  });
  subscribe("filters", () => {
    clear.hidden = !isFiltered();
    for (const select of CHOICES.map(choiceOf)) select.classList.toggle("chosen", Boolean(select.value));
    // That there is still no filter, as when the page is opened, is no news.
    if (isFiltered() || wasFiltered) announceLater();
    wasFiltered = isFiltered();
  });
  options(
    "priority",
    PRIORITIES.map((one) => [one, text(`priority.${one}`)]),
  );
  options(
    "state",
    STATES.map((one) => [one, text(`status.${one}`)]),
  );
  subscribe("board", (technicianIds) => {
    if (technicianIds !== null) return;
    options("skill", Object.entries(board.skills));
    const territories = new Set([...board.technicians.values()].flatMap(({ territories: found }) => found));
    options(
      "territory",
      [...territories].sort().map((one) => [one, one]),
    );
  });
}

/**
 * @param {Choice} name
 * @param {[string, string][]} pairs
 */
function options(name, pairs) {
  const select = choiceOf(name);
  const { value } = select;
  select.replaceChildren(
    element("option", { value: "" }, text(`filter.${name}`)),
    ...pairs.map(([id, label]) => element("option", { value: id }, label)),
  );
  select.value = pairs.some(([id]) => id === value) ? value : "";
  // What is not there to be chosen any more, rules nothing out either.
  if (select.value !== value) setFilters({ [name]: "" });
}

function announceLater() {
  clearTimeout(timer);
  timer = setTimeout(() => {
    const count = [...board.jobs.values()].filter(matchesJob).length;
    const technicians = text("timeline.technicians", { count: shownTechnicians().length });
    announce(isFiltered() ? text("filter.found", { count, technicians }) : text("filter.none"));
  }, PAUSE_MILLISECONDS);
}
