/** What is set once: language, colours, notices, position, calendar; and signing out. */

import { byId, element } from "../dom.js";
import { day as shortDay } from "../format.js";
import { forgetForms } from "../kept-forms.js";
import { language, text, wireLanguageSwitch } from "../texts.js";
import { wireThemeSwitch } from "../theme.js";
import { exclusively } from "./delivery.js";
import { icon } from "./icons.js";
import { forgetPage } from "./install.js";
import { canShare, startSharing, stopSharing } from "./position.js";
import { noticeChoice } from "./push.js";
import { request } from "./service.js";
import { keepValue, readValue, removeAllOf } from "./store.js";

/**
 * @typedef {import("./outbox.js").Outbox} Outbox
 * @typedef {import("./picture-queue.js").PictureQueue} PictureQueue
 */

/**
 * `session`: who is signed in; `own`: the technician whose day is the reader's own, or null.
 *
 * @param {{ session: OnPhone.Session | null, own: string | null, outbox: Outbox, pictures: PictureQueue }} options
 */
export async function openMenu({ session, own, outbox, pictures }) {
  const dialog = element(
    "dialog",
    { class: "sheet-dialog", "aria-labelledby": "menu-title", onclose: ({ currentTarget }) => currentTarget.remove() },
    element(
      "header",
      {},
      element("h2", { id: "menu-title" }, text("menu.title")),
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
      session ? element("p", {}, text("menu.signed_in", { name: session.name })) : null,
      looks(),
      own ? noticeChoice(own) : null,
      own ? await positionChoice(own) : null,
      own ? calendarChoice(own) : null,
      session ? element("button", { class: "danger big", onclick: () => signOut(session, outbox, pictures) }, text("menu.sign_out")) : null,
      element("p", { class: "fault", id: "menu-fault", role: "alert" }),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
}

function looks() {
  const languages = element(
    "select",
    {},
    element("option", { value: "vi", lang: "vi" }, "Tiếng Việt"),
    element("option", { value: "en", lang: "en" }, "English"),
  );
  const themes = element(
    "select",
    {},
    element("option", { value: "device" }, text("menu.theme_device")),
    element("option", { value: "light" }, text("menu.theme_light")),
    element("option", { value: "dark" }, text("menu.theme_dark")),
  );
  wireLanguageSwitch(languages);
  wireThemeSwitch(themes);
  return element(
    "div",
    { class: "pair" },
    element("label", {}, text("menu.language"), languages),
    element("label", {}, text("menu.theme"), themes),
  );
}

// Position

/**
 * Go on as was chosen before.
 *
 * @param {string} technicianId
 */
export async function resumeSharing(technicianId) {
  if (await readValue("shares_position")) startSharing(technicianId, () => keepValue("shares_position", false));
}

/** @param {string} technicianId */
async function positionChoice(technicianId) {
  const fault = element("p", { class: "fault", role: "alert" });
  const box = element("input", {
    type: "checkbox",
    role: "switch",
    checked: Boolean(await readValue("shares_position")),
    disabled: !canShare(),
    "aria-describedby": "position-note",
    onchange: async () => {
      await keepValue("shares_position", box.checked);
      fault.textContent = "";
      if (!box.checked) return stopSharing();
      return startSharing(technicianId, () => {
        box.checked = false;
        fault.textContent = text("position.refused");
        return keepValue("shares_position", false);
      });
    },
  });
  return element(
    "section",
    { class: "section" },
    element("label", { class: "tick" }, box, element("strong", {}, text("position.share"))),
    element("p", { class: "soft", id: "position-note" }, text("position.note")),
    fault,
  );
}

// Calendar

/** @param {string} technicianId */
function calendarChoice(technicianId) {
  const path = /** @type {const} */ (`/technicians/${encodeURIComponent(technicianId)}/calendar-link`);
  const place = element("div", { class: "sheet-part", "aria-live": "polite" });
  const make = (/** @type {string} */ words) =>
    element(
      "button",
      {
        class: "big",
        onclick: () => {
          made();
        },
      },
      words,
    );
  const revoke = element("button", { class: "danger big", onclick: () => revoked() }, text("calendar.revoke"));
  const made = async () => {
    const answer = await request("POST", `${path}?language=${language}`);
    if (answer.status !== 201 || !answer.body) return failed();
    // Where the service does not know its own name, the browser does.
    const url = new URL(answer.body.url, location.origin).href;
    const field = element("input", {
      type: "text",
      readonly: true,
      value: url,
      "aria-label": text("calendar.address"),
      onfocus: ({ currentTarget }) => currentTarget.select(),
    });
    const copied = element("span", { role: "status" });
    const copy = async () => {
      await navigator.clipboard.writeText(url).catch(() => field.select());
      copied.textContent = text("calendar.copied");
    };
    return place.replaceChildren(
      element("a", { class: "button main big", href: url.replace(/^https?:/, "webcal:") }, text("calendar.subscribe")),
      field,
      element("div", { class: "pair" }, element("button", { class: "big", onclick: copy }, text("calendar.copy")), revoke),
      copied,
      element("p", { class: "soft" }, text("calendar.secret")),
    );
  };
  const revoked = async () => {
    const answer = await request("DELETE", path);
    if (answer.status !== 204) return failed();
    return place.replaceChildren(element("p", {}, text("calendar.revoked")), make(text("calendar.make")));
  };
  const failed = () => place.replaceChildren(element("p", { class: "fault" }, text("calendar.away")), make(text("calendar.make")));
  const known = async () => {
    const answer = await request("GET", path);
    if (answer.status !== 200 || !answer.body) return failed();
    const { created_at } = answer.body;
    if (!created_at) return place.replaceChildren(make(text("calendar.make")));
    return place.replaceChildren(
      element("p", {}, text("calendar.made", { day: shortDay(created_at) })),
      element("div", { class: "pair" }, make(text("calendar.renew")), revoke),
    );
  };
  known();
  return element(
    "section",
    { class: "section" },
    element("h3", {}, text("calendar.title")),
    element("p", { class: "soft" }, text("calendar.note")),
    place,
  );
}

// Signing out

/**
 * Nothing stays on the phone. What was not sent yet is sent first, or given up knowingly.
 *
 * @param {OnPhone.Session} session
 * @param {Outbox} outbox
 * @param {PictureQueue} pictures
 */
async function signOut(session, outbox, pictures) {
  await outbox.flush(true);
  await pictures.flush();
  const left = (await outbox.reports()).filter((row) => row.state === "waiting").length;
  if (left && !confirm(text("menu.sign_out_waiting", { count: left }))) return;
  const unsent = (await pictures.mine()).filter((row) => row.state !== "sent").length;
  if (unsent && !confirm(text("menu.sign_out_pictures", { count: unsent }))) return;
  const answer = await request("DELETE", "/session");
  if (answer.status === 0 || answer.status >= 500) {
    byId("menu-fault").textContent = text("menu.sign_out_away");
    return;
  }
  stopSharing();
  forgetForms();
  await outbox.use(null);
  for (const { id } of await pictures.mine()) await pictures.drop(id);
  await pictures.use(null);
  await exclusively(() => removeAllOf(session.technician_id));
  await forgetPage();
  location.assign("/sign-in");
}
