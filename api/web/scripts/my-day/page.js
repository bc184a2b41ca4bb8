/**
 * The technician's page. First what is kept on the phone, then what the service says.
 *
 * Who is not a technician may look at one's day: /my-day?technician=T01, kept nowhere.
 */

import { byId, element, isThere } from "../dom.js";
import { isoDay, setPlace, startOfDay } from "../format.js";
import { csrfToken, Refused } from "../http.js";
import { insist } from "../opening.js";
import { language, loadTexts, text } from "../texts.js";
import { forgetOld, keptDay, readDay } from "./days.js";
import { forgetHistories, loadHistories, prepareHistories } from "./history.js";
import { icon } from "./icons.js";
import { keepPage } from "./install.js";
import { ticksOf } from "./load.js";
import { openMenu, resumeSharing } from "./menu.js";
import { listenToWorker, resumeNotices } from "./push.js";
import { deeds, outbox, pictures, showReports, takePictures } from "./reporting.js";
import { draw, drawPlain } from "./screen.js";
import { request } from "./service.js";
import { changed, noteConnection, state, whenChanged } from "./state.js";
import { empty, keepForGood, keepValue, readValue } from "./store.js";
import { keptVan, prepareSources, readVan } from "./van-data.js";

const POLL = 60_000;
const TOMORROW_FRESH_FOR = 1_800_000;
const VAN_FRESH_FOR = 300_000;
/** Seconds after which a service that failed is asked again, if it does not say when. */
const BUSY_FOR = 10;

const asked = new URLSearchParams(location.search);
let tomorrowReadAt = 0;
let isReadingVan = false;

// Who it is

async function start() {
  byId("manifest", HTMLLinkElement).href = `/pages/my-day/${language}.webmanifest`;
  byId("state-link", HTMLAnchorElement).href = `/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`;
  whenChanged(() => draw(state, deeds));
  wire();
  const kept = await insist(() => readValue("session"), { isPassing: () => true });
  // With one bar of signal the answer takes its time: what is kept is shown meanwhile.
  await Promise.all([kept ? begin(kept) : null, identify(kept ?? null)]);
}

async function identify(kept = state.session) {
  // Read before: should somebody else sign in meanwhile, it is of no use for that session.
  const token = csrfToken();
  const answer = await (kept ? request("GET", "/session") : insisted("/session"));
  noteConnection(answer.status);
  if (answer.status === 200 && answer.body) await identified({ ...answer.body, csrf_token: token }, kept);
  else if (!kept && answer.status === 401) location.assign(byId("state-link", HTMLAnchorElement).href);
}

/**
 * The answer that the page cannot begin without, as nothing is kept on the phone yet.
 *
 * @template {string} Path
 * @param {Path} path
 */
function insisted(path) {
  return insist(async () => {
    const answer = await request("GET", path);
    noteConnection(answer.status);
    if (answer.status !== 200 && answer.status !== 401) throw new Refused(answer.status, { title: path }, answer.retryAfter ?? 0);
    return answer;
  });
}

/**
 * @param {OnPhone.Session} session
 * @param {OnPhone.Session | null} kept
 */
async function identified(session, kept) {
  const isOther = kept !== null && kept.technician_id !== session.technician_id;
  if (isOther) {
    for (const store of /** @type {const} */ (["days", "histories", "values"])) await empty(store);
    forgetHistories();
  }
  if (session.technician_id) await keepValue("session", session);
  if (isOther) location.reload();
  else if (!kept) await begin(session);
  else if (session.csrf_token !== kept.csrf_token) {
    state.session = session;
    await outbox.use(session);
    await pictures.use(session);
  }
}

/** @param {OnPhone.Session} session */
async function begin(session) {
  const day = asked.get("day");
  const own = session.technician_id;
  setPlace(session.time_zone, session.currency);
  state.session = session;
  state.technicianId = asked.get("technician") ?? own ?? "";
  state.isReadOnly = state.technicianId !== own;
  state.today = isoDay(Date.now());
  state.iso = day && /^\d{4}-\d\d-\d\d$/.test(day) ? day : await runningDay();
  if (!state.technicianId) return chooseTechnician();
  if (own && !state.isReadOnly) {
    outbox.use(session);
    takePictures(session);
    await loadHistories();
    state.van = await keptVan(own);
    keepPage();
    keepForGood();
    resumeSharing(own);
    resumeNotices(own);
    listenToWorker({ show, renew: refreshIfSeen });
    await forgetOld(own, state.today);
  }
  outbox.addEventListener("change", showReports);
  if (!state.isReadOnly) outbox.addEventListener("change", showBooked);
  outbox.addEventListener("forbidden", () => identify());
  await showReports();
  await show(state.iso);
  setInterval(refreshIfSeen, POLL);
  return undefined;
}

/** Today, or yesterday as long as a shift that began then goes on. */
async function runningDay() {
  const yesterday = shifted(state.today, -1);
  const kept = state.isReadOnly ? undefined : await keptDay(state.technicianId, yesterday);
  const goesOn = kept?.day.routes.some((route) => Date.parse(route.shift_ends_at) > Date.now());
  if (goesOn) state.today = yesterday;
  return state.today;
}

