/** What is under the hand while a job is moved: its outline, and a note beside it. */

import { element } from "../../dom.js";
import { text } from "../../texts.js";
import { colourName } from "../colours.js";
import { board } from "../state.js";
import { zoom } from "../timeline/scale.js";
import { pointOf, ROW_HEIGHT } from "../timeline/timeline.js";
import { visitTime } from "../words.js";

/** @typedef {{ node: HTMLElement, time: HTMLElement, note: HTMLElement }} Ghost */

/**
 * @param {OnBoard.Job} job
 * @returns {Ghost}
 */
export function makeGhost(job) {
  const time = element("span", { class: "numbers" });
  const node = element("div", { class: "ghost", "aria-hidden": "true" }, element("strong", {}, job.title), time);
  const note = element("div", { class: "ghost-note", hidden: true });
  document.body.append(node, note);
  document.body.classList.add("moving");
  return { node, time, note };
}

/** @param {Ghost} ghost */
export function removeGhost({ node, note }) {
  node.remove();
  note.remove();
  document.body.classList.remove("moving");
}

/**
 * In the row that is aimed at, or else at the pointer.
 *
 * @param {{ ghost: Ghost, job: OnBoard.Job, target: OnBoard.Target | null, point: { x: number, y: number } | null }} move
 */
export function drawGhost({ ghost, job, target, point }) {
  const place = ghost.node.style;
  const startAt = target?.startAt ?? null;
  ghost.node.classList.toggle("in-row", startAt !== null);
  ghost.time.textContent = target === null ? "" : startAt === null ? text("move.cheapest") : visitTime(job.id, startAt);
  if (target !== null && startAt !== null) {
    const at = pointOf(target.technicianId, startAt);
    place.setProperty("--route", `var(${colourName(target.technicianId)})`);
    place.setProperty("left", `${at.x}px`);
    place.setProperty("top", `${at.y + 4}px`);
    const pace = board.technicians.get(target.technicianId)?.pace_percent ?? 100;
    const hours = (job.duration_minutes * pace) / 6_000;
    place.setProperty("width", `${Math.max(40, hours * zoom())}px`);
    place.setProperty("height", `${ROW_HEIGHT - 14}px`);
  } else if (point) {
    place.setProperty("left", `${point.x + 8}px`);
    place.setProperty("top", `${point.y + 8}px`);
    place.setProperty("width", "180px");
    place.setProperty("height", `${ROW_HEIGHT - 10}px`);
  }
  placeNote(ghost);
}

/**
 * Below the ghost, or above it where there is no room.
 *
 * @param {Ghost} ghost
 */
export function placeNote({ node, note }) {
  if (note.hidden) return;
  const box = node.getBoundingClientRect();
  const { width, height } = note.getBoundingClientRect();
  const below = box.bottom + 8;
  const top = below + height > innerHeight - 8 ? box.top - height - 8 : below;
  note.style.setProperty("left", `${Math.max(8, Math.min(box.left, innerWidth - width - 8))}px`);
  note.style.setProperty("top", `${Math.max(8, top)}px`);
}
