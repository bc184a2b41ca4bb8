/** The drafts that nobody has accepted or discarded yet. */

import { byId, element } from "../../dom.js";
import { day, startOfDay, time } from "../../format.js";
import { get } from "../../http.js";
import { text } from "../../texts.js";
import { icon } from "../../ui/icons.js";
import { toastTrouble } from "../../ui/toast.js";
import { openDialog } from "../dialogs.js";
import { subscribe } from "../state.js";
import { discard, openComparison } from "./comparison.js";

const LIMIT = 50;

/** @type {Api.PlanSummary[]} */
let drafts = [];
const count = element("span", { class: "count numbers", hidden: true });
const list = element("ul", { class: "drafts" });
/** Shuts the list; what was accepted is undone on the board. */
let shut = () => {};

export function mountDrafts() {
  byId("top-actions").append(
    element("button", { type: "button", id: "drafts", onclick: openDrafts }, icon("compare", 13), text("draft.open"), count),
  );
  subscribe("event:plan", read);
  read();
}

async function read() {
  try {
    const { plans } = await get(`/plans?limit=${LIMIT}`, { quiet: true });
    drafts = plans.filter((plan) => plan.status === "draft");
    count.hidden = drafts.length === 0;
    count.textContent = String(drafts.length);
    draw();
  } catch (error) {
    toastTrouble(error);
  }
}

function openDrafts() {
  draw();
  shut = openDialog({ title: text("draft.list"), body: list }).close;
}

function draw() {
  list.replaceChildren(...(drafts.length ? drafts.map(line) : [element("li", { class: "soft" }, text("draft.none"))]));
}

/** @param {Api.PlanSummary} plan */
function line(plan) {
  const days =
    plan.starts_on === plan.ends_on
      ? day(startOfDay(plan.starts_on))
      : `${day(startOfDay(plan.starts_on))} – ${day(startOfDay(plan.ends_on))}`;
  return element(
    "li",
    {},
    element(
      "div",
      {},
      element("strong", {}, text("draft.name", { id: plan.id, days })),
      element(
        "p",
        { class: "soft numbers" },
        text("draft.made", { time: `${day(plan.created_at)} ${time(plan.created_at)}` }),
        plan.territory ? ` · ${plan.territory}` : "",
      ),
    ),
    element(
      "div",
      { class: "buttons" },
      element("button", { type: "button", class: "small", onclick: () => openComparison(plan.id, shut) }, text("draft.compare")),
      element(
        "button",
        { type: "button", class: "small danger", onclick: () => discard(plan.id).catch(toastTrouble) },
        text("draft.discard"),
      ),
    ),
  );
}
