/**
 * What dispatchers do on the board:
 *
 * - `drop.js` (with `preview.js`, `override.js`): what a move costs and breaks, and making it
 * - `changes.js`: making changes of the plan and taking them back; `pins.js`
 * - `job-actions.js`, `job-form.js`, `new-job.js`: a job's details, and new jobs
 * - `why-here.js`, `why-not.js`: alternatives, and what would let a job in
 * - `absences.js`: who is not there
 * - `replan.js`, `drafts.js`, `comparison.js`: having a plan made, and accepting it
 * - `alerts.js`, `figures.js`: two more tabs
 */

import { mountAbsences } from "./absences.js";
import { mountAlerts } from "./alerts.js";
import { mountChanges } from "./changes.js";
import { mountDrafts } from "./drafts.js";
import { mountDrop } from "./drop.js";
import { mountFigures } from "./figures.js";
import { mountJobActions } from "./job-actions.js";
import { mountNewJob } from "./new-job.js";
import { mountReplan } from "./replan.js";
import { mountWhyHere } from "./why-here.js";
import { mountWhyNot } from "./why-not.js";

export function mountActions() {
  mountNewJob();
  mountReplan();
  mountDrafts();
  mountChanges();
  mountDrop();
  mountJobActions();
  mountWhyHere();
  mountWhyNot();
  mountAbsences();
  mountAlerts();
  mountFigures();
}
