/** The days shown as a workbook, to hand over to people who work in a spreadsheet. */

import { byId, element } from "../dom.js";
import { get } from "../http.js";
import { language, text } from "../texts.js";
import { toastTrouble } from "../ui/toast.js";
import { board, connection, subscribe } from "./state.js";

export function mountWorkbook() {
  const link = element("a", { id: "workbook", class: "button quiet", download: true, onclick: afterSigningIn }, text("workbook.download"));
  byId("print").after(link);
  subscribe("board", () => {
    link.href = `/board/${board.day}.xlsx?days=${board.days}&language=${language}`;
  });
}

/**
 * The browser would only say that the download failed, so that signing in comes first.
 *
 * @param {MouseEvent & { currentTarget: HTMLAnchorElement }} event
 */
async function afterSigningIn(event) {
  if (!connection.isSignedOut) return;
  const link = event.currentTarget;
  event.preventDefault();
  try {
    await get("/session");
    if (!connection.isSignedOut) link.click();
  } catch (error) {
    toastTrouble(error);
  }
}
