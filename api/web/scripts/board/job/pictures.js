/** A job's photos and signatures in its details: looked at, added, taken back. */

import { element, isThere } from "../../dom.js";
import { day, time } from "../../format.js";
import { ask, csrfToken, get, Refused } from "../../http.js";
import { picturesOf, scaledDown } from "../../pictures.js";
import { text } from "../../texts.js";
import { troubleTexts } from "../../troubles.js";
import { announce } from "../../ui/announce.js";
import { toast } from "../../ui/toast.js";
import { confirmDialog, openDialog, troubleLines } from "../dialogs.js";
import { done } from "../moves/changes.js";
import { subscribe } from "../state.js";
import { technicianName } from "../words.js";
import { addJobSection } from "./details.js";

const TYPES = ["image/jpeg", "image/png", "image/webp"];
/**
 * @typedef {{ jobId: string, node: HTMLElement, list: HTMLElement }} Shown
 * @type {Shown | null}
 */
let shown = null;

export function mountPictures() {
  addJobSection(section);
  subscribe("event:attachment", (/** @type {Api.EventOut} */ { after }) => {
    // Of which job something was taken back is not told.
    if (shown && (!after || after.job_id === shown.jobId)) read(shown);
  });
}

/** @type {import("./details.js").JobSection} */
function section(job) {
  if (shown?.jobId === job.id) return shown.node;
  const list = element("ul", { class: "pictures" });
  const node = element(
    "section",
    { class: "job-pictures", "aria-busy": "true" },
    element("h3", {}, text("pictures.title")),
    list,
    chooser(job.id),
  );
  shown = { jobId: job.id, node, list };
  read(shown);
  return node;
}

/** @param {Shown} mine */
async function read(mine) {
  try {
    const { attachments } = await get(picturesOf(mine.jobId), { quiet: true });
    mine.list.replaceChildren(...attachments.map(thumbnail));
  } catch (error) {
    mine.list.replaceChildren(...troubleLines(error).map((line) => element("li", {}, line)));
  } finally {
    mine.node.removeAttribute("aria-busy");
  }
}

/** @param {Api.AttachmentOut} one */
const addressOf = (one) => `${picturesOf(one.job_id)}/${encodeURIComponent(one.id)}`;

/**
 * What it is, from whom, and when.
 *
 * @param {Api.AttachmentOut} one
 */
function words({ kind, technician_id: technicianId, taken_at: takenAt, received_at: receivedAt }) {
  const at = takenAt ?? receivedAt;
  return text(`pictures.${kind}`, {
    who: technicianId ? technicianName(technicianId) : text("pictures.office"),
    when: `${day(at)} ${time(at)}`,
  });
}

/** @param {Api.AttachmentOut} one */
function thumbnail(one) {
  return element(
    "li",
    {},
    element(
      "button",
      { type: "button", class: `picture ${one.kind}`, dataset: { focusKey: `picture-${one.id}` }, onclick: () => enlarge(one) },
      element("img", { src: addressOf(one), alt: words(one), loading: "lazy", width: 96, height: 72 }),
    ),
  );
}

/** @param {Api.AttachmentOut} one */
function enlarge(one) {
  const dialog = openDialog({
    title: words(one),
    className: "huge",
    body: element("img", {
      class: `picture-large ${one.kind}`,
      src: addressOf(one),
      alt: words(one),
      width: one.width,
      height: one.height,
    }),
    buttons: [
      element(
        "button",
        {
          type: "button",
          class: "danger",
          onclick: () => {
            dialog.close();
            askToRemove(one);
          },
        },
        text("pictures.remove"),
      ),
    ],
  });
}

/** @param {Api.AttachmentOut} one */
function askToRemove(one) {
  confirmDialog({
    title: text("pictures.remove_title"),
    body: text("pictures.remove_note", { what: words(one) }),
    yes: text("pictures.remove"),
    isDangerous: true,
    act: async () => {
      await ask("DELETE", addressOf(one));
      done(text("pictures.removed", { what: words(one) }));
      if (shown?.jobId === one.job_id) await read(shown);
    },
  });
}

/** @param {string} jobId */
function chooser(jobId) {
  const input = element("input", {
    type: "file",
    accept: TYPES.join(","),
    multiple: true,
    class: "visually-hidden",
    dataset: { focusKey: "add-pictures" },
    onchange: async () => {
      const files = [...(input.files ?? [])].filter(isThere);
      input.value = "";
      for (const file of files) await add(jobId, file);
      if (shown?.jobId === jobId) await read(shown);
    },
  });
  return element("label", { class: "button small file-choice" }, text("pictures.add"), input);
}

/**
 * @param {string} jobId
 * @param {File} file
 */
async function add(jobId, file) {
  try {
    const answer = await fetch(`${picturesOf(jobId)}?kind=photo`, {
      method: "POST",
      headers: { "Content-Type": "image/jpeg", "X-CSRF-Token": csrfToken() },
      body: await scaledDown(file),
    }).catch((error) => {
      throw new Refused(0, { title: String(error) });
    });
    if (!answer.ok) throw new Refused(answer.status, await answer.json().catch(() => ({ title: answer.statusText })));
    announce(text("pictures.added", { name: file.name }));
  } catch (error) {
    toast(`${file.name}: ${troubleTexts(error).join(" ")}`, { kind: "bad" });
  }
}
