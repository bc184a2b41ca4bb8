/** Signing in: whoever is known goes on to where they were going, or to the page of their role. */

import { byId } from "../dom.js";
import { get, isAway, post, Refused } from "../http.js";
import { loadTexts, text, wireLanguageSwitch } from "../texts.js";
import { wireThemeSwitch } from "../theme.js";

const ready = loadTexts("sign-in");
const form = byId("form");
const userName = byId("user-name");
const password = byId("password");
const reveal = byId("reveal");
const submit = byId("submit");
const failure = byId("failure");
let isBusy = false;

// Who is quicker than the texts is signed in as soon as they are there.
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  await ready;
  if (!isBusy) signIn();
});
await ready;
wireLanguageSwitch(byId("language"));
wireThemeSwitch(byId("theme"));
reveal.addEventListener("click", () => show(password.type === "password"));
for (const field of [userName, password]) {
  field.addEventListener("input", () => field.removeAttribute("aria-invalid"));
}
userName.focus();
await goOnIfKnown();

async function signIn() {
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
    location.replace(destination(await get("/session")));
  } catch (error) {
    // Signed in no more, or not to be asked: that is what the form is for.
    if (!(error instanceof Refused)) throw error;
  }
}

/** Where to go: a page of ours that was asked for, as far as the role has it. */
function destination(session) {
  const isTechnician = session.role === "technician";
  const home = isTechnician ? "/my-day" : "/";
  const asked = new URLSearchParams(location.search).get("next");
  if (asked === null || !asked.startsWith("/")) return home;
  // As the browser would read it: "//elsewhere" and "/\elsewhere" are other hosts.
  const found = new URL(asked, location.origin);
  if (found.origin !== location.origin || found.pathname === location.pathname) return home;
  if (isTechnician && !found.pathname.startsWith("/my-day")) return home;
  return found.pathname + found.search + found.hash;
}

function explain(error) {
  if (isAway(error)) tell(text("failure.away"));
  else if (error.status === 401 || error.status === 422) tell(text("failure.wrong"), [password, userName]);
  else if (error.status === 429) tell(text("failure.too_often", { count: Math.max(1, Math.ceil(error.secondsToWait / 60)) }));
  else tell(text("failure.other", { status: error.status }));
}

/** Say what went wrong, and go to the first field that it is about. */
function tell(words, fields = []) {
  failure.textContent = words;
  failure.hidden = false;
  for (const field of [userName, password]) {
    if (fields.includes(field)) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
  }
  if (fields.length > 0) {
    fields[0].focus();
    fields[0].select();
  }
}

/** While the service is asked, the form stays as it is: a disabled button would lose the focus. */
function work(busy) {
  isBusy = busy;
  submit.setAttribute("aria-disabled", String(busy));
  submit.textContent = text(busy ? "submitting" : "submit");
  if (busy) failure.hidden = true;
}

function show(revealed) {
  password.type = revealed ? "text" : "password";
  reveal.setAttribute("aria-pressed", String(revealed));
}
