/** Of a job: who should do it, who alone may, and who must not. */

import { element } from "../../dom.js";
import { text } from "../../texts.js";
import { board } from "../state.js";
import { chosenRow, rowsOf } from "./form-rows.js";

const WISHES = /** @type {const} */ (["preferred", "allowed", "forbidden"]);

/**
 * @typedef {Pick<Api.JobOut, "preferred" | "allowed" | "forbidden">} Wished
 * @typedef {{ [Wish in keyof Wished]: import("./form-rows.js").Choice[] }} TypedWishes
 */

/**
 * Gives an element, the body and what stands in the fields, as `jobFields` does.
 *
 * @param {Wished | null} job
 * @param {Partial<TypedWishes>} given
 */
export function wishFields(job, given) {
  const names = Object.fromEntries([...board.technicians.values()].map(({ id, name }) => [id, name]));
  const rows = WISHES.map((wish) =>
    rowsOf({
      pointer: `/${wish}`,
      label: text(`form.${wish}`),
      add: text("form.add_technician"),
      make: chosenRow(names, text("job.technician")),
      given: given[wish] ?? (job?.[wish] ?? []).map((id) => /** @type {import("./form-rows.js").Choice} */ ([id, 1])),
    }),
  );
  const [preferred, allowed, forbidden] = rows.map((row) => row.read);
  const ids = (/** @type {(() => import("./form-rows.js").Choice[]) | undefined} */ read) => (read?.() ?? []).map(([id]) => id);
  return {
    node: element(
      "details",
      { open: WISHES.some((wish) => (given[wish] ?? job?.[wish] ?? []).length > 0) },
      element("summary", {}, text("form.wishes")),
      element("div", { class: "fields three" }, ...rows.map((row) => row.node)),
    ),
    /** @returns {TypedWishes} */
    typed: () => ({ preferred: preferred?.() ?? [], allowed: allowed?.() ?? [], forbidden: forbidden?.() ?? [] }),
    read: () => ({ preferred: ids(preferred), allowed: ids(allowed), forbidden: ids(forbidden) }),
  };
}
