/** How the page is divided: two splitters, for pointer and keyboard, and a side that can be shut. */

import { byId } from "../dom.js";

const STEP = 24;

/**
 * A splitter: what it is kept as, its bounds and first value in pixels, what puts it there, what a
 * pointer means, and by how much each key moves it.
 *
 * @typedef {object} Split
 * @property {string} kept
 * @property {number} least
 * @property {() => number} most
 * @property {number} initial
 * @property {(pixels: number) => void} put
 * @property {(event: PointerEvent) => number} at
 * @property {Record<string, number>} keys
 */

export function wireLayout() {
  const main = byId("main");
  split(byId("split-side"), {
    kept: "side-width",
    least: 300,
    most: () => innerWidth - 520,
    initial: 410,
    put: (pixels) => main.style.setProperty("--side", `${pixels}px`),
    at: ({ clientX }) => main.getBoundingClientRect().right - clientX,
    keys: { ArrowLeft: STEP, ArrowRight: -STEP },
  });
  split(byId("split-map"), {
    kept: "map-height",
    least: 120,
    most: () => byId("side").clientHeight - 160,
    initial: 340,
    put: (pixels) => main.style.setProperty("--map", `${pixels}px`),
    at: ({ clientY }) => clientY - byId("map").getBoundingClientRect().top,
    keys: { ArrowDown: STEP, ArrowUp: -STEP },
  });
  const toggle = byId("toggle-side");
  /** @param {boolean} isShut */
  const put = (isShut) => {
    main.classList.toggle("side-shut", isShut);
    toggle.setAttribute("aria-pressed", String(!isShut));
    localStorage.setItem("side-shut", isShut ? "yes" : "no");
  };
  put(localStorage.getItem("side-shut") === "yes");
  toggle.addEventListener("click", () => put(!main.classList.contains("side-shut")));
}

/**
 * @param {HTMLElement} bar
 * @param {Split} options
 */
function split(bar, { kept, least, most, initial, put, at, keys }) {
  let now = Number(localStorage.getItem(kept)) || initial;
  /** @param {number} pixels */
  const set = (pixels) => {
    now = Math.round(Math.max(least, Math.min(most(), pixels)));
    put(now);
    bar.setAttribute("aria-valuenow", String(now));
    bar.setAttribute("aria-valuemin", String(least));
    bar.setAttribute("aria-valuemax", String(Math.max(least, Math.round(most()))));
  };
  set(now);
  bar.addEventListener("pointerdown", (down) => {
    down.preventDefault();
    bar.setPointerCapture(down.pointerId);
    /** @param {PointerEvent} event */
    const follow = (event) => set(at(event));
    bar.addEventListener("pointermove", follow);
    bar.addEventListener(
      "lostpointercapture",
      () => {
        bar.removeEventListener("pointermove", follow);
        localStorage.setItem(kept, String(now));
      },
      { once: true },
    );
  });
  bar.addEventListener("keydown", (event) => {
    const by = keys[event.key];
    if (by === undefined) return;
    event.preventDefault();
    set(now + by);
    localStorage.setItem(kept, String(now));
  });
}
