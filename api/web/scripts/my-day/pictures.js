/** A visit's photos and signature on the phone: taken, chosen, looked at, and how far they have got. */

import { element } from "../dom.js";
import { time } from "../format.js";
import { Refused } from "../http.js";
import { picturesOf, scaledDown } from "../pictures.js";
import { text } from "../texts.js";
import { faultText, troubleTexts } from "../troubles.js";
import { icon } from "./icons.js";
import { request } from "./service.js";

/** @typedef {import("./picture-queue.js").PictureQueue} PictureQueue */

/** @type {OnPhone.Picture[]} */
let known = [];
/** @type {PictureQueue | null} */
let queue = null;
/** @type {(words: string) => void} */
let say = () => {};
/**
 * Addresses of what is kept here, by id.
 *
 * @type {Map<string, string>}
 */
const addresses = new Map();

/**
 * Show what this queue holds; `told` is called whenever that has changed, with what of it can be drawn.
 *
 * @param {PictureQueue} used
 * @param {{ told: (pictures: OnPhone.ShownPicture[]) => void, toast: (words: string) => void }} options
 */
export function mountPictures(used, { told, toast }) {
  queue = used;
  say = toast;
  const read = async () => {
    known = await used.mine();
    for (const [id, address] of addresses) {
      if (known.some((row) => row.id === id)) continue;
      URL.revokeObjectURL(address);
      addresses.delete(id);
    }
    told(known.map(({ content, ...shown }) => shown));
  };
  used.addEventListener("change", read);
}

/** @param {OnPhone.Picture} row */
function addressOf({ id, content, media_type: type }) {
  const address = addresses.get(id) ?? URL.createObjectURL(new Blob([content], { type }));
  addresses.set(id, address);
  return address;
}

/**
 * What was taken at the visit, and the way to more; null where there is neither.
 *
 * @param {string} jobId
 */
export function picturesView(jobId) {
  if (!queue) return null;
  const rows = known.filter((row) => row.job_id === jobId);
  return element(
    "div",
    { class: "pictures" },
    rows.length ? element("ul", { class: "picture-list" }, rows.map(thumbnail)) : null,
    element(
      "div",
      { class: "pair" },
      chooseButton(jobId, "take", { capture: "environment" }),
      chooseButton(jobId, "choose", { multiple: true }),
    ),
  );
}

/**
 * @param {string} jobId
 * @param {"take" | "choose"} way
 * @param {Record<string, string | boolean>} how
 */
function chooseButton(jobId, way, how) {
  return element(
    "button",
    {
      class: "big",
      dataset: { focusKey: `${way} ${jobId}` },
      onclick: () => {
        // Not in the page, which is drawn anew while the camera is open.
        const input = element("input", { type: "file", accept: "image/*", ...how });
        input.addEventListener("change", () => addAll(jobId, [...(input.files ?? [])]));
        input.click();
      },
    },
    icon(way === "take" ? "camera" : "picture"),
    text(`pictures.${way}`),
  );
}

/**
 * @param {string} jobId
 * @param {File[]} files
 */
async function addAll(jobId, files) {
  for (const file of files) {
    try {
      await queue?.add(jobId, "photo", await scaledDown(file));
    } catch (error) {
      if (!(error instanceof Refused)) console.error(error);
      say(error instanceof Refused ? troubleTexts(error).join(" ") : text("pictures.not_kept"));
    }
  }
}

/** @param {OnPhone.Picture} row */
const words = (row) => `${text(`pictures.${row.kind}`, { time: time(row.taken_at) })}, ${text(`pictures.${row.state}`)}`;

/** @param {OnPhone.Picture} row */
function thumbnail(row) {
  const kinds = { waiting: "warn", sent: "good", refused: "bad" };
  return element(
    "li",
    {},
    element(
      "button",
      { class: `picture ${row.kind}`, dataset: { focusKey: `picture ${row.id}` }, onclick: () => enlarge(row) },
      element("img", { src: addressOf(row), alt: words(row), width: 96, height: 96 }),
    ),
    element("span", { class: `badge ${kinds[row.state]}`, "aria-hidden": "true" }, text(`pictures.${row.state}`)),
  );
}

/** @param {OnPhone.Picture} row */
function enlarge(row) {
  const fault = element("p", { class: "fault", role: "alert" });
  const faults = row.state === "refused" ? (row.faults?.length ? row.faults.map(faultText) : [text("trouble.not_allowed")]) : [];
  const dialog = element(
    "dialog",
    { class: "sheet-dialog", "aria-labelledby": "picture-title", onclose: ({ currentTarget }) => currentTarget.remove() },
    element(
      "header",
      {},
      element("h2", { id: "picture-title" }, words(row)),
      element(
        "button",
        {
          class: "quiet square",
          "aria-label": text("form.close"),
          onclick: () => {
            dialog.close();
          },
        },
        icon("close"),
      ),
    ),
    element(
      "div",
      { class: "sheet" },
      element("img", { class: `picture-large ${row.kind}`, src: addressOf(row), alt: words(row) }),
      faults.map((one) => element("p", { class: "fault" }, one)),
      fault,
    ),
    element(
      "footer",
      { class: "pair" },
      row.state === "refused"
        ? element(
            "button",
            {
              class: "big",
              onclick: () => {
                queue?.retry(row);
                dialog.close();
              },
            },
            text("refused.retry"),
          )
        : null,
      element(
        "button",
        {
          class: "big danger",
          onclick: async () => {
            fault.textContent = (await takeBack(row)) ?? "";
            if (!fault.textContent) dialog.close();
          },
        },
        text("pictures.remove"),
      ),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
}

/**
 * Why it could not be taken back, or null.
 *
 * @param {OnPhone.Picture} row
 */
async function takeBack(row) {
  // One that waits may be on its way already: the service is told in any case where it can have it.
  const answer = row.state === "refused" ? null : await request("DELETE", `${picturesOf(row.job_id)}/${row.id}`);
  const isGone = answer === null || answer.status === 204 || (answer.status === 404 && row.state !== "sent");
  const isHereOnly = row.state === "waiting" && answer?.status === 0;
  if (!isGone && !isHereOnly) {
    if (!answer?.status) return text("pictures.away");
    return troubleTexts(new Refused(answer.status, /** @type {Api.Problem} */ (answer.body ?? { title: "" }))).join(" ");
  }
  await queue?.drop(row.id);
  return null;
}
