/** What was done at a job's place or on its machine before, whenever that was, page by page. */

import { element } from "../../dom.js";
import { longDay, time } from "../../format.js";
import { get } from "../../http.js";
import { text } from "../../texts.js";
import { announce } from "../../ui/announce.js";
import { foldable } from "../../ui/foldable.js";
import { toastTrouble } from "../../ui/toast.js";
import { addJobSection } from "./details.js";
import { endBadge, endLines } from "./ends.js";

const ON_A_PAGE = 5;

export function mountEarlier() {
  const fold = foldable("earlier.title", load);
  addJobSection((job) => fold.of(job.id, job));
}

/** @param {OnBoard.Job} job */
async function load(job) {
  const list = element("ol", { class: "earlier" });
  const more = element("button", { type: "button", class: "small" }, text("earlier.more"));
  const none = element("p", { class: "soft" });
  const only = element("input", { type: "checkbox" });
  const choice = element("label", { class: "inline" }, only, text("earlier.only_machine"));
  /** @type {string | null} */
  let next = null;

  /** @param {boolean} isFirst */
  async function read(isFirst) {
    const query = `${only.checked ? "&same_asset=true" : ""}${isFirst || !next ? "" : `&after=${encodeURIComponent(next)}`}`;
    const page = await get(`/jobs/${encodeURIComponent(job.id)}/history?limit=${ON_A_PAGE}${query}`);
    if (isFirst) list.replaceChildren();
    const lines = page.visits.map(line);
    list.append(...lines);
    next = page.next;
    more.hidden = next === null;
    none.textContent = list.children.length ? "" : text("earlier.none");
    none.hidden = list.children.length > 0;
    if (!only.checked) choice.hidden = !choice.isConnected && !page.visits.some((one) => one.same_asset);
    return lines;
  }

  more.addEventListener("click", () =>
    read(false).then((lines) => {
      lines[0]?.focus();
      announce(text("earlier.read", { count: lines.length }));
    }, toastTrouble),
  );
  only.addEventListener("change", () => read(true).catch(toastTrouble));
  await read(true);
  return [choice, list, none, more];
}

/** @param {Api.EarlierVisit} visit */
function line(visit) {
  return element(
    "li",
    { tabindex: "-1" },
    element(
      "p",
      { class: "card-facts" },
      element("strong", { class: "numbers" }, `${longDay(visit.ended_at)} ${time(visit.ended_at)}`),
      endBadge(visit.status),
      visit.same_asset ? element("span", { class: "badge" }, text("earlier.same_machine")) : null,
    ),
    element("p", {}, visit.title, " ", element("span", { class: "soft numbers" }, visit.job_id)),
    visit.technician || visit.assets.length
      ? element("p", { class: "soft" }, [visit.technician, ...visit.assets].filter(Boolean).join(" · "))
      : null,
    ...endLines(visit),
  );
}
