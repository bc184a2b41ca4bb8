/**
 * The drawing of one technician's row. A row is kept while it is on screen; what it shows is
 * brought up to date piece by piece, so that focus and pointer stay where they are.
 */

import { element, isThere } from "../../dom.js";
import { day as dayName } from "../../format.js";
import { text } from "../../texts.js";
import { icon, statusIcon } from "../../ui/icons.js";
import { colourName } from "../colours.js";
import { chosen } from "../many/chosen.js";
import { board, hover, selection } from "../state.js";
import { actualsOf, dayOf, rowLabel, stopsOf, waysOf } from "./items.js";
import { barColour, groupOf, looks, wordsOf } from "./looks.js";
import { isDetailed, shownDays, toPixels } from "./scale.js";

/**
 * An item as it is drawn.
 *
 * @typedef {{ node: HTMLElement, item: OnBoard.Item, left?: number, width?: number, signed?: string }} Piece
 * @typedef {"lines" | "words" | "icons" | "none"} Room
 * @typedef {(item: OnBoard.Item, room: Room, node: HTMLElement) => import("../../dom.js").Leaf[]} Fill
 * @typedef {(item: OnBoard.Item, fill?: Fill) => void} Draw
 * @typedef {ReturnType<typeof makeRow>} Row
 */

/** From so many pixels on there is room for a title and a place, for words, for a sign. */
const LINES_FROM_PIXELS = 84;
const WORDS_FROM_PIXELS = 32;
const ICONS_FROM_PIXELS = 18;

/**
 * A row for the technician; `update(view)` draws what is in `view.left` to `view.right`.
 *
 * @param {string} technicianId
 */
