/** A customer's place in a dialog: what is there, its jobs, and what can be done about it. */

import { element } from "../../dom.js";
import { get } from "../../http.js";
import { text } from "../../texts.js";
import { toastTrouble } from "../../ui/toast.js";
import { openDialog } from "../dialogs.js";
import { openNewJob } from "../job/new-job.js";
import { phoneButton } from "../words.js";
import { openCorrection } from "./correct-site.js";
import { goToJob } from "./going.js";
import { resultLine } from "./results.js";

const MOST_JOBS = 30;

/**
 * Show the site, with the machine that is meant at its head.
 *
 * @param {string} siteId
 * @param {string | null} [assetId]
 */
export async function openPlace(siteId, assetId = null) {
  const id = encodeURIComponent(siteId);
  const [site, { assets }, { found }] = await Promise.all([
    get(`/sites/${id}`),
    get(`/assets?site_id=${id}&limit=200`),
    get(`/search?kind=job&limit=${MOST_JOBS}&q=${id}`),
  ]);
  const jobs = found.filter((one) => one.site_id === siteId);
  const meant = assets.find((one) => one.id === assetId) ?? null;
  const dialog = openDialog({
    title: site.name,
    className: "wide place-card",
    body: [
      element("p", {}, site.address, " ", element("span", { class: "soft numbers" }, site.id)),
      site.phone ? element("p", {}, phoneButton(site.phone)) : null,
      site.latitude === null ? element("p", { class: "badge warn" }, text("form.not_located")) : null,
      element(
        "div",
        { class: "job-actions" },
        button(text("place.new_job"), "main", () => newJob(null)),
        button(text("place.correct"), "", correct),
      ),
      assets.length ? element("h3", {}, text("place.machines")) : null,
      element(
        "ul",
        { class: "place-machines" },
        [...assets].sort((one, other) => Number(other === meant) - Number(one === meant)).map(machine),
      ),
      element("h3", {}, text("place.jobs")),
      jobs.length ? null : element("p", { class: "soft" }, text("place.no_jobs")),
      element("ul", { class: "place-jobs" }, jobs.map(jobLine)),
    ],
  });

  function correct() {
    dialog.close();
    openCorrection(siteId, () => openPlace(siteId, assetId).catch(toastTrouble)).catch(toastTrouble);
  }

  /** @param {Api.AssetOut | null} asset */
  function newJob(asset) {
    dialog.close();
    openNewJob({ site, asset });
  }

  /** @param {Api.AssetOut} asset */
  function machine(asset) {
    const name = [asset.name, asset.model].filter(Boolean).join(" ");
    return element(
      "li",
      { class: asset === meant ? "meant" : "" },
      element(
        "span",
        {},
        element("strong", {}, name),
        " ",
        element("span", { class: "soft numbers" }, [asset.id, asset.serial_number].filter(Boolean).join(" · ")),
      ),
      button(text("place.new_job_for", { machine: name }), "small", () => newJob(asset)),
    );
  }

  /** @param {Api.FoundThing} job */
  function jobLine(job) {
    const go = () => {
      dialog.close();
      goToJob(job.id, job.day).catch(toastTrouble);
    };
    const line = resultLine({ ...job, matched: [] }, `place-${job.id}`, () => {});
    const open = element("button", { type: "button", class: "result", onclick: go }, ...line.childNodes);
    return element("li", {}, open);
  }
}

/**
 * @param {string} label
 * @param {string} kind
 * @param {() => unknown} act
 */
const button = (label, kind, act) => element("button", { type: "button", class: kind, onclick: act }, label);
