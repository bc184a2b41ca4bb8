/** The sheet for ending a job: what was ticked off and measured, parts used, reason, note, who signed. */

import { element } from "../dom.js";
import { isoDay, startOfDay, time } from "../format.js";
import { keepForm } from "../kept-forms.js";
import { text } from "../texts.js";
import { checkFields } from "./check-fields.js";
import { icon } from "./icons.js";
import { signaturePad } from "./signature-pad.js";
import { stepper } from "./stepper.js";

const REASONS = [
  "customer_absent",
  "customer_refused",
  "no_access",
  "missing_part",
  "missing_tool",
  "missing_skill",
  "unsafe",
  "more_work",
  "other",
];
const LONGEST_NOTE = 2_000;
const LONGEST_NAME = 200;

/**
 * @typedef {object} End
 * @property {Date} at
 * @property {Omit<Api.NewReport, "id" | "at">} content
 * @property {Blob | null} signature as it was drawn
 */

/**
 * Ask for what belongs to the end of a job. Resolves to `{at, content, signature}` for a report of this `kind`,
 * or null if it was closed. `others` are parts besides the planned ones that may have been used;
 * `owner` is the account whose form it is.
 *
 * @param {Api.ReportKind} kind
 * @param {Api.RouteStop & { job_id: string }} stop
 * @param {Api.PartCount[]} others
 * @param {string} owner
 * @returns {Promise<End | null>}
 */
export function askForEnd(kind, stop, others, owner) {
  const isDone = kind === "completed";
  /** @type {Map<string, number>} */
  const counts = new Map();
  const names = new Map([...stop.parts, ...others].map((part) => [part.id, part.name]));
  for (const part of stop.parts) counts.set(part.id, isDone ? part.quantity : 0);
  const opened = new Date();
  const checks = checkFields(isDone ? stop : {});

  const parts = element("ul", { class: "steppers" });
  const choose = element("select", { "aria-label": text("form.other_part"), onchange: () => addPart() });
  const when = element("input", { type: "time", value: time(opened), required: true, "aria-describedby": "when-fault" });
  const whenFault = element("p", { class: "fault", id: "when-fault", role: "alert" });
  const note = element("textarea", { rows: 3, maxlength: LONGEST_NOTE });
  const pad = signaturePad();
  const signer = element("input", { type: "text", maxlength: LONGEST_NAME, autocomplete: "off" });
  const reasonFault = element("p", { class: "fault", id: "reason-fault", role: "alert" });

  const showParts = () => {
    parts.replaceChildren(
      ...[...counts].map(([id, quantity]) =>
        element(
          "li",
          {},
          stepper(names.get(id) ?? id, quantity, (given) => counts.set(id, given)),
        ),
      ),
    );
    const rest = [...names].filter(([id]) => !counts.has(id));
    choose.replaceChildren(
      element("option", { value: "" }, text("form.other_part")),
      ...rest.map(([id, name]) => element("option", { value: id }, name)),
    );
    choose.hidden = rest.length === 0;
  };
  const addPart = () => {
    if (!choose.value) return;
    const id = choose.value;
    counts.set(id, 1);
    showParts();
    parts.lastElementChild?.querySelector("input")?.focus();
  };
  showParts();

  const sheet = element(
    "div",
    { class: "sheet" },
    element("p", {}, element("strong", {}, stop.title), stop.name ? ` – ${stop.name}` : ""),
    isDone ? null : reasons(reasonFault),
    checks.nodes,
    element(
      "fieldset",
      {},
      element("legend", {}, text("form.parts")),
      counts.size ? null : element("p", { class: "soft" }, text("form.no_parts")),
      parts,
      choose,
    ),
    element("label", {}, text("form.note"), note),
    element("label", {}, text("form.signed_by"), signer),
    pad.node,
    element("label", {}, text("form.when"), when),
    whenFault,
  );
  const form = element(
    "form",
    { method: "dialog", novalidate: true },
    element(
      "header",
      {},
      element("h2", { id: "form-title" }, text(`form.title_${kind}`)),
      element(
        "button",
        {
          type: "button",
          class: "quiet square",
          "aria-label": text("form.close"),
          onclick: () => {
            dialog.close();
          },
        },
        icon("close"),
      ),
    ),
    sheet,
    element(
      "footer",
      {},
      element(
        "button",
        { type: "submit", class: `main huge ${isDone ? "good" : "bad"}` },
        icon(isDone ? "check" : "alert"),
        text(`form.send_${kind}`),
      ),
    ),
  );
  const dialog = element("dialog", { class: "sheet-dialog", "aria-labelledby": "form-title" }, form);
  const choices = () => [...form.querySelectorAll("input")].filter((one) => one.name === "reason");
  const reasonOf = () => choices().find((one) => one.checked)?.value ?? null;
  const typed = () => ({ counts: [...counts], note: note.value, signer: signer.value, reason: reasonOf(), checks: checks.read() });
  const untouched = JSON.stringify(typed());
  const keeping = keepForm(form, {
    owner,
    name: `${kind}/${stop.job_id}`,
    read: () => (JSON.stringify(typed()) === untouched ? null : typed()),
    restore: (before) => {
      for (const [id, quantity] of before.counts) if (names.has(id)) counts.set(id, quantity);
      showParts();
      note.value = before.note;
      signer.value = before.signer;
      // What an earlier version of the page has kept has none.
      if (before.checks) checks.fill(before.checks);
      const chosen = choices().find((one) => one.value === before.reason);
      if (chosen) chosen.checked = true;
    },
  });
  if (keeping.offer) sheet.prepend(keeping.offer);
  document.body.append(dialog);
  dialog.showModal();

  return new Promise((resolve) => {
    /** @type {End | null} */
    let result = null;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const reason = reasonOf();
      const at = momentOf(when.value, opened);
      reasonFault.textContent = isDone || reason ? "" : text("form.reason_missing");
      whenFault.textContent = at ? "" : text("form.when_wrong");
      when.setAttribute("aria-invalid", String(!at));
      if (!isDone && !reason) return choices()[0]?.focus();
      if (!at) return when.focus();
      const wrong = checks.findFault();
      if (wrong) return wrong.focus();
      const unticked = checks.unticked();
      if (unticked.length && !confirm(text("form.unticked", { count: unticked.length }))) return unticked[0]?.focus();
      const content = { kind, job_id: stop.job_id, ...given(counts, note, signer), ...checks.given(), ...(reason ? { reason } : {}) };
      result = { at, content, signature: await pad.read() };
      dialog.close();
    });
    dialog.addEventListener("close", () => {
      keeping.forget();
      dialog.remove();
      resolve(result);
    });
  });
}

