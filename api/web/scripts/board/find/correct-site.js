/** Correcting a customer's place: its name and telephone, the address, and where on the map it is. */

import { element } from "../../dom.js";
import { ask, get } from "../../http.js";
import { text } from "../../texts.js";
import { openDialog } from "../dialogs.js";
import { clearFaults, differing, tellAtFields } from "../fields.js";
import { siteFields, typedOf } from "../job/site-fields.js";
import { done } from "../moves/changes.js";

/**
 * Only what somebody has changed is sent: others may change the rest meanwhile.
 *
 * @param {string} siteId
 * @param {(site: Api.SiteOut) => unknown} corrected
 */
export async function openCorrection(siteId, corrected) {
  const path = /** @type {const} */ (`/sites/${encodeURIComponent(siteId)}`);
  const site = await get(path);
  const fields = siteFields("");
  fields.restore(typedOf(site));
  const known = fields.read();
  openDialog({
    title: text("place.correct_title", { site: site.name }),
    className: "wide",
    body: [fields.node, element("p", { class: "soft" }, text("place.correct_note"))],
    kept: { name: `site/${siteId}`, read: fields.typed, restore: fields.restore },
    submitText: text("form.save"),
    submit: async (form) => {
      clearFaults(form);
      const change = differing(known, fields.read());
      if (!Object.keys(change).length) return true;
      /** @type {Api.SiteOut} */
      let now;
      try {
        now = /** @type {Api.SiteOut} */ (await ask("PATCH", path, change));
      } catch (error) {
        return tellAtFields(form, error);
      }
      const was = differing(fields.read(), known);
      done(text("place.corrected", { site: now.name }), [{ method: "PATCH", path, body: was }]);
      corrected(now);
      return true;
    },
  });
  fields.first.focus();
}
