/**
 * The dispatcher's board. What it shows is in `state.js`; each part draws from there:
 *
 * - `days.js`: which days; `filters.js`: which jobs and technicians
 * - `timeline.js` on `rows.js`, `items.js` and `scale.js`: one row per technician
 * - `drag.js`: moving jobs; `keys.js`: the keyboard
 * - `map.js`: the same on a map
 * - `panel.js`: the side panel's tabs, `details.js` and `unassigned.js` among them
 * - `live.js`: what happens elsewhere
 * - `actions.js`: what dispatchers do with it
 */

import { byId, element } from "../dom.js";
import { setPlace } from "../format.js";
import { ask, get } from "../http.js";
import { loadTexts, text, wireLanguageSwitch } from "../texts.js";
import { wireThemeSwitch } from "../theme.js";
import { mountActions } from "./actions.js";
import { readBoard } from "./board-data.js";
import { wantedDays, wireDays } from "./days.js";
import { mountDetails } from "./details.js";
import { makeDraggable } from "./drag.js";
import { wireFilters } from "./filters.js";
import { icon } from "./icons.js";
import { wireKeys } from "./keys.js";
import { wireLayout } from "./layout.js";
import { refreshRegularly, watch } from "./live.js";
import { mountMap } from "./map.js";
import { wirePanels } from "./panel.js";
import { reader } from "./state.js";
import { cellAt, mountTimeline } from "./timeline.js";
import { mountUnassigned } from "./unassigned.js";

const AGAIN_MILLISECONDS = 3_000;
const [session] = await Promise.all([get("/session"), loadTexts("board")]);
reader.session = session;
setPlace(session.time_zone, session.currency);
document.title = text("title");

drawIcons();
wireLanguageSwitch(byId("language"));
wireThemeSwitch(byId("theme"));
byId("sign-out").addEventListener("click", signOut);
wireLayout();
wireFilters();
mountTimeline();
makeDraggable(byId("timeline"), ({ target }) => cellAt(target).jobId);
mountMap();
wirePanels();
mountUnassigned();
mountDetails();
mountActions();
wireDays();
wireKeys();

await begin();
watch();
refreshRegularly();

function drawIcons() {
  const icons = { "search-icon": "search", "zoom-in": "plus", "zoom-out": "minus", "zoom-fit": "fit", "toggle-side": "side", shortcuts: "keyboard" };
  for (const [id, name] of Object.entries(icons)) byId(id).append(icon(name, 15));
}

async function signOut() {
  await ask("DELETE", "/session");
  location.assign("/sign-in");
}

/** Without its first answer the board has nothing to show: it says why, and tries again. */
async function begin() {
  const { day, days } = wantedDays();
  const failure = element("p", { class: "failure", role: "alert", hidden: true });
  byId("timeline").prepend(failure);
  for (;;) {
    try {
      await readBoard(day, days);
      return failure.remove();
    } catch (error) {
      failure.textContent = text("board.failed", { cause: error.message });
      failure.hidden = false;
      await new Promise((done) => setTimeout(done, AGAIN_MILLISECONDS));
    }
  }
}
