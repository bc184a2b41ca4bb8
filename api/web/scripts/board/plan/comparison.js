/**
 * A draft beside what is in force: what it comes to, whose day changes (both days drawn one above
 * the other), which jobs move; accepted whole or for some technicians, or discarded.
 */

import { element, isThere } from "../../dom.js";
import { day as dayText, isoDay, kilometres, startOfDay } from "../../format.js";
import { get, post } from "../../http.js";
import { text } from "../../texts.js";
import { announce } from "../../ui/announce.js";
import { causeText, kindText } from "../causes.js";
import { colourName } from "../colours.js";
import { openDialog, troubleLines } from "../dialogs.js";
import { done, undoOf } from "../moves/changes.js";
import { dayAfter } from "../state.js";
import { lanes } from "../timeline/lanes.js";
import { costBadge, technicianName } from "../words.js";
import { jobTable, signed, sums } from "./differences.js";

const MOST_DAYS = 14;

/**
 * A draft, and the board of its days as they are in force; `drafted` are its routes, as far as they
 * would be put in force like that, `chosen` the technicians for whom it is to be accepted.
 *
 * @typedef {object} Compared
 * @property {Api.DraftChanges} changes
 * @property {Api.Board} inForce
 * @property {Api.PlannedRoute[]} drafted
 * @property {number} days
 * @property {Set<string>} chosen
 * @property {() => void} choose
 */

/**
 * @param {number} planId
 * @param {() => void} [accepted] is told when all or a part of it was
 */
export async function openComparison(planId, accepted = () => {}) {
  const body = element("div", { class: "comparison", "aria-busy": "true" }, element("p", { class: "soft" }, text("fold.loading")));
  const footer = {
    some: element("button", { type: "button", disabled: true }),
    all: element("button", { type: "button", class: "main", disabled: true }, text("draft.accept_all")),
    discard: element("button", { type: "button", class: "danger" }, text("draft.discard")),
  };
  const dialog = openDialog({
    title: text("draft.title", { id: planId }),
    className: "huge",
    body,
    buttons: [footer.discard, element("span", { class: "spacer" }), footer.some, footer.all],
  });
  const act = (/** @type {() => Promise<unknown>} */ work) => async () => {
    dialog.clear();
    try {
      await work();
      dialog.close();
    } catch (error) {
      dialog.fail(error);
    }
  };
  footer.discard.addEventListener(
    "click",
    act(() => discard(planId)),
  );
  try {
    const plan = await get(`/plans/${planId}`);
    const days = Math.min(MOST_DAYS, Math.round((Date.parse(plan.ends_on) - Date.parse(plan.starts_on)) / 86_400_000) + 1);
    const [changes, inForce] = await Promise.all([get(`/plans/${planId}/changes`), get(`/board/${plan.starts_on}?days=${days}`)]);
    /** @type {Set<string>} */
    const chosen = new Set();
    const choose = () => {
      footer.some.disabled = chosen.size === 0;
      footer.some.textContent = chosen.size ? text("draft.accept_some", { count: chosen.size }) : text("draft.accept_chosen");
    };
    choose();
    footer.all.disabled = false;
    footer.all.addEventListener(
      "click",
      act(async () => {
        const { version } = await post(`/plans/${planId}/publish`);
        done(text("draft.accepted", { version }), undoing(version, inForce));
        accepted();
      }),
    );
    footer.some.addEventListener(
      "click",
      act(async () => {
        const { version } = await post(`/plans/${planId}/publish`, { technician_ids: [...chosen] });
        done(text("draft.accepted_some", { version, count: chosen.size }), undoing(version, inForce));
        accepted();
      }),
    );
    // Merged with what has happened since, it would be put in force otherwise than it was made.
    const drafted = changes.is_as_made ? plan.routes : [];
    body.replaceChildren(...notices(changes, plan), ...contents({ changes, inForce, drafted, days, chosen, choose }));
  } catch (error) {
    body.replaceChildren(...troubleLines(error));
  } finally {
    body.removeAttribute("aria-busy");
  }
}

/**
 * How a version is undone; nothing, if it was in force already when the draft was looked at.
 *
 * @param {number | null} version
 * @param {Api.Board} inForce
 * @returns {OnBoard.Undo[]}
 */
