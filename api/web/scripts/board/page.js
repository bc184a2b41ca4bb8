/**
 * The dispatcher's board. What it shows is in `state.js`; each part draws from there:
 *
 * - `days.js`: which days; `filters.js` with `filter-controls.js`: which jobs and
 *   technicians
 * - `timeline.js` on `rows.js`, `items.js` and `scale.js`: one row per technician, with `axis.js`,
 *   `cells.js` and `zoom.js`
 * - `drag.js` with `gestures.js` and `by-key.js`: moving jobs; `keys.js`: the keyboard
 * - `map/map.js`: the same on a map, here or, by `map/own-window.js`, in a window of its own
 * - `panel.js`: the side panel's tabs, `issues.js`, `unassigned.js` and `details.js` first among them
 * - `find/`: what is elsewhere: the list of results, the job that is on none of the days shown, the
 *   backlog, what the address says
 * - `live.js`: what happens elsewhere
 * - `actions.js`: what dispatchers do with it
 */

import { byId } from "../dom.js";
import { setPlace } from "../format.js";
import { ask, get, Refused } from "../http.js";
import { forgetForms } from "../kept-forms.js";
import { insist } from "../opening.js";
import { loadTexts, text, wireLanguageSwitch } from "../texts.js";
import { wireThemeSwitch } from "../theme.js";
import { icon } from "../ui/icons.js";
import { toastTrouble } from "../ui/toast.js";
import { mountActions } from "./actions.js";
import { readBoard } from "./board-data.js";
import { wantedDays, wireDays } from "./days.js";
import { wireFilters } from "./filter-controls.js";
import { dayOfAddress, mountAddress } from "./find/address.js";
import { mountGuests } from "./find/guests.js";
import { mountSearchList } from "./find/search-list.js";
import { mountViews } from "./find/views.js";
import { mountDetails } from "./job/details.js";
import { mountUnassigned } from "./job/unassigned.js";
import { wireKeys } from "./keys.js";
import { wireLayout } from "./layout.js";
import { refreshRegularly, watch } from "./live.js";
import { mountMap } from "./map/map.js";
import { mountOwnWindow } from "./map/own-window.js";
import { makeDraggable } from "./moves/gestures.js";
import { mountIssues } from "./panels/issues.js";
import { offerPanel, wirePanels } from "./panels/panel.js";
import { mountSignInAgain } from "./sign-in-again.js";
import { signIn } from "./state.js";
import { cellAt, mountCells } from "./timeline/cells.js";
import { mountLooks } from "./timeline/looks-dialog.js";
import { mountTimeline } from "./timeline/timeline.js";
import { mountZoom } from "./timeline/zoom.js";

const [session] = await Promise.all([insist(() => get("/session")), insist(() => loadTexts("board"))]);
if (session.role === "technician") {
  // Nothing of the board is for them, and nothing of it is asked for.
  location.replace("/my-day");
  await new Promise(() => {});
}
signIn(session);
setPlace(session.time_zone, session.currency);
document.title = text("title");

drawIcons();
wireLanguageSwitch(byId("language", HTMLSelectElement));
wireThemeSwitch(byId("theme", HTMLSelectElement));
byId("sign-out").addEventListener("click", signOut);
wireLayout();
wireFilters();
mountTimeline();
mountCells();
mountZoom();
mountLooks();
makeDraggable(byId("timeline"), ({ target }) => cellAt(target).jobId);
mountMap();
wirePanels();
mountIssues();
mountUnassigned();
offerPanel("unassigned");
mountDetails();
mountGuests();
mountSearchList();
mountViews();
mountActions();
wireDays();
wireKeys();

const { day, days } = wantedDays();
await insist(async () => readBoard((await dayOfAddress()) ?? day, days));
mountAddress();
mountOwnWindow();
mountSignInAgain();
watch();
refreshRegularly();

function drawIcons() {
  /** @type {Record<string, import("../ui/icons.js").IconName>} */
  const icons = {
    "search-icon": "search",
    "zoom-in": "plus",
    "zoom-out": "minus",
    "zoom-fit": "fit",
    "toggle-side": "side",
    shortcuts: "keyboard",
  };
  for (const [id, name] of Object.entries(icons)) byId(id).append(icon(name, 15));
}

async function signOut() {
  try {
    await ask("DELETE", "/session", undefined, { quiet: true });
  } catch (error) {
    // Who is signed out already has what they want.
    if (!(error instanceof Refused) || error.status !== 401) return toastTrouble(error);
  }
  forgetForms();
  return location.assign("/sign-in");
}
