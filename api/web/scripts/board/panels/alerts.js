/** What devices say, as it comes: how bad, what became of it, and who has seen it. */

import { element, redraw } from "../../dom.js";
import { day, isoDay, time } from "../../format.js";
import { get, post } from "../../http.js";
import { text } from "../../texts.js";
import { sentenceText } from "../../troubles.js";
import { announce } from "../../ui/announce.js";
import { icon } from "../../ui/icons.js";
import { toast, toastTrouble } from "../../ui/toast.js";
import { done } from "../moves/changes.js";
import { board, hasNoPlace, select, subscribe } from "../state.js";
import { addPanel, isOpen, openPanel } from "./panel.js";

const LIMIT = 60;
const GATHER_MILLISECONDS = 250;
/** @type {Partial<Record<Api.Severity, string>>} */
const KINDS = { critical: "bad", major: "bad", minor: "warn", warning: "warn" };
/** States in which somebody still has to look. */
/** @type {Api.AlarmState[]} */
const OPEN = ["unacknowledged", "returned_to_normal"];

/**
 * States that say themselves why there is no job.
 *
 * @type {Partial<Record<Api.AlarmState, string>>}
 */
const BECAUSE = {
  shelved: "alerts.because_shelved",
  out_of_service: "alerts.because_out_of_service",
  suppressed_by_design: "alerts.because_suppressed",
};

/** @type {import("./panel.js").Panel} */
let panel;
/** @type {Api.AlertOut[]} */
let alerts = [];
/**
 * By asset: its name and model; null while they are being read.
 *
 * @type {Map<string, Api.AssetOut | null>}
 */
const assets = new Map();
/** @type {number | null} */
let newest = null;
/** @type {number | null} */
let timer = null;
let onlyOpen = false;

export function mountAlerts() {
  panel = addPanel("alerts", { shown: draw });
  subscribe("event:alert", () => {
    timer ??= setTimeout(read, GATHER_MILLISECONDS);
  });
  for (const topic of ["board", "issues"]) subscribe(topic, () => isOpen("alerts") && draw());
  read();
}

async function read() {
  timer = null;
  try {
    ({ alerts } = await get(`/alerts?limit=${LIMIT}`, { quiet: true }));
  } catch (error) {
    toastTrouble(error);
    return;
  }
  const last = newest;
  const fresh = last === null ? [] : alerts.filter((one) => one.id > last);
  newest = Math.max(newest ?? 0, ...alerts.map((one) => one.id));
  for (const id of new Set(alerts.map((one) => one.asset_id))) readAsset(id);
  draw();
  for (const alert of fresh.slice(0, 2).reverse()) tell(alert);
}

/**
 * A new alert is told wherever one looks; the worst in the colour that it deserves.
 *
 * @param {Api.AlertOut} alert
 */
function tell(alert) {
  announce(`${text(`severity.${alert.severity}`)}: ${heading(alert)}`);
  toast(`${text(`severity.${alert.severity}`)}: ${heading(alert)}`, {
    kind: KINDS[alert.severity] ?? "",
    buttons: [{ label: text("alerts.show"), act: () => openPanel("alerts", { focus: true }) }],
  });
}

/** @param {string} id */
async function readAsset(id) {
  if (assets.has(id)) return;
  assets.set(id, null);
  try {
    assets.set(id, await get(`/assets/${encodeURIComponent(id)}`, { quiet: true }));
    draw();
  } catch {
    assets.delete(id);
  }
}

function draw() {
  const open = alerts.filter((one) => OPEN.includes(one.state));
  panel.setCount(open.length || null);
  const shown = onlyOpen ? open : alerts;
  const only = element("input", {
    type: "checkbox",
    dataset: { focusKey: "alerts-only" },
    onchange: () => {
      onlyOpen = only.checked;
      draw();
    },
  });
  only.checked = onlyOpen;
  redraw(panel.body, [
    element("label", { class: "inline alerts-only" }, only, text("alerts.only_open")),
    shown.length ? element("ul", { class: "cards" }, shown.map(card)) : element("p", { class: "soft" }, text("alerts.none")),
  ]);
}

/** @param {Api.AlertOut} alert */
function heading(alert) {
  return alert.message ?? text("alerts.of_type", { type: alert.type, device: alert.device_id });
}

/** @param {Api.AlertOut} alert */
function card(alert) {
  const jobId = alert.job_id;
  const job = jobId && board.jobs.get(jobId);
  const asset = assets.get(alert.asset_id);
  const isNew = OPEN.includes(alert.state);
  const readings = Object.entries(alert.readings)
    .map(([name, value]) => `${name} ${value}`)
    .join(", ");
  return element(
    "li",
    { class: `alert-card severity-${alert.severity}${isNew ? " open" : ""}` },
    element(
      "p",
      { class: "alert-head" },
      element("span", { class: `badge ${KINDS[alert.severity] ?? ""} with-icon` }, icon("bell", 11), text(`severity.${alert.severity}`)),
      element("span", { class: "soft numbers" }, when(alert.occurred_at)),
      alert.count > 1 ? element("span", { class: "soft numbers" }, text("alerts.times", { count: alert.count })) : null,
    ),
    element("p", {}, element("strong", {}, heading(alert))),
    element(
      "p",
      { class: "soft" },
      [asset ? asset.name : alert.asset_id, asset?.model, text("alerts.device", { id: alert.device_id }), readings]
        .filter(Boolean)
        .join(" · "),
    ),
    element(
      "p",
      { class: "alert-outcome" },
      element("span", {}, text(`outcome.${alert.outcome}`)),
      jobId && hasNoPlace(jobId)
        ? element("strong", { class: "badge bad with-icon" }, icon("conflict", 11), text("alerts.no_place"))
        : null,
      jobId
        ? element(
            "button",
            {
              type: "button",
              class: "link",
              dataset: { focusKey: `alert-job-${alert.id}` },
              onclick: () => {
                select({ jobId });
                openPanel("job", { focus: true });
              },
            },
            job ? job.title : jobId,
          )
        : null,
      element("span", { class: "soft" }, reasonOf(alert)),
    ),
    element(
      "div",
      { class: "buttons" },
      element(
        "span",
        { class: "soft" },
        text(`alarm.${alert.state}`),
        alert.acknowledged_by && alert.acknowledged_at ? ` (${alert.acknowledged_by}, ${when(alert.acknowledged_at)})` : "",
      ),
      isNew
        ? element(
            "button",
            {
              type: "button",
              class: "small",
              dataset: { focusKey: `acknowledge-${alert.id}` },
              "aria-label": `${text("alerts.acknowledge")}: ${heading(alert)}`,
              onclick: () => acknowledge(alert),
            },
            icon("done", 11),
            text("alerts.acknowledge"),
          )
        : null,
    ),
  );
}

/**
 * Why no job was made of it, or nothing more than is said already.
 *
 * @param {Api.AlertOut} alert
 */
function reasonOf(alert) {
  if (!alert.reason || alert.outcome === "received") return "";
  const because = BECAUSE[alert.state];
  if (because) return text(because, { device: alert.device_id, rule: alert.rule_id ?? "–" });
  return sentenceText(alert.reason) ?? "";
}

/** @param {Api.Moment} moment */
const when = (moment) => (isoDay(moment) === isoDay(Date.now()) ? time(moment) : `${day(moment)} ${time(moment)}`);

/** @param {Api.AlertOut} alert */
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
