/**
 * The technician's page. First what is kept on the phone, then what the service says.
 *
 * Who is not a technician may look at one's day: /my-day?technician=T01, kept nowhere.
 */

import { byId, element } from "../dom.js";
import { isoDay, setPlace, startOfDay } from "../format.js";
import { csrfToken } from "../http.js";
import { language, loadTexts, text } from "../texts.js";
import { forgetOld, keptDay, lookAt, readDay } from "./days.js";
import { GRACE } from "./delivery.js";
import { forgetHistories, loadHistories, prepareHistories } from "./history.js";
import { icon } from "./icons.js";
import { keepPage } from "./install.js";
import { keepTicks, ticksOf } from "./load.js";
import { openMenu, resumeSharing } from "./menu.js";
import { Toast } from "./notices.js";
import { Outbox } from "./outbox.js";
import { askForEnd } from "./report-form.js";
import { draw, drawPlain } from "./screen.js";
import { request } from "./service.js";
import { empty, keepValue, readValue } from "./store.js";

const POLL = 60_000;
const TOMORROW_FRESH_FOR = 1_800_000;
/** A second tap within this time is a slip. */
const BETWEEN_TAPS = 900;

const state = {
  session: null,
  technicianId: null,
  isReadOnly: true,
  iso: null,
  today: null,
  tab: "stops",
  kept: undefined,
  reports: [],
  ticks: new Set(),
  connection: "unknown",
  isBusy: false,
  lastSentAt: null,
  others: 0,
  goesByItself: false,
  refusal: null,
  histories: 0,
};
const asked = new URLSearchParams(location.search);
const outbox = new Outbox(noteConnection);
const toast = new Toast(byId("toast"));
let tomorrowReadAt = 0;

// Who it is

async function start() {
  byId("manifest").href = `/pages/my-day/${language}.webmanifest`;
  byId("state-link").href = `/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`;
  wire();
  const kept = await readValue("session");
  // With one bar of signal the answer takes its time: what is kept is shown meanwhile.
  await Promise.all([kept ? begin(kept) : null, identify(kept)]);
}

async function identify(kept = state.session) {
  // Read before: should somebody else sign in meanwhile, it is of no use for that session.
  const token = csrfToken();
  const answer = await request("GET", "/session");
  noteConnection(answer.status);
  if (answer.status === 200) await identified({ ...answer.body, csrf_token: token }, kept);
  else if (!kept && answer.status === 401) location.assign(byId("state-link").href);
  else if (!kept) drawPlain(element("p", { class: "card empty" }, text("page.nothing_kept")));
}

async function identified(session, kept) {
  const isOther = kept && kept.technician_id !== session.technician_id;
  if (isOther) {
    for (const store of ["days", "histories", "values"]) await empty(store);
    forgetHistories();
  }
  if (session.technician_id) await keepValue("session", session);
  if (isOther) location.reload();
  else if (!kept) await begin(session);
  else if (session.csrf_token !== kept.csrf_token) {
    state.session = session;
    await outbox.use(session);
  }
}

async function begin(session) {
  state.session = session;
  setPlace(session.time_zone, session.currency);
  state.technicianId = asked.get("technician") ?? session.technician_id;
  state.isReadOnly = state.technicianId !== session.technician_id;
  state.today = isoDay(Date.now());
  state.iso = /^\d{4}-\d\d-\d\d$/.test(asked.get("day") ?? "") ? asked.get("day") : await runningDay();
  if (!state.technicianId) return chooseTechnician();
  if (!state.isReadOnly) {
    outbox.use(session);
    await loadHistories();
    keepPage();
    resumeSharing(session.technician_id);
    await forgetOld(session.technician_id, state.today);
  }
  outbox.addEventListener("change", showReports);
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
  const answer = await request("GET", "/technicians?limit=200");
  const technicians = answer.body?.technicians ?? [];
  drawPlain(
    element("h2", { class: "list-title" }, text("page.choose")),
    element("ul", { class: "lines" }, technicians.map(({ id, name }) => element("li", {}, element("a", { class: "button big", href: `/my-day?technician=${encodeURIComponent(id)}` }, name, element("span", { class: "soft code" }, id))))),
  );
  for (const id of ["back", "forth", "tab-stops", "tab-load"]) byId(id).hidden = true;
}

// The day

async function show(iso) {
  state.iso = iso;
  state.refusal = null;
  state.kept = state.isReadOnly ? undefined : await keptDay(state.technicianId, iso);
  state.ticks = state.isReadOnly ? new Set() : await ticksOf(state.technicianId, iso);
  redraw();
  await refresh();
}

