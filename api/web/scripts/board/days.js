/** Which days are shown: stepping, picking, day and week; kept in the address. */

import { byId } from "../dom.js";
import { isElsewhere, isoDay, longDay, number, startOfDay } from "../format.js";
import { text } from "../texts.js";
import { announce } from "../ui/announce.js";
import { icon } from "../ui/icons.js";
import { toastTrouble } from "../ui/toast.js";
import { readBoard } from "./board-data.js";
import { board, connection, dayAfter, signedIn, subscribe } from "./state.js";

const WEEK = 7;

/** The day and number of days that the address asks for. */
export function wantedDays() {
  const asked = new URLSearchParams(location.search);
  const day = asked.get("day");
  return { day: day && isDay(day) ? day : isoDay(Date.now()), days: asked.get("view") === "week" ? WEEK : 1 };
}

/**
 * Whether there is such a day: the 31st of February is none, and nobody could be shown it.
 *
 * @param {string} words
 */
function isDay(words) {
  const midnight = new Date(`${words}T00:00:00Z`);
  return !Number.isNaN(midnight.getTime()) && midnight.toISOString().slice(0, 10) === words;
}

export function wireDays() {
  /** @param {number} by */
  const step = (by) => show(dayAfter(board.day, by * (board.days === 1 ? 1 : WEEK)), board.days);
  byId("day-before").append(icon("left"));
  byId("day-after").append(icon("right"));
  byId("day-before").addEventListener("click", () => step(-1));
  byId("day-after").addEventListener("click", () => step(1));
  byId("day-today").addEventListener("click", () => show(isoDay(Date.now()), board.days));
  const picked = byId("day", HTMLInputElement);
  picked.addEventListener("change", () => picked.value && show(picked.value, board.days));
  byId("view-day").addEventListener("click", () => show(board.day, 1));
  byId("view-week").addEventListener("click", () => show(board.day, WEEK));
  subscribe("step-day", step);
  subscribe("view", (days) => show(board.day, days));
  subscribe("go-to-day", (day) => show(day, 1));
  subscribe("go-to-today", () => show(isoDay(Date.now()), board.days));
  subscribe("board", drawSummary);
  subscribe("connection", drawConnection);
  addEventListener("popstate", () => {
    const { day, days } = wantedDays();
    show(day, days, { isKept: true });
  });
  drawConnection();
}

/**
 * Show other days.
 *
 * @param {Api.Day} day
 * @param {number} days
 * @param {{ isKept?: boolean }} [options]
 */
export async function show(day, days, { isKept = false } = {}) {
  if (!isKept) {
    const asked = new URLSearchParams(location.search);
    asked.set("day", day);
    if (days === WEEK) asked.set("view", "week");
    else asked.delete("view");
    history.pushState(null, "", `?${asked}`);
  }
  byId("main").setAttribute("aria-busy", "true");
  try {
    await readBoard(day, days);
    announce(text(days === 1 ? "day.shown" : "week.shown", { day: longDay(startOfDay(day)) }));
  } catch (error) {
    toastTrouble(error);
    drawSummary();
  } finally {
    byId("main").removeAttribute("aria-busy");
  }
}

function drawSummary() {
  byId("day", HTMLInputElement).value = board.day;
  byId("view-day").setAttribute("aria-pressed", String(board.days === 1));
  byId("view-week").setAttribute("aria-pressed", String(board.days === WEEK));
  const { figures } = board;
  byId("summary").textContent = [
    text("summary.jobs", { count: figures.visits, number: number(figures.visits) }),
    text("summary.done", { number: number(figures.done) }),
    text("summary.late", { number: number(figures.late) }),
    text("summary.unassigned", { number: number(figures.unassigned) }),
  ].join(" · ");
  const note = byId("elsewhere");
  note.hidden = !isElsewhere();
  note.textContent = text("elsewhere", { zone: signedIn().time_zone });
}

/** Whether what is shown is still what is. */
function drawConnection() {
  const node = byId("connection");
  node.classList.toggle("live", connection.isLive);
  node.classList.toggle("signed-out", connection.isSignedOut);
  node.textContent = text(connection.isSignedOut ? "live.signed_out" : connection.isLive ? "live.on" : "live.off");
}
