/** What devices say, as it comes: how bad, what became of it, and who has seen it. */

import { element } from "../dom.js";
import { day, isoDay, time } from "../format.js";
import { get, post } from "../http.js";
import { text } from "../texts.js";
import { announce } from "./announce.js";
import { done } from "./changes.js";
import { icon } from "./icons.js";
import { addPanel, isOpen, openPanel } from "./panel.js";
import { board, select, subscribe } from "./state.js";
import { toast, toastTrouble } from "./toast.js";

const LIMIT = 60;
const GATHER_MILLISECONDS = 250;
const KINDS = { critical: "bad", major: "bad", minor: "warn", warning: "warn" };
/** States in which somebody still has to look. */
const OPEN = ["unacknowledged", "returned_to_normal"];

let panel = null;
let alerts = [];
/** By asset: its name and model; null while they are being read. */
const assets = new Map();
let newest = null;
let timer = null;
let onlyOpen = false;

export function mountAlerts() {
  panel = addPanel("alerts", { shown: draw });
  subscribe("event:alert", () => { timer ??= setTimeout(read, GATHER_MILLISECONDS); });
  subscribe("board", () => isOpen("alerts") && draw());
  read();
}

async function read() {
  timer = null;
  try {
    ({ alerts } = await get(`/alerts?limit=${LIMIT}`));
  } catch (error) {
    toastTrouble(error);
    return;
  }
  const fresh = newest === null ? [] : alerts.filter((one) => one.id > newest);
  newest = Math.max(newest ?? 0, ...alerts.map((one) => one.id));
  for (const id of new Set(alerts.map((one) => one.asset_id))) readAsset(id);
  draw();
  for (const alert of fresh.slice(0, 2).reverse()) tell(alert);
}

/** A new alert is told wherever one looks; the worst in the colour that it deserves. */
function tell(alert) {
  announce(`${text(`severity.${alert.severity}`)}: ${heading(alert)}`);
  toast(`${text(`severity.${alert.severity}`)}: ${heading(alert)}`, { kind: KINDS[alert.severity] ?? "", buttons: [{ label: text("alerts.show"), act: () => openPanel("alerts", { focus: true }) }] });
}

async function readAsset(id) {
  if (assets.has(id)) return;
  assets.set(id, null);
  try {
    assets.set(id, await get(`/assets/${encodeURIComponent(id)}`));
    draw();
  } catch {
    assets.delete(id);
  }
}

function draw() {
  const open = alerts.filter((one) => OPEN.includes(one.state));
  panel.setCount(open.length || null);
  const shown = onlyOpen ? open : alerts;
  const focusKey = panel.body.contains(document.activeElement) ? document.activeElement.dataset.focusKey : null;
  const only = element("input", { type: "checkbox", dataset: { focusKey: "alerts-only" }, onchange: () => { onlyOpen = only.checked; draw(); } });
  only.checked = onlyOpen;
  panel.body.replaceChildren(
    element("label", { class: "inline alerts-only" }, only, text("alerts.only_open")),
    shown.length ? element("ul", { class: "cards" }, shown.map(card)) : element("p", { class: "soft" }, text("alerts.none")));
  if (focusKey) panel.body.querySelector(`[data-focus-key="${CSS.escape(focusKey)}"]`)?.focus();
}

function heading(alert) {
  return alert.message ?? text("alerts.of_type", { type: alert.type, device: alert.device_id });
}

function card(alert) {
  const job = board.jobs.get(alert.job_id);
  const asset = assets.get(alert.asset_id);
  const isNew = OPEN.includes(alert.state);
  const readings = Object.entries(alert.readings).map(([name, value]) => `${name} ${value}`).join(", ");
  return element("li", { class: `alert-card severity-${alert.severity}${isNew ? " open" : ""}` },
    element("p", { class: "alert-head" },
      element("span", { class: `badge ${KINDS[alert.severity] ?? ""} with-icon` }, icon("bell", 11), text(`severity.${alert.severity}`)),
      element("span", { class: "soft numbers" }, when(alert.occurred_at)),
      alert.count > 1 ? element("span", { class: "soft numbers" }, text("alerts.times", { count: alert.count })) : null),
    element("p", {}, element("strong", {}, heading(alert))),
    element("p", { class: "soft" }, [asset ? asset.name : alert.asset_id, asset?.model, text("alerts.device", { id: alert.device_id }), readings].filter(Boolean).join(" · ")),
    element("p", { class: "alert-outcome" },
      element("span", {}, text(`outcome.${alert.outcome}`)),
      alert.job_id ? element("button", { type: "button", class: "link", dataset: { focusKey: `alert-job-${alert.id}` }, onclick: () => { select({ jobId: alert.job_id }); openPanel("job", { focus: true }); } }, job ? job.title : alert.job_id) : null,
      alert.reason ? element("span", { class: "soft" }, alert.reason) : null),
    element("div", { class: "buttons" },
      element("span", { class: "soft" }, text(`alarm.${alert.state}`), alert.acknowledged_by ? ` (${alert.acknowledged_by}, ${when(alert.acknowledged_at)})` : ""),
      isNew ? element("button", { type: "button", class: "small", dataset: { focusKey: `acknowledge-${alert.id}` }, "aria-label": `${text("alerts.acknowledge")}: ${heading(alert)}`, onclick: () => acknowledge(alert) }, icon("done", 11), text("alerts.acknowledge")) : null));
}

const when = (moment) => (isoDay(moment) === isoDay(Date.now()) ? time(moment) : `${day(moment)} ${time(moment)}`);

async function acknowledge(alert) {
  try {
    const seen = await post(`/alerts/${alert.id}/acknowledge`);
    alerts = alerts.map((one) => (one.id === seen.id ? seen : one));
    draw();
    panel.body.focus();
    done(text("alerts.acknowledged", { what: heading(alert) }));
  } catch (error) {
    toastTrouble(error);
  }
}
