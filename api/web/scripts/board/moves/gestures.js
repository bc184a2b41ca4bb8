/** Taking a job up with a pointer or a finger, and carrying it. */

import { around } from "../../dom.js";
import { begin, cancelMove, canMove, finish, follow, hoverAt, isMoving } from "./drag.js";

/** Moving less than this is a click. */
const LEAST_PIXELS = 5;
/** A finger that rests so long picks up what it is on; one that moves before scrolls. */
const HOLD_MILLISECONDS = 400;
/** Fingers tremble. */
const TREMOR_PIXELS = 10;
const VIBRATION_MILLISECONDS = 30;

let suppressClick = false;

/**
 * Let the element be dragged as the job that `jobIdOf(event)` names.
 *
 * @param {HTMLElement} area
 * @param {(event: PointerEvent) => string | null | undefined} jobIdOf
 */
export function makeDraggable(area, jobIdOf) {
  area.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !event.isPrimary || isMoving()) return;
    const jobId = jobIdOf(event);
    if (!jobId || !canMove(jobId)) return;
    if (event.pointerType === "touch") waitForHold(event, jobId);
    else waitForMove(event, jobId);
  });
  // Whether a page may ever keep a finger from scrolling is settled when the finger comes down, by
  // there being such a listener; `touch-action` would be too early, as what is not held has to scroll.
  area.addEventListener("touchmove", () => {}, { passive: false });
  area.addEventListener(
    "click",
    (event) => {
      if (!suppressClick) return;
      suppressClick = false;
      event.stopPropagation();
    },
    { capture: true },
  );
}

/**
 * Where on its bar the job was taken hold of, in pixels from its start.
 *
 * @param {PointerEvent} event
 */
function gripOf({ target, clientX }) {
  const bar = around(target, ".piece");
  return bar ? clientX - bar.getBoundingClientRect().left : 0;
}

/**
 * @param {PointerEvent} one
 * @param {PointerEvent} other
 */
const distance = (one, other) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);

/**
 * @param {PointerEvent} down
 * @param {string} jobId
 */
function waitForMove(down, jobId) {
  const grabbed = gripOf(down);
  const ending = new AbortController();
  const options = { signal: ending.signal };
  document.addEventListener(
    "pointermove",
    (event) => {
      if (!isMoving()) {
        if (distance(event, down) < LEAST_PIXELS) return;
        begin(jobId, grabbed, ending);
      }
      follow(event.clientX, event.clientY);
    },
    options,
  );
  document.addEventListener(
    "pointerup",
    () => {
      ending.abort();
      if (!isMoving()) return;
      suppressClick = true;
      setTimeout(() => {
        suppressClick = false;
      }, 0);
      finish();
    },
    options,
  );
  document.addEventListener(
    "pointercancel",
    () => {
      ending.abort();
      cancelMove();
    },
    options,
  );
}

/**
 * @param {PointerEvent} down
 * @param {string} jobId
 */
function waitForHold(down, jobId) {
  const grabbed = gripOf(down);
  const ending = new AbortController();
  const options = { signal: ending.signal };
  const isOther = (/** @type {PointerEvent} */ event) => event.pointerId !== down.pointerId;
  let isPicked = false;
  let hasMoved = false;
  const timer = setTimeout(() => {
    isPicked = true;
    begin(jobId, grabbed, ending);
    navigator.vibrate?.(VIBRATION_MILLISECONDS);
    hoverAt(down.clientX, down.clientY);
  }, HOLD_MILLISECONDS);
  ending.signal.addEventListener("abort", () => clearTimeout(timer));
  const giveUp = () => {
    ending.abort();
    if (isPicked) cancelMove();
  };
  document.addEventListener(
    "pointermove",
    (event) => {
      hasMoved ||= !isOther(event) && distance(event, down) >= TREMOR_PIXELS;
      if (isOther(event) || !hasMoved) return;
      if (isPicked) follow(event.clientX, event.clientY);
      else giveUp();
    },
    options,
  );
  document.addEventListener(
    "pointerup",
    (event) => {
      if (isOther(event)) return;
      ending.abort();
      if (isPicked) finish();
    },
    options,
  );
  document.addEventListener("pointerdown", (event) => isOther(event) && giveUp(), options);
  document.addEventListener("pointercancel", giveUp, options);
  // A long press means something to browsers, too.
  document.addEventListener("contextmenu", (event) => event.preventDefault(), options);
  if (down.target) keepFromBrowser(down.target, () => isPicked);
}

/**
 * Until the finger is lifted, have the browser neither scroll by it nor click, while `isOurs()`. Touches
 * are told to the element on which they began, even if it is no longer in the page.
 *
 * @param {EventTarget} touched
 * @param {() => boolean} isOurs
 */
function keepFromBrowser(touched, isOurs) {
  const lifting = new AbortController();
  const options = { passive: false, signal: lifting.signal };
  const keep = (/** @type {Event} */ event) => {
    if (isOurs() && event.cancelable) event.preventDefault();
  };
  touched.addEventListener("touchmove", keep, options);
  touched.addEventListener(
    "touchend",
    (event) => {
      keep(event);
      lifting.abort();
    },
    options,
  );
  touched.addEventListener("touchcancel", () => lifting.abort(), options);
}
