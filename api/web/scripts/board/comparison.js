/**
 * A draft beside what is in force: what it comes to, whose day changes (both days drawn one above
 * the other), which jobs move; accepted whole or for some technicians, or discarded.
 */

import { element } from "../dom.js";
import { day as dayText, isoDay, kilometres, money, number, span, startOfDay, time } from "../format.js";
import { get, post } from "../http.js";
import { text } from "../texts.js";
import { announce } from "./announce.js";
import { done } from "./changes.js";
import { colourName } from "./colours.js";
import { openDialog, troubleLines } from "./dialogs.js";
import { icon } from "./icons.js";
import { lanes } from "./lanes.js";
import { dayAfter } from "./state.js";
import { costBadge, costParts, technicianName } from "./words.js";

const MOST_DAYS = 14;
const ORDER = ["added", "removed", "technician", "time"];

/** Figures of before and after: how they are said, and whether more of it is better. */
const FIGURES = [
  ["cost", money, -1], ["jobs", number, 1], ["distance_metres", kilometres, -1], ["travel_seconds", span, -1],
  ["working_seconds", span, -1], ["overtime_seconds", span, -1], ["late_seconds", span, -1],
];

export async function openComparison(planId) {
  const body = element("div", { class: "comparison", "aria-busy": "true" }, element("p", { class: "soft" }, text("fold.loading")));
  const footer = { some: element("button", { type: "button", disabled: true }), all: element("button", { type: "button", class: "main", disabled: true }, text("draft.accept_all")), discard: element("button", { type: "button", class: "danger" }, text("draft.discard")) };
  const dialog = openDialog({ title: text("draft.title", { id: planId }), className: "huge", body, buttons: [footer.discard, element("span", { class: "spacer" }), footer.some, footer.all] });
  const act = (work) => async () => {
    dialog.clear();
    try {
      await work();
      dialog.close();
    } catch (error) {
      dialog.fail(error);
    }
  };
  footer.discard.addEventListener("click", act(() => discard(planId)));
  try {
    const plan = await get(`/plans/${planId}`);
    const days = Math.min(MOST_DAYS, Math.round((Date.parse(plan.ends_on) - Date.parse(plan.starts_on)) / 86_400_000) + 1);
    const [changes, inForce] = await Promise.all([get(`/plans/${planId}/changes`), get(`/board/${plan.starts_on}?days=${days}`)]);
    const chosen = new Set();
    const choose = () => {
      footer.some.disabled = chosen.size === 0;
      footer.some.textContent = chosen.size ? text("draft.accept_some", { count: chosen.size }) : text("draft.accept_chosen");
    };
    choose();
    footer.all.disabled = false;
    footer.all.addEventListener("click", act(async () => {
      const { version } = await post(`/plans/${planId}/publish`);
      done(text("draft.accepted", { version }));
    }));
    footer.some.addEventListener("click", act(async () => {
      const { version } = await post(`/plans/${planId}/publish`, { technician_ids: [...chosen] });
      done(text("draft.accepted_some", { version, count: chosen.size }));
    }));
    body.replaceChildren(...contents(changes, inForce, days, chosen, choose));
  } catch (error) {
    body.replaceChildren(...troubleLines(error));
  } finally {
    body.removeAttribute("aria-busy");
  }
}

function contents(changes, inForce, days, chosen, choose) {
  if (!changes.technicians.length) {
    return [...notices(changes), element("p", {}, text("draft.same"))];
  }
  const people = element("div", { class: "compared", role: "list" });
  const draw = (iso) => people.replaceChildren(...changes.technicians.map((one) => person(one, changes, inForce, iso, chosen, choose, people)));
  const touched = (iso) => changes.jobs.some(({ old, new: now }) => [old, now].some((place) => place && isoDay(place.start_at) === iso));
  const all = [...Array(days).keys()].map((step) => dayAfter(inForce.day, step));
  const first = all.find(touched) ?? inForce.day;
  draw(first);
  const pick = days > 1
    ? element("label", { class: "inline" }, text("draft.day"), element("select", { onchange: ({ target }) => draw(target.value) }, all.map((iso) => element("option", { value: iso, selected: iso === first }, dayText(startOfDay(iso))))))
    : null;
  return [
    ...notices(changes),
    sums(changes),
    element("div", { class: "section-head" }, element("h3", {}, text("draft.technicians", { count: changes.technicians.length })), pick,
      element("ul", { class: "keys" }, ["kept", "moved", "gone", "new"].map((kind) => element("li", {}, element("span", { class: `key ${kind}` }), text(`draft.key_${kind}`))))),
    people,
    element("h3", {}, text("draft.jobs", { count: changes.jobs.length })),
    jobTable(changes.jobs),
  ];
}

function notices(changes) {
  return changes.is_as_made ? [] : [element("p", { class: "notice" }, text("draft.merged"))];
}

