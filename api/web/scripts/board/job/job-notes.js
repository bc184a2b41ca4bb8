/** What the board's own data do not have of the chosen job: machine, contact, note, wishes, and what it waits for. */

import { element } from "../../dom.js";
import { day, startOfDay } from "../../format.js";
import { get } from "../../http.js";
import { text } from "../../texts.js";
import { technicianName } from "../words.js";
import { addJobSection } from "./details.js";

/**
 * What is shown, and of which state of which job.
 *
 * @type {{ signed: string, node: HTMLElement } | null}
 */
let shown = null;

export function mountJobNotes() {
  addJobSection((job) => {
    const signed = `${job.id} ${job.revision}`;
    if (shown?.signed !== signed) {
      const node = element("dl", { class: "facts job-notes" });
      shown = { signed, node };
      fill(node, job.id);
    }
    return shown.node;
  });
}

/**
 * @param {HTMLElement} node
 * @param {string} jobId
 */
async function fill(node, jobId) {
  const job = await get(`/jobs/${encodeURIComponent(jobId)}`, { quiet: true }).catch(() => null);
  if (!job) return;
  const asset = job.asset_id ? await get(`/assets/${encodeURIComponent(job.asset_id)}`, { quiet: true }).catch(() => null) : null;
  const until = job.hold_until && text("hold.until", { day: day(startOfDay(job.hold_until)) });
  const phone = job.contact_phone;
  /** @type {[string, import("../../dom.js").Child][]} */
  const facts = [
    [text("form.hold_reason"), [job.hold_reason, until].filter(Boolean).join(", ")],
    [text("form.machine"), asset ? [asset.name, asset.model, asset.id].filter(Boolean).join(" · ") : ""],
    [text("form.contact"), job.contact_name ?? ""],
    [text("form.contact_phone"), phone && element("a", { class: "numbers", href: `tel:${phone.replaceAll(" ", "")}` }, phone)],
    [text("form.note"), job.note ?? ""],
    .../** @type {const} */ (["preferred", "allowed", "forbidden"]).map(
      (wish) => /** @type {[string, string]} */ ([text(`form.${wish}`), job[wish].map(technicianName).join(", ")]),
    ),
  ];
  node.replaceChildren(
    ...facts.filter(([, value]) => value).map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value))),
  );
}
