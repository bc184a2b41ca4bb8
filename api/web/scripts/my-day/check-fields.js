/** The lines to tick off and the numbers to measure, in the sheet for ending a visit. */

import { element } from "../dom.js";
import { limitsOf, outsideOf } from "../findings.js";
import { text } from "../texts.js";

/**
 * What stands in the fields: lines that are ticked, and what was typed, by the names of readings.
 *
 * @typedef {{ checked: string[], typed: Record<string, string> }} Filled
 */

/**
 * Fields for what the visit's work type wants; none if it wants nothing, or the day was kept by an
 * earlier version of the page. `read` and `fill` are for what stands in them, `given` is what goes
 * into the report, `unticked` the boxes of what is left, `findFault` the first field that has no
 * number in it, which then says so.
 *
 * @param {Pick<Api.RouteStop, "checklist" | "readings_wanted">} stop
 */
export function checkFields({ checklist = [], readings_wanted: wanted = [] }) {
  const lines = checklist.map((line) => ({ line, box: element("input", { type: "checkbox" }) }));
  const numbers = wanted.map(numberField);
  const ticked = () => lines.filter(({ box }) => box.checked).map(({ line }) => line);
  return {
    nodes: [
      lines.length
        ? element(
            "fieldset",
            { class: "checks" },
            element("legend", {}, text("form.checklist")),
            lines.map(({ line, box }) => element("label", { class: "choice" }, box, line)),
          )
        : null,
      numbers.length
        ? element(
            "fieldset",
            {},
            element("legend", {}, text("form.readings")),
            numbers.map(({ node }) => node),
          )
        : null,
    ],
    /** @returns {Filled} */
    read: () => ({ checked: ticked(), typed: Object.fromEntries(numbers.map(({ name, field }) => [name, field.value])) }),
    /** @param {Filled} before */
    fill: ({ checked, typed }) => {
      for (const { line, box } of lines) box.checked = checked.includes(line);
      for (const { name, field, judge } of numbers) {
        field.value = typed[name] ?? "";
        judge();
      }
    },
    /** @returns {Pick<Api.NewReport, "checked" | "readings">} */
    given: () => {
      const filled = numbers.filter(({ field }) => field.value !== "");
      return {
        ...(lines.length ? { checked: ticked() } : {}),
        ...(filled.length ? { readings: Object.fromEntries(filled.map(({ name, field }) => [name, field.valueAsNumber])) } : {}),
      };
    },
    unticked: () => lines.filter(({ box }) => !box.checked).map(({ box }) => box),
    findFault: () => numbers.filter(({ judge }) => !judge())[0]?.field ?? null,
  };
}

/**
 * A field with the unit and the limits beside it. `judge` says whether there is a number in it, or
 * nothing, and shows what is odd about it: a number outside the limits is only pointed out.
 *
 * @param {Api.WantedReadingOut} wanted
 * @param {number} position
 */
function numberField(wanted, position) {
  const { name, unit, least } = wanted;
  const [limitsId, hintId] = [`reading-limits-${position}`, `reading-hint-${position}`];
  const hint = element("p", { class: "reading-hint", id: hintId, role: "status" });
  const field = element("input", {
    type: "number",
    step: "any",
    // Some keyboards for decimals have no minus.
    inputmode: least !== null && least >= 0 ? "decimal" : null,
    "aria-describedby": `${limitsId} ${hintId}`,
  });
  const judge = () => {
    const isNumber = !field.validity.badInput && (field.value === "" || Number.isFinite(field.valueAsNumber));
    field.setAttribute("aria-invalid", String(!isNumber));
    hint.textContent = isNumber ? (field.value === "" ? "" : outsideOf(wanted, field.valueAsNumber)) : text("form.no_number");
    return isNumber;
  };
  field.addEventListener("input", judge);
  const limits = limitsOf(wanted);
  const node = element(
    "div",
    { class: "reading" },
    element("label", {}, unit ? `${name} (${unit})` : name, field),
    element("p", { class: "soft", id: limitsId }, limits ?? text("form.any_number")),
    hint,
  );
  return { name, field, judge, node };
}
