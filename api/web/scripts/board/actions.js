/**
 * What dispatchers do on the board:
 *
 * - `drop.js` (with `preview.js`, `override.js`): what a move costs and breaks, and making it
 * - `changes.js`: making changes of the plan and taking them back; `pins.js`
 * - `job-actions.js`, `job-form.js`, `new-job.js` with `crew-form.js`: a job's details, and new jobs
 * - `told.js`, `earlier.js` (with `ends.js`, `follow-up.js`): what technicians said of a job, and before at its place
 * - `pictures.js`: its photos and signatures
 * - `holding.js`: letting a job wait; `job-notes.js`: what only its own row says
 * - `links.js`: what a job has to do with others
 * - `why-here.js`, `why-not.js`: alternatives, and what would let a job in
 * - `absences.js`: who is not there
 * - `replan.js`, `drafts.js`, `comparison.js`: having a plan made, and accepting it
 * - `issues.js` (with `causes.js`, `dead-letters.js`): what has to be decided now
 * - `many/`: several visits at once
 * - `ended.js`, `alerts.js`, `figures.js`: three more tabs
 * - `paper.js`, `workbook.js`: the days shown, to print and for a spreadsheet
 */

import { mountAbsences } from "./job/absences.js";
import { mountEarlier } from "./job/earlier.js";
import { mountHowTheyWork } from "./job/how-they-work.js";
import { mountJobActions } from "./job/job-actions.js";
import { mountJobNotes } from "./job/job-notes.js";
import { mountLinks } from "./job/links.js";
import { mountNewJob } from "./job/new-job.js";
import { mountPictures } from "./job/pictures.js";
import { mountTold } from "./job/told.js";
import { mountWhyHere } from "./job/why-here.js";
import { mountWhyNot } from "./job/why-not.js";
import { mountBar } from "./many/bar.js";
import { mountPicking } from "./many/picking.js";
import { mountRests } from "./many/rests.js";
import { mountChanges } from "./moves/changes.js";
import { mountDrop } from "./moves/drop.js";
import { mountAlerts } from "./panels/alerts.js";
import { mountBacklog } from "./panels/backlog.js";
import { mountEnded } from "./panels/ended.js";
import { mountFigures } from "./panels/figures.js";
import { mountPaper } from "./paper.js";
import { mountDrafts } from "./plan/drafts.js";
import { mountReplan } from "./plan/replan.js";
import { mountWorkbook } from "./workbook.js";

export function mountActions() {
  mountNewJob();
  mountReplan();
  mountDrafts();
  mountChanges();
  mountDrop();
  mountPicking();
  mountBar();
  mountJobActions();
  mountTold();
  mountPictures();
  mountJobNotes();
  mountLinks();
  mountWhyHere();
  mountWhyNot();
  mountEarlier();
  mountAbsences();
  mountRests();
  mountPaper();
  mountWorkbook();
  mountHowTheyWork();
  mountEnded();
  mountBacklog();
  mountAlerts();
  mountFigures();
}