export function makeRow(technicianId) {
  const header = element("div", { class: "row-header", role: "rowheader", tabindex: "-1", dataset: { key: "header" } });
  const track = element("div", { class: "track", role: "presentation" });
  const node = element("div", { class: "row", role: "row", dataset: { technician: technicianId } }, header, track);
  /** @type {Map<string, Piece>} */
  const drawn = new Map();
  /** @type {object | null} */
  let headerSigned = null;

  /** @param {OnBoard.View} view */
  function update(view) {
    node.style.setProperty("--route", `var(${colourName(technicianId)})`);
    updateHeader();
    const seen = new Set();
    /** @type {Draw} */
    const draw = (item, fill) => {
      const left = toPixels(item.from);
      const width = Math.max(toPixels(item.to) - left, item.least ?? 1);
      if (left + width < view.left || left > view.right) {
        if (item.key !== view.focusedKey) return;
      }
      seen.add(item.key);
      place(item, left, width, fill);
    };
    for (const shift of board.shifts.get(technicianId) ?? []) drawShift(shift, draw);
    for (const absence of board.absences.get(technicianId) ?? []) {
      draw({ key: `absence:${absence.id}`, from: absence.starts_at, to: absence.ends_at, kind: "absence" }, () => [
        element("span", {}, text("row.absent_here")),
      ]);
    }
    if (isDetailed()) {
      for (const way of waysOf(technicianId)) draw({ ...way, kind: "way" });
      for (const actual of actualsOf(technicianId, view.now)) draw(actual);
      for (const stop of stopsOf(technicianId)) draw({ ...stop, least: 6 }, fillStop);
    } else {
      for (const day of shownDays) draw(dayItem(technicianId, day), fillDay);
    }
    for (const [key, piece] of drawn) {
      if (seen.has(key)) continue;
      piece.node.remove();
      drawn.delete(key);
    }
    mark(view);
  }

  function updateHeader() {
    const technician = board.technicians.get(technicianId);
    if (!technician) return;
    const summed = dayOf(technicianId);
    if (headerSigned === summed) return;
    headerSigned = summed;
    const { visits, late, conflicts, used } = summed;
    const label = rowLabel(technician);
    const group = groupOf(technician);
    header.setAttribute("aria-label", label);
    header.replaceChildren(
      element("span", { class: "swatch" }),
      element("span", { class: "row-name" }, technician.name, group ? element("small", { class: "soft row-group" }, ` ${group}`) : null),
      element(
        "span",
        { class: "row-facts numbers" },
        conflicts ? element("span", { class: "row-late" }, icon("conflict", 11), String(conflicts)) : null,
        late ? element("span", { class: "row-late" }, icon("late", 11), String(late)) : null,
        element("span", {}, text("row.short", { count: visits, share: Math.round(used * 100) })),
      ),
      element("span", { class: "load", "aria-hidden": "true" }, element("span", { style: { width: `${Math.min(100, used * 100)}%` } })),
    );
  }

  /**
   * @param {OnBoard.Item} item
   * @param {number} left
   * @param {number} width
   * @param {Fill} [fill]
   */
  function place(item, left, width, fill) {
    let piece = drawn.get(item.key);
    if (!piece) {
      piece = { node: element("div", { dataset: { key: item.key } }), item };
      insertInOrder(piece.node, item);
      drawn.set(item.key, piece);
    }
    if (piece.left !== left) piece.node.style.setProperty("left", `${left}px`);
    if (piece.width !== width) piece.node.style.setProperty("width", `${width}px`);
    const room =
      width >= LINES_FROM_PIXELS ? "lines" : width >= WORDS_FROM_PIXELS ? "words" : width >= ICONS_FROM_PIXELS ? "icons" : "none";
    const signed = `${item.kind}|${item.label ?? ""}|${item.late ?? ""}|${item.conflict ?? ""}|${item.job?.status ?? ""}|${room}|${looks.colour}|${looks.text}|${item.frozen ?? ""}`;
    if (piece.signed !== signed) {
      piece.node.className = `piece ${item.kind}`;
      if (item.job && looks.colour !== "technician") piece.node.style.setProperty("--route", `var(${barColour(item.job, technicianId)})`);
      else piece.node.style.removeProperty("--route");
      if (fill) piece.node.replaceChildren(...fill(item, room, piece.node).filter(isThere));
      if (item.label) {
        piece.node.setAttribute("role", "gridcell");
        piece.node.setAttribute("aria-label", item.label);
        if (!piece.node.hasAttribute("tabindex")) piece.node.setAttribute("tabindex", "-1");
      } else {
        piece.node.setAttribute("aria-hidden", "true");
      }
    }
    Object.assign(piece, { left, width, signed, item });
  }

  /**
   * Readers go through the row in the order of the document, which is that of time.
   *
   * @param {HTMLElement} piece
   * @param {OnBoard.Item} item
   */
  function insertInOrder(piece, item) {
    if (!item.label) {
      track.prepend(piece);
      return;
    }
    /** @type {Piece | null} */
    let next = null;
    for (const other of drawn.values()) {
      if (other.item.label && other.item.from > item.from && !(next && next.item.from <= other.item.from)) next = other;
    }
    track.insertBefore(piece, next?.node ?? null);
  }

  /**
   * Selection, hover, filters, and the one cell that the Tab key comes to.
   *
   * @param {OnBoard.View} view
   */
  function mark(view) {
    const focused = view.focused.technicianId === technicianId ? view.focused.key : null;
    header.setAttribute("tabindex", focused === "header" ? "0" : "-1");
    node.classList.toggle("selected", selection.technicianId === technicianId);
    for (const [key, { node: piece, item }] of drawn) {
      if (!item.label) continue;
      piece.setAttribute("tabindex", key === focused ? "0" : "-1");
      const jobId = item.job?.id ?? null;
      const isSelected = jobId !== null && selection.jobId === jobId;
      piece.classList.toggle("selected", isSelected);
      const isChosen = jobId !== null && chosen.has(jobId);
      piece.classList.toggle("chosen", isChosen);
      if (isSelected || isChosen) piece.setAttribute("aria-selected", "true");
      else piece.removeAttribute("aria-selected");
      piece.classList.toggle("hovered", jobId !== null && hover.jobId === jobId);
      piece.classList.toggle("partner", jobId !== null && isPartner(jobId));
      piece.classList.toggle("dimmed", item.job ? !view.matches(item.job) : view.isFiltered && item.kind !== "day");
    }
  }

  return {
    node,
    header,
    /** Its number among the rows; -1 until it has one. */
    index: -1,
    update,
    mark,
    cell: (/** @type {string} */ key) => (key === "header" ? header : (drawn.get(key)?.node ?? null)),
    item: (/** @type {string} */ key) => drawn.get(key)?.item ?? null,
  };
}