/** What it saves: figures in force, in the draft, and how they differ. */
function sums({ before, after, changes }) {
  const shown = FIGURES.filter(([name]) => before[name] || after[name]);
  return element("div", { class: "sums" },
    element("p", { class: "saved" },
      element("strong", {}, text(changes.saved >= 0 ? "draft.saves" : "draft.costs", { amount: money(Math.abs(changes.saved)) })), " ",
      element("span", { class: "soft numbers" }, [costParts(byRule(changes), 4), changes.price_of_change ? text("draft.price", { amount: money(changes.price_of_change) }) : null].filter(Boolean).join(" · "))),
    element("table", { class: "numbers" },
      element("caption", { class: "visually-hidden" }, text("draft.sums")),
      element("thead", {}, element("tr", {}, element("td", {}), shown.map(([name]) => element("th", { scope: "col" }, text(`draft.figure_${name}`))))),
      element("tbody", {},
        element("tr", {}, element("th", { scope: "row" }, text("draft.in_force")), shown.map(([name, say]) => element("td", {}, say(before[name])))),
        element("tr", {}, element("th", { scope: "row" }, text("draft.draft")), shown.map(([name, say]) => element("td", {}, say(after[name])))),
        element("tr", { class: "differences" }, element("th", { scope: "row" }, text("draft.difference")), shown.map(([name, say, better]) => element("td", { class: mood((after[name] - before[name]) * better) }, signed(after[name] - before[name], say)))))));
}

const mood = (gain) => (gain > 0 ? "better" : gain < 0 ? "worse" : "");
const signed = (value, say) => (value === 0 ? "±0" : `${value > 0 ? "+" : "−"}${say(Math.abs(value))}`);

function byRule({ cost_before: before, cost_after: after }) {
  const rules = new Set([...Object.keys(before), ...Object.keys(after)]);
  // Changes have a price, which is told by itself.
  for (const rule of ["changed_technician", "moved_time"]) rules.delete(rule);
  return Object.fromEntries([...rules].map((rule) => [rule, (after[rule] ?? 0) - (before[rule] ?? 0)]));
}

function person(one, changes, inForce, iso, chosen, choose, people) {
  const box = element("input", { type: "checkbox", value: one.technician_id, "aria-describedby": one.with_technician_ids.length ? `with-${one.technician_id}` : null });
  box.checked = chosen.has(one.technician_id);
  box.addEventListener("change", () => {
    // Whoever gives or takes jobs has to come along, or jobs would be done twice or not at all.
    const together = [one.technician_id, ...one.with_technician_ids];
    for (const id of together) {
      if (box.checked) chosen.add(id);
      else chosen.delete(id);
    }
    for (const other of people.querySelectorAll("input[type=checkbox]")) other.checked = chosen.has(other.value);
    choose();
    announce(text("draft.chosen", { count: chosen.size }));
  });
  const distance = one.after.distance_metres - one.before.distance_metres;
  return element("div", { class: "compared-person", role: "listitem", style: { "--route": `var(${colourName(one.technician_id)})` } },
    element("label", { class: "inline" }, box, element("span", { class: "swatch" }), element("strong", {}, one.technician)),
    element("p", { class: "compared-facts numbers" }, costBadge(one.after.cost - one.before.cost), element("span", {}, text("draft.jobs_from_to", { before: one.before.jobs, after: one.after.jobs })), element("span", {}, signed(distance, kilometres))),
    one.with_technician_ids.length ? element("p", { class: "soft with", id: `with-${one.technician_id}` }, text("draft.with", { technicians: one.with_technician_ids.map(technicianName).join(", ") })) : null,
    lanes(one, changes, inForce, iso));
}

function jobTable(jobs) {
  const where = (place) => (place ? element("span", {}, technicianName(place.technician_id), " ", element("span", { class: "numbers" }, time(place.start_at))) : element("span", { class: "soft" }, text("draft.nowhere")));
  const sorted = [...jobs].sort((one, other) => ORDER.indexOf(one.change) - ORDER.indexOf(other.change) || one.title.localeCompare(other.title, "vi"));
  return element("div", { class: "table-room", tabindex: "0", role: "region", "aria-label": text("draft.jobs", { count: jobs.length }) },
    element("table", { class: "changed-jobs" },
      element("thead", {}, element("tr", {}, ["job", "change", "in_force", "draft"].map((name) => element("th", { scope: "col" }, text(`draft.${name}`))))),
      element("tbody", {}, sorted.map((job) => element("tr", {},
        element("th", { scope: "row" }, job.title, " ", element("span", { class: "soft numbers" }, job.job_id)),
        element("td", {}, element("span", { class: `badge ${{ added: "good", removed: "bad" }[job.change] ?? ""}` }, text(`draft.change_${job.change}`)), job.told ? element("span", { class: "badge warn with-icon" }, icon("told", 11), text("draft.told")) : null),
        element("td", {}, where(job.old)),
        element("td", {}, where(job.new)))))));
}

/** Rule a draft out. */
export async function discard(planId) {
  await post(`/plans/${planId}/discard`);
  done(text("draft.discarded", { id: planId }));
}
