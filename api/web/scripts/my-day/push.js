/**
 * Being told when others change the day, also while the page is closed: the browser's push service
 * wakes the service worker, which shows it.
 */

import { element } from "../dom.js";
import { language, text } from "../texts.js";
import { request } from "./service.js";
import { keepValue, readValue } from "./store.js";

const canBeTold = () => "serviceWorker" in navigator && "PushManager" in globalThis && "Notification" in globalThis;

/** iPhones and iPads, of which some say that they are Macs, let only pages on the home screen be told. */
const isApplesPhone = () =>
  /iPhone|iPad/.test(navigator.userAgent) || (navigator.userAgent.includes("Mac") && navigator.maxTouchPoints > 1);

/** @param {string} technicianId */
const pathOf = (technicianId) => /** @type {const} */ (`/technicians/${encodeURIComponent(technicianId)}/push-subscription`);

/**
 * Go on as was chosen before, in the language that the page has now; and anew, should the browser or
 * the service have let go of it.
 *
 * @param {string} technicianId
 */
export async function resumeNotices(technicianId) {
  if (!canBeTold() || Notification.permission !== "granted" || !(await readValue("wants_notices"))) return;
  // Without a connection it stays as it is.
  await switchOn(technicianId).catch(() => false);
}

/**
 * `show(day)` when a notice was tapped while the page is open, `renew()` when one has come.
 *
 * @param {{ show: (iso: Api.Day) => unknown, renew: () => unknown }} deeds
 */
export function listenToWorker({ show, renew }) {
  if (!("serviceWorker" in navigator)) return;
  navigator.serviceWorker.addEventListener("message", ({ data }) => {
    if (data?.tapped) show(data.tapped);
    else if (data?.told) renew();
  });
}

/**
 * The switch among the settings; there is none where the service tells phones nothing.
 *
 * @param {string} technicianId
 */
export function noticeChoice(technicianId) {
  const fault = element("p", { class: "fault", role: "alert" });
  const say = (/** @type {string | null} */ key) => {
    fault.textContent = key ? text(key) : "";
  };
  const box = element("input", {
    type: "checkbox",
    role: "switch",
    disabled: true,
    "aria-describedby": "notices-note",
    onchange: async () => {
      say(null);
      box.disabled = true;
      const wanted = box.checked;
      const trouble = wanted ? await wish(technicianId) : await giveUp(technicianId);
      box.checked = trouble ? !wanted : wanted;
      say(trouble);
      await keepValue("wants_notices", box.checked);
      box.disabled = false;
    },
  });
  const section = element(
    "section",
    { class: "section" },
    element("label", { class: "tick" }, box, element("strong", {}, text("notices.switch"))),
    element("p", { class: "soft", id: "notices-note" }, text("notices.note")),
    fault,
  );
  const look = async () => {
    const { status, body } = await request("GET", pathOf(technicianId));
    section.hidden = status === 200 && !body?.public_key;
    if (status !== 200 || section.hidden) return say(section.hidden ? null : "notices.away");
    if (!canBeTold()) return say(isApplesPhone() ? "notices.home_screen" : "notices.cannot");
    if (Notification.permission === "denied") return say("notices.blocked");
    box.checked = Boolean(body?.created_at) && (await subscriptionHere()) !== null;
    box.disabled = false;
    return undefined;
  };
  look();
  return section;
}

/**
 * Ask for leave, which browsers allow within a tap only, and switch it on. Gives the key of what was in the way, or null.
 *
 * @param {string} technicianId
 */
async function wish(technicianId) {
  const leave = await Notification.requestPermission();
  if (leave !== "granted") return leave === "denied" ? "notices.blocked" : "notices.not_allowed";
  return (await switchOn(technicianId).catch(() => false)) ? null : "notices.failed";
}

/** @param {string} technicianId */
async function giveUp(technicianId) {
  const { status } = await request("DELETE", pathOf(technicianId));
  if (status !== 204) return "notices.away";
  await (await subscriptionHere())?.unsubscribe();
  return null;
}

/**
 * Whether the service tells this phone from now on. Raises what the browser raises.
 *
 * @param {string} technicianId
 */
async function switchOn(technicianId) {
  const { body } = await request("GET", pathOf(technicianId));
  if (!body?.public_key) return false;
  const { endpoint, keys } = (await subscribed(body.public_key)).toJSON();
  const { p256dh, auth } = keys ?? {};
  const given = { endpoint, p256dh, auth, language };
  return (await request("PUT", pathOf(technicianId), { body: given })).status === 200;
}

/**
 * The browser's subscription, to the service with this key.
 *
 * @param {string} key
 */
async function subscribed(key) {
  if (!(await navigator.serviceWorker.getRegistration("/my-day"))) throw new Error("The page is not kept on the phone.");
  const { pushManager } = await navigator.serviceWorker.ready;
  const options = { userVisibleOnly: true, applicationServerKey: key };
  try {
    return await pushManager.subscribe(options);
  } catch (error) {
    const old = await pushManager.getSubscription();
    if (!old) throw error;
    // Of a service that has another key by now, such as one that was set up anew.
    await old.unsubscribe();
    return pushManager.subscribe(options);
  }
}

async function subscriptionHere() {
  const registration = await navigator.serviceWorker.getRegistration("/my-day");
  return (await registration?.pushManager.getSubscription()) ?? null;
}