/**
 * Whether the job is linked to the one that is pointed at, or else to the one that is chosen.
 *
 * @param {string} jobId
 */
function isPartner(jobId) {
  const shown = board.jobs.get(hover.jobId ?? selection.jobId ?? "");
  return Boolean(shown && shown.id !== jobId && shown.links.some((link) => link.job_ids.includes(jobId)));
}

/**
 * @param {OnBoard.Shift} shift
 * @param {Draw} draw
 */
function drawShift(shift, draw) {
  const key = `shift:${shift.starts_at}`;
  if (shift.max_overtime_seconds) {
    draw({ key: `${key}:overtime`, from: shift.ends_at, to: shift.ends_at + shift.max_overtime_seconds * 1000, kind: "overtime" });
  }
  draw({ key, from: shift.starts_at, to: shift.ends_at, kind: "shift" });
}

/** @type {Fill} */
function fillStop(item, room, node) {
  if (!item.job) {
    return room === "none" ? [] : [icon(item.kind === "depot" ? "depot" : "break", 13)];
  }
  const { job } = item;
  node.classList.add("visit", `status-${job.status}`);
  node.classList.toggle("late", Boolean(item.late));
  node.classList.toggle("conflict", Boolean(item.conflict));
  node.classList.toggle("pinned", Boolean(job.pinned_technician_id));
  node.classList.toggle("frozen", Boolean(item.frozen));
  /** @type {(import("../../ui/icons.js").IconName | null)[]} */
  const marks = [
    statusIcon(job.status),
    item.conflict ? "conflict" : null,
    item.late ? "late" : null,
    job.pinned_technician_id ? "pin" : null,
    ["urgent", "emergency"].includes(job.priority) ? "urgent" : null,
  ];
  const shown = marks.filter(isThere);
  if (room === "none") return [];
  const icons = element(
    "span",
    { class: "marks" },
    shown.slice(0, { lines: 4, words: 2, icons: 1 }[room]).map((name) => icon(name, 12)),
  );
  if (room === "icons") return shown.length ? [icons] : [];
  const [first, second] = wordsOf(job);
  if (room === "words") return [element("span", { class: "visit-words" }, shown.length ? icons : null, first)];
  return [
    element("div", { class: "visit-title" }, shown.length ? icons : null, `${first} `),
    element("div", { class: "visit-place" }, second),
  ];
}

/**
 * A day summed up, where single visits would be too small.
 *
 * @param {string} technicianId
 * @param {OnBoard.ShownDay} day
 * @returns {OnBoard.Item}
 */
function dayItem(technicianId, day) {
  const { visits, late, conflicts, used, available } = dayOf(technicianId, day);
  const share = Math.round(used * 100);
  const label = [
    dayName(day.from),
    text("row.short", { count: visits, share }),
    late ? text("row.late", { count: late }) : null,
    conflicts ? text("row.conflicts", { count: conflicts }) : null,
  ]
    .filter(Boolean)
    .join(", ");
  return {
    key: `day:${day.iso}`,
    from: day.from,
    to: day.to,
    kind: "day",
    label: available || visits ? label : text("row.free", { day: dayName(day.from) }),
    late,
    conflicts,
    visits,
    share,
    day,
    available,
  };
}

/** @type {Fill} */
function fillDay(item) {
  if (!item.visits) return [element("span", { class: "soft", "aria-hidden": "true" }, item.available ? "–" : "")];
  return [
    element(
      "span",
      { class: "day-facts numbers" },
      `${text("row.short", { count: item.visits, share: item.share ?? 0 })} `,
      item.conflicts ? element("span", { class: "row-late" }, icon("conflict", 11), String(item.conflicts)) : null,
      item.late ? element("span", { class: "row-late" }, icon("late", 11), String(item.late)) : null,
    ),
    element("span", { class: "load", "aria-hidden": "true" }, element("span", { style: { width: `${Math.min(100, item.share ?? 0)}%` } })),
  ];
}
