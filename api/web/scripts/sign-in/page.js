/** Signing in: whoever is known goes on to where they were going, or to the page of their role. */

import { byId } from "../dom.js";
import { get, isAway, post, Refused } from "../http.js";
import { insist } from "../opening.js";
import { loadTexts, text, wireLanguageSwitch } from "../texts.js";
import { wireThemeSwitch } from "../theme.js";

const BUSY_SECONDS = 5;
const ready = insist(() => loadTexts("sign-in"));
const form = byId("form", HTMLFormElement);
const userName = byId("user-name", HTMLInputElement);
const password = byId("password", HTMLInputElement);
const reveal = byId("reveal");
const submit = byId("submit");
const failure = byId("failure");
let isBusy = false;
/** Tries again by itself when the service was too busy, unless somebody types something else. */
let again = 0;

// Who is quicker than the texts is signed in as soon as they are there.
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  await ready;
  if (!isBusy) signIn();
});
await ready;
wireLanguageSwitch(byId("language", HTMLSelectElement));
wireThemeSwitch(byId("theme", HTMLSelectElement));
reveal.addEventListener("click", () => show(password.type === "password"));
for (const field of [userName, password]) {
  field.addEventListener("input", () => {
    clearTimeout(again);
    field.removeAttribute("aria-invalid");
  });
}
// Whoever types already goes on where they are: the password would stand in the field for the name.
if (document.activeElement === document.body) userName.focus();
await goOnIfKnown();

async function signIn() {
  clearTimeout(again);
  const missing = [userName, password].filter((field) => field.value.trim() === "");
  if (missing.length > 0) {
    tell(text(missing[0] === userName ? "failure.no_user_name" : "failure.no_password"), missing);
    return;
  }
  show(false);
  work(true);
  try {
    const session = await post("/session", { user_name: userName.value, password: password.value });
    location.replace(destination(session));
  } catch (error) {
    work(false);
    if (!(error instanceof Refused)) throw error;
    explain(error);
  }
}

/** Somebody who is signed in has nothing to do here. */
async function goOnIfKnown() {
  if (!document.cookie.includes("dispatch_csrf=")) return;
  try {
    location.replace(destination(await get("/session", { quiet: true })));
  } catch (error) {
    // Signed in no more, or not to be asked: that is what the form is for.
    if (!(error instanceof Refused)) throw error;
  }
}

/**
 * Where to go: a page of ours that was asked for, as far as the role has it.
 *
 * @param {Api.SessionOut} session
 */
function destination(session) {
  const isTechnician = session.role === "technician";
  const home = isTechnician ? "/my-day" : "/";
  const asked = new URLSearchParams(location.search).get("next");
  if (asked === null || !asked.startsWith("/")) return home;
  // As the browser would read it: "//elsewhere" and "/\elsewhere" are other hosts. What it has made
  // of it is gone to as a whole: of "/.//elsewhere" the path alone would be another host again.
  const found = read(asked);
  if (found === null || found.origin !== location.origin || found.pathname.startsWith("//")) return home;
  if (found.pathname === location.pathname) return home;
  if (isTechnician && !found.pathname.startsWith("/my-day")) return home;
  return found.href;
}

/**
 * An address as the browser reads it from this page; null if it cannot.
 *
 * @param {string} address
 */
function read(address) {
  try {
    return new URL(address, location.origin);
  } catch {
    return null;
  }
}

/** @param {Refused} error */
function explain(error) {
  if (isAway(error)) tell(text("failure.away"));
  else if (error.status === 401 || error.status === 422) tell(text("failure.wrong"), [password, userName]);
  else if (error.status === 429) tell(text("failure.too_often", { count: Math.max(1, Math.ceil(error.secondsToWait / 60)) }));
  else if (error.status === 503) waitAndSignIn(error.secondsToWait || BUSY_SECONDS);
  else tell(text("failure.other", { status: error.status }));
}

/** @param {number} seconds */
function waitAndSignIn(seconds) {
  tell(text("failure.busy", { count: seconds }));
  again = setTimeout(() => isBusy || signIn(), seconds * 1000);
}

/**
 * Say what went wrong, and go to the first field that it is about.
 *
 * @param {string} words
 * @param {HTMLInputElement[]} [fields]
 */
function tell(words, fields = []) {
  failure.textContent = words;
  failure.hidden = false;
  for (const field of [userName, password]) {
    if (fields.includes(field)) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
  }
  fields[0]?.focus();
  fields[0]?.select();
}

/**
 * While the service is asked, the form stays as it is: a disabled button would lose the focus.
 *
 * @param {boolean} busy
 */
function work(busy) {
  isBusy = busy;
  submit.setAttribute("aria-disabled", String(busy));
  submit.textContent = text(busy ? "submitting" : "submit");
  if (busy) failure.hidden = true;
}

/** @param {boolean} revealed */
function show(revealed) {
  password.type = revealed ? "text" : "password";
  reveal.setAttribute("aria-pressed", String(revealed));
}