async function chooseTechnician() {
  const answer = await insisted("/technicians?limit=200");
  const technicians = answer.body?.technicians ?? [];
  drawPlain(
    element("h2", { class: "list-title" }, text("page.choose")),
    element(
      "ul",
      { class: "lines" },
      technicians.map(({ id, name }) =>
        element(
          "li",
          {},
          element(
            "a",
            { class: "button big", href: `/my-day?technician=${encodeURIComponent(id)}` },
            name,
            element("span", { class: "soft code" }, id),
          ),
        ),
      ),
    ),
  );
  for (const id of ["back", "forth", "tab-stops", "tab-load", "tab-van"]) byId(id).hidden = true;
}

// The day

/** @param {Api.Day} iso */
async function show(iso) {
  state.iso = iso;
  state.refusal = null;
  state.kept = state.isReadOnly ? undefined : await keptDay(state.technicianId, iso);
  state.ticks = state.isReadOnly ? new Set() : await ticksOf(state.technicianId, iso);
  changed();
  await refresh();
}

async function refresh() {
  const { iso, isReadOnly, technicianId } = state;
  const askedAt = Date.now();
  const known = isReadOnly ? state.kept : await keptDay(technicianId, iso);
  const { status, kept, retryAfter } = await readDay(technicianId, iso, { keeps: !isReadOnly, known });
  noteConnection(status);
  if (status === 429 || status >= 500) setTimeout(refreshIfSeen, (retryAfter ?? BUSY_FOR) * 1_000);
  if (iso !== state.iso) return;
  state.refusal = status === 403 ? text("page.not_yours") : status === 404 ? text("page.no_technician") : null;
  if (status === 403) state.kept = undefined;
  else if (kept) state.kept = kept;
  if ((status === 200 || status === 304) && !isReadOnly) {
    await outbox.confirm(askedAt);
    outbox.flush();
  }
  changed();
  if (kept && (status === 200 || status === 304)) await prepare(kept.day);
  // What has changed for the day may have changed for the van.
  if (status === 200 || isVanOld()) await refreshVan();
}

/** Whether it is to be read again by itself; the office reads it where it is looked at. */
function isVanOld() {
  if (state.tab === "van") return true;
  return !state.isReadOnly && Date.now() - (state.van?.read_at ?? 0) > VAN_FRESH_FOR;
}

async function refreshVan() {
  const { technicianId, isReadOnly } = state;
  if (!technicianId || (isReadOnly && state.tab !== "van")) return;
  const askedAt = Date.now();
  const { status, van } = await readVan(technicianId, { keeps: !isReadOnly, known: state.van });
  noteConnection(status);
  if (van) state.van = van;
  changed();
  if (isReadOnly || !van || (status !== 200 && status !== 304)) return;
  await outbox.confirm(askedAt, "transfer");
  await prepareSources(van.content);
}

/** What was taken and has arrived is in the van: that is to be seen. */
async function showBooked() {
  const isBooked = (await outbox.reports()).some((row) => row.what === "transfer" && row.state === "sent");
  if (isBooked && !isReadingVan) {
    isReadingVan = true;
    await refreshVan().finally(() => {
      isReadingVan = false;
    });
  }
}

/**
 * Have at hand what will be wanted without a connection.
 *
 * @param {Api.DailyRoute} day
 */
async function prepare(day) {
  const ids = day.routes
    .flatMap((route) => route.stops)
    .map((stop) => stop.job_id)
    .filter(isThere);
  const onNews = () => {
    state.histories += 1;
    changed();
  };
  await prepareHistories(ids, { keeps: !state.isReadOnly, onNews });
  if (state.isReadOnly || state.iso !== state.today || Date.now() - tomorrowReadAt < TOMORROW_FRESH_FOR) return;
  tomorrowReadAt = Date.now();
  const tomorrow = shifted(state.today, 1);
  await readDay(state.technicianId, tomorrow, { known: await keptDay(state.technicianId, tomorrow) });
}

async function refreshIfSeen() {
  if (document.visibilityState !== "visible") return;
  const today = isoDay(Date.now());
  if (today !== state.today && state.iso === state.today) {
    state.today = today;
    await show(await runningDay());
  } else {
    await refresh();
  }
}

/**
 * @param {Api.Day} iso
 * @param {number} days
 */
const shifted = (iso, days) => isoDay(startOfDay(iso) + days * 86_400_000 + 43_200_000);

function wire() {
  byId("back").append(icon("back"));
  byId("forth").append(icon("forth"));
  byId("menu").append(icon("more"));
  byId("back").addEventListener("click", () => show(shifted(state.iso, -1)));
  byId("forth").addEventListener("click", () => show(shifted(state.iso, 1)));
  byId("menu").addEventListener("click", () =>
    openMenu({ session: state.session, own: state.isReadOnly ? null : state.technicianId, outbox, pictures }),
  );
  for (const tab of ["stops", "load", "van"]) {
    byId(`tab-${tab}`).addEventListener("click", () => {
      state.tab = tab;
      changed();
      if (tab === "van") refreshVan();
    });
  }
  addEventListener("online", () => state.iso && refresh());
  document.addEventListener("visibilitychange", () => state.iso && refreshIfSeen());
}

await insist(() => loadTexts("my-day"));
await start();