/**
 * @param {Map<string, number>} counts
 * @param {HTMLTextAreaElement} note
 * @param {HTMLInputElement} signer
 */
function given(counts, note, signer) {
  /** @type {Pick<Api.NewReport, "parts_used" | "note" | "signed_by">} */
  const content = { parts_used: [...counts].filter(([, quantity]) => quantity > 0).map(([part_id, quantity]) => ({ part_id, quantity })) };
  if (note.value.trim()) content.note = note.value.trim();
  if (signer.value.trim()) content.signed_by = signer.value.trim();
  return content;
}

/** @param {HTMLElement} fault */
function reasons(fault) {
  return element(
    "fieldset",
    { class: "reasons", "aria-describedby": fault.id },
    element("legend", {}, text("form.reason")),
    fault,
    ...REASONS.map((reason) =>
      element("label", { class: "choice" }, element("input", { type: "radio", name: "reason", value: reason }), text(`reason.${reason}`)),
    ),
  );
}

/**
 * The moment that a clock time of the company means: today's, or yesterday's after midnight; null
 * if it is none that has passed. The time at which the sheet was opened means that very moment.
 *
 * @param {string} clock
 * @param {Date} opened
 * @returns {Date | null}
 */
function momentOf(clock, opened) {
  if (!/^\d\d:\d\d$/.test(clock)) return null;
  if (clock === time(opened)) return new Date();
  const [hours = 0, minutes = 0] = clock.split(":").map(Number);
  for (const back of [0, 1]) {
    const iso = isoDay(opened.getTime() - back * 86_400_000);
    const moment = new Date(startOfDay(iso) + (hours * 60 + minutes) * 60_000);
    // So long ago, an hour to come was meant, which is a slip.
    const since = opened.getTime() - moment.getTime();
    if (since >= 0 && since < 16 * 3_600_000) return moment;
  }
  return null;
}

/**
 * What the report says, in short.
 *
 * @param {Api.NewReport} body
 */
export function summaryOf(body) {
  return `${text(`status.${body.kind}`)} · ${time(body.at)}${body.reason ? ` · ${text(`reason.${body.reason}`)}` : ""}`;
}
