/**
 * Signing in again over the page, whose forms stay as they are, when the session is over. Whoever has
 * asked for something is asked at once; what the page does by itself waits until somebody presses the
 * button beside the connection.
 */

import { byId, element } from "../dom.js";
import { get, post, Refused, whenSignedOut } from "../http.js";
import { text } from "../texts.js";
import { openDialog } from "./dialogs.js";
import { connection, notify, setSignedOut, signedIn, signIn, subscribe } from "./state.js";

/**
 * Settled with whether they have signed in; null while nobody is asked.
 *
 * @type {Promise<boolean> | null}
 */
let asked = null;

export function mountSignInAgain() {
  whenSignedOut({ noted: () => setSignedOut(true), signIn: signInAgain });
  const button = byId("sign-in-again");
  button.addEventListener("click", signInAgain);
  subscribe("connection", () => {
    button.hidden = !connection.isSignedOut;
  });
  // They may have done it in another window.
  addEventListener("focus", lookAgain);
}

async function lookAgain() {
  if (!connection.isSignedOut || asked) return;
  const session = await get("/session", { quiet: true }).catch(() => null);
  if (session && connection.isSignedOut) goOn(session);
}

/**
 * Signed in again; what is open here is not somebody else's to go on with.
 *
 * @param {Api.SessionOut} session
 */
function goOn(session) {
  if (session.account_id !== signedIn().account_id) return location.reload();
  signIn(session);
  setSignedOut(false);
  return notify("signed-in");
}

/** One dialog, however many requests wait for it. */
function signInAgain() {
  asked ??= new Promise(ask).finally(() => {
    asked = null;
  });
  return asked;
}

/** @param {(isSame: boolean) => void} done */
function ask(done) {
  const known = signedIn().account_id;
  const userName = element("input", {
    value: known,
    autocomplete: "username",
    autocapitalize: "none",
    spellcheck: "false",
    maxlength: 200,
    required: true,
  });
  const password = element("input", { type: "password", autocomplete: "current-password", maxlength: 200, required: true });
  /** @type {Api.SessionOut | null} */
  let session = null;
  openDialog({
    title: text("again.title"),
    body: [
      element("p", {}, text("again.note")),
      element("label", {}, text("again.user_name"), userName),
      element("label", {}, text("again.password"), password),
    ],
    submitText: text("again.do"),
    submit: async () => {
      session = await enter(userName.value, password.value);
    },
    closed: () => {
      if (session) goOn(session);
      done(session?.account_id === known);
    },
  });
  password.focus();
}

/**
 * @param {string} userName
 * @param {string} password
 */
async function enter(userName, password) {
  try {
    return await post("/session", { user_name: userName, password });
  } catch (error) {
    if (error instanceof Refused && [401, 422].includes(error.status)) error.words = text("again.wrong");
    throw error;
  }
}