function undoing(version, inForce) {
  return version !== null && version > inForce.version ? undoOf(version) : [];
}

/** @param {Compared} compared */
function contents(compared) {
  const { changes, inForce, days } = compared;
  if (!changes.technicians.length) {
    return [element("p", {}, text("draft.same"))];
  }
  const people = element("div", { class: "compared", role: "list" });
  const draw = (/** @type {Api.Day} */ iso) =>
    people.replaceChildren(...changes.technicians.map((one) => person(one, iso, people, compared)));
  const touched = (/** @type {Api.Day} */ iso) =>
    changes.jobs.some(({ old, new: now }) => [old, now].some((place) => place && isoDay(place.start_at) === iso));
  const all = [...Array(days).keys()].map((step) => dayAfter(inForce.day, step));
  const first = all.find(touched) ?? inForce.day;
  draw(first);
  const pick =
    days > 1
      ? element(
          "label",
          { class: "inline" },
          text("draft.day"),
          element(
            "select",
            { onchange: ({ currentTarget }) => draw(currentTarget.value) },
            all.map((iso) => element("option", { value: iso, selected: iso === first }, dayText(startOfDay(iso)))),
          ),
        )
      : null;
  return [
    sums(changes),
    element(
      "div",
      { class: "section-head" },
      element("h3", {}, text("draft.technicians", { count: changes.technicians.length })),
      pick,
      element(
        "ul",
        { class: "keys" },
        ["kept", "moved", "gone", "new"].map((kind) =>
          element("li", {}, element("span", { class: `key ${kind}` }), text(`draft.key_${kind}`)),
        ),
      ),
    ),
    people,
    element("h3", {}, text("draft.jobs", { count: changes.jobs.length })),
    jobTable(changes.jobs),
  ];
}

/**
 * What has to be known before it is accepted.
 *
 * @param {Api.DraftChanges} changes
 * @param {Api.PlanOut} plan
 */
function notices(changes, plan) {
  return [
    changes.is_as_made ? null : element("p", { class: "notice" }, text("draft.merged")),
    ...plan.lent_twice.map(({ code, ...values }) =>
      element("p", { class: "notice" }, element("strong", {}, kindText({ kind: code })), " – ", causeText({ code, values })),
    ),
  ].filter(isThere);
}

/**
 * @param {Api.ChangedTechnician} one
 * @param {Api.Day} iso
 * @param {HTMLElement} people
 * @param {Compared} compared
 */
function person(one, iso, people, { changes, inForce, drafted, chosen, choose }) {
  const box = element("input", {
    type: "checkbox",
    value: one.technician_id,
    "aria-describedby": one.with_technician_ids.length ? `with-${one.technician_id}` : null,
  });
  box.checked = chosen.has(one.technician_id);
  box.addEventListener("change", () => {
    // Whoever gives or takes jobs has to come along, or jobs would be done twice or not at all.
    const together = [one.technician_id, ...one.with_technician_ids];
    for (const id of together) {
      if (box.checked) chosen.add(id);
      else chosen.delete(id);
    }
    for (const other of people.querySelectorAll("input")) other.checked = chosen.has(other.value);
    choose();
    announce(text("draft.chosen", { count: chosen.size }));
  });
  const distance = one.after.distance_metres - one.before.distance_metres;
  return element(
    "div",
    { class: "compared-person", role: "listitem", style: { "--route": `var(${colourName(one.technician_id)})` } },
    element("label", { class: "inline" }, box, element("span", { class: "swatch" }), element("strong", {}, one.technician)),
    element(
      "p",
      { class: "compared-facts numbers" },
      costBadge(one.after.cost - one.before.cost),
      element("span", {}, text("draft.jobs_from_to", { before: one.before.jobs, after: one.after.jobs })),
      element("span", {}, signed(distance, kilometres)),
    ),
    one.with_technician_ids.length
      ? element(
          "p",
          { class: "soft with", id: `with-${one.technician_id}` },
          text("draft.with", { technicians: one.with_technician_ids.map(technicianName).join(", ") }),
        )
      : null,
    lanes(one, changes, inForce, drafted, iso),
  );
}

/**
 * Rule a draft out.
 *
 * @param {number} planId
 */
export async function discard(planId) {
  await post(`/plans/${planId}/discard`);
  done(text("draft.discarded", { id: planId }));
}