async function refresh() {
  const { iso, isReadOnly, technicianId } = state;
  const askedAt = Date.now();
  const known = isReadOnly ? state.kept : await keptDay(technicianId, iso);
  const { status, kept } = await readDay(technicianId, iso, { keeps: !isReadOnly, known });
  noteConnection(status);
  if (iso !== state.iso) return;
  state.refusal = status === 403 ? text("page.not_yours") : status === 404 ? text("page.no_technician") : null;
  if (status === 403) state.kept = undefined;
  else if (kept) state.kept = kept;
  if ((status === 200 || status === 304) && !isReadOnly) {
    await outbox.confirm(askedAt);
    outbox.flush();
  }
  redraw();
  if (status === 200 || status === 304) await prepare();
}

/** Have at hand what will be wanted without a connection. */
async function prepare() {
  const ids = state.kept.day.routes.flatMap((route) => route.stops).filter((stop) => stop.job_id).map((stop) => stop.job_id);
  const onNews = () => {
    state.histories += 1;
    redraw();
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

const shifted = (iso, days) => isoDay(startOfDay(iso) + days * 86_400_000 + 43_200_000);

// What is reported

async function showReports() {
  if (!state.isReadOnly) {
    const { iso } = state;
    const [reports, others, lastSentAt] = [await outbox.reports(), await outbox.othersWaiting(), await readValue("last_sent_at")];
    // After the reports: those that are gone are in the day by now, which another tab may have read.
    const kept = await keptDay(state.technicianId, iso);
    Object.assign(state, { reports, others, lastSentAt }, iso === state.iso && kept ? { kept } : {});
  }
  Object.assign(state, { isBusy: outbox.isBusy, goesByItself: outbox.goesByItself });
  redraw();
}

async function report(kind, stop) {
  if ("resting" in document.body.dataset) return;
  rest();
  const about = { title: stop.title, place: stop.name };
  let number;
  if (kind === "en_route" || kind === "on_site") {
    number = await outbox.add({ kind, job_id: stop.job_id }, about);
  } else {
    const others = state.kept.day.routes.flatMap((route) => [...route.load_parts, ...route.stops.flatMap((one) => one.parts)]);
    const given = await askForEnd(kind, stop, others);
    rest();
    if (!given) return;
    number = await outbox.add(given.content, { ...about, at: given.at });
    scrollTo({ top: 0 });
  }
  toast.show(text(`toast.${kind}`, { place: stop.name ?? stop.title }), { seconds: GRACE / 1_000, undo: () => undo(number) });
}

/** Take no further tap for a moment. */
function rest() {
  document.body.dataset.resting = "";
  setTimeout(() => delete document.body.dataset.resting, BETWEEN_TAPS);
}

async function undo(number) {
  toast.show(text((await outbox.withdraw(number)) ? "toast.undone" : "toast.too_late"));
}

async function tick(key, isTicked) {
  if (isTicked) state.ticks.add(key);
  else state.ticks.delete(key);
  await keepTicks(state.technicianId, state.iso, state.ticks);
  redraw();
}

async function seen() {
  state.kept = await lookAt(state.technicianId, state.iso, state.kept.day);
  redraw();
}

const deeds = { report, tick, seen, retry: (number) => outbox.retry(number), drop: (number) => outbox.withdraw(number) };

function redraw() {
  if (state.iso && state.technicianId) draw(state, deeds);
}

/** What became of the last request, whichever it was. */
function noteConnection(status) {
  const found = status === 0 ? "away" : status === 401 ? "signed_out" : "there";
  if (found === state.connection) return;
  state.connection = found;
  redraw();
}

function wire() {
  byId("back").append(icon("back"));
  byId("forth").append(icon("forth"));
  byId("menu").append(icon("more"));
  byId("back").addEventListener("click", () => show(shifted(state.iso, -1)));
  byId("forth").addEventListener("click", () => show(shifted(state.iso, 1)));
  byId("menu").addEventListener("click", () => openMenu({ session: state.session, own: state.isReadOnly ? null : state.technicianId, outbox }));
  for (const tab of ["stops", "load"]) {
    byId(`tab-${tab}`).addEventListener("click", () => {
      state.tab = tab;
      redraw();
    });
  }
  addEventListener("online", () => state.iso && refresh());
  document.addEventListener("visibilitychange", () => state.iso && refreshIfSeen());
}

await loadTexts("my-day");
await start();
