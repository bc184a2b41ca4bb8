/**
 * The map in a window of its own, for another screen: days, filters, what is chosen and what is
 * pointed at are the same in both windows. The board gives its room to the side panel meanwhile.
 *
 * Both speak over a channel with a name of their own, which the address of the map's window has, so
 * that it finds its board again when either is loaded anew. Each reads from the service by itself.
 */

import { byId, element } from "../../dom.js";
import { text } from "../../texts.js";
import { icon } from "../../ui/icons.js";
import { toast } from "../../ui/toast.js";
import { show } from "../days.js";
import { filters } from "../filters.js";
import { board, hover, notify, pointAt, select, selection, subscribe } from "../state.js";

const KEPT = "map-window";
/** The channel's name, in the map's own window; else null. */
export const mapWindow = new URLSearchParams(location.search).get("map");

/**
 * What is the same in both windows, how it is read here and how it is taken over from the other.
 *
 * @type {Record<string, { read: () => any, take: (value: any) => void | Promise<void> }>}
 */
const SHARED = {
  board: {
    read: () => [board.day, board.days],
    take: ([day, days]) => (day === board.day && days === board.days ? undefined : show(day, days)),
  },
  filters: {
    read: () => ({ ...filters, words: byId("search", HTMLInputElement).value.trim() }),
    take: (wanted) => notify("restored-filters", wanted),
  },
  selection: { read: () => ({ ...selection }), take: select },
  hover: { read: () => ({ ...hover }), take: pointAt },
};

/** @type {BroadcastChannel} */
let channel;
/** What both know of each topic. */
/** @type {Map<string, string>} */
const known = new Map();
/** Other days are on their way: what is still shown is no news. */
let isTaking = false;
/** Whether there is another window that listens. */
let isThere = mapWindow !== null;

export function mountOwnWindow() {
  channel = new BroadcastChannel(`map-${mapWindow ?? nameOfBoard()}`);
  for (const topic of Object.keys(SHARED)) subscribe(topic, () => tell(topic));
  channel.addEventListener("message", ({ data }) => hear(data));
  if (mapWindow !== null) {
    document.body.classList.add("map-alone");
    addEventListener("pagehide", () => channel.postMessage({ gone: true }));
    addEventListener("pageshow", ({ persisted }) => persisted && channel.postMessage({ here: true }));
  } else {
    byId("map").append(openButton());
    byId("side").prepend(note());
  }
  // The map's window says that it is there; a board that is loaded anew asks.
  channel.postMessage(mapWindow === null ? { who: true } : { here: true });
}

/** The board's name for its map, as long as its tab lives. */
function nameOfBoard() {
  const name = sessionStorage.getItem(KEPT) ?? Math.random().toString(36).slice(2);
  sessionStorage.setItem(KEPT, name);
  return name;
}

/** @param {string} topic */
function tell(topic) {
  const value = SHARED[topic]?.read();
  const now = JSON.stringify(value);
  if (!isThere || isTaking || !board.day || known.get(topic) === now) return;
  known.set(topic, now);
  channel.postMessage({ topic, value });
}

/** @param {any} message */
async function hear({ topic, value, here, gone, who, close }) {
  if (mapWindow !== null) {
    if (close) window.close();
    else if (who) channel.postMessage({ here: true });
  } else if (here || gone) {
    putAway(Boolean(here));
    known.clear();
    for (const one of Object.keys(SHARED)) tell(one);
  }
  if (!topic || !isThere) return;
  known.set(topic, JSON.stringify(value));
  isTaking = topic === "board";
  try {
    await SHARED[topic]?.take(value);
  } finally {
    isTaking = false;
  }
}

/**
 * Leave the map to its own window, or have it back.
 *
 * @param {boolean} isAway
 */
function putAway(isAway) {
  isThere = isAway;
  byId("main").classList.toggle("map-away", isAway);
}

function openButton() {
  const open = () => {
    const asked = new URLSearchParams(location.search);
    asked.set("map", nameOfBoard());
    const opened = window.open(`?${asked}`, `map-${nameOfBoard()}`, "popup,width=1100,height=800");
    if (!opened) toast(text("map.blocked"), { kind: "bad" });
  };
  const button = element(
    "button",
    { type: "button", class: "square map-open", "aria-label": text("map.open"), title: text("map.open"), onclick: open },
    icon("window"),
  );
  // The map is not to take the click for one on its ground.
  for (const kind of ["click", "dblclick", "pointerdown"]) button.addEventListener(kind, (event) => event.stopPropagation());
  return button;
}

function note() {
  const back = () => {
    channel.postMessage({ close: true });
    putAway(false);
  };
  return element(
    "p",
    { class: "map-note" },
    text("map.away"),
    element("button", { type: "button", class: "small", onclick: back }, text("map.back")),
  );
}
