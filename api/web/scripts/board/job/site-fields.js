/** What is known of a customer's place, as fields: of a new one, or to be corrected. */

import { element } from "../../dom.js";
import { text } from "../../texts.js";
import { field } from "../fields.js";
import { pointPicker } from "../map/point-picker.js";
import { board } from "../state.js";

/**
 * Gives `{node, first, read, typed, restore}`; `read()` is the site as the service takes it,
 * and `restore` takes what `typed()` has given before.
 *
 * @param {string} pointer to the site in the body of the request
 */
export function siteFields(pointer) {
  const plain = (type = "text", more = {}) => element("input", { type, autocomplete: "off", ...more });
  const parts = {
    name: plain(),
    address: plain(),
    phone: plain("tel"),
    latitude: plain("number", { step: "any", inputmode: "decimal" }),
    longitude: plain("number", { step: "any", inputmode: "decimal" }),
    access: plain("number", { min: "0", max: "1440", inputmode: "numeric" }),
  };
  const territories = [...new Set([...board.technicians.values()].flatMap((one) => one.territories))].sort();
  const territory = element("select", {}, element("option", { value: "" }, text("form.no_territory")), territories.map(option));
  const controls = { ...parts, territory };
  const node = element(
    "div",
    { class: "new-site" },
    element(
      "div",
      { class: "fields two" },
      field(`${pointer}/name`, text("form.site_name"), parts.name),
      field(`${pointer}/phone`, text("technician.phone"), parts.phone),
    ),
    field(`${pointer}/address`, text("form.address"), parts.address),
    element(
      "div",
      { class: "fields three" },
      field(`${pointer}/latitude`, text("form.latitude"), parts.latitude),
      field(`${pointer}/longitude`, text("form.longitude"), parts.longitude),
      field(`${pointer}/territory`, text("filter.territory"), territory),
    ),
    pointPicker(parts.latitude, parts.longitude),
    element("p", { class: "soft" }, text("form.location_note")),
    field(`${pointer}/access_minutes`, text("form.access"), parts.access),
  );
  parts.latitude.addEventListener("paste", pastePair);

  /**
   * Both coordinates at once, as maps give them: `21.0306, 105.8469`.
   *
   * @param {ClipboardEvent} event
   */
  function pastePair(event) {
    const pair = /^\s*(-?\d+\.\d+)[,;\s]+(-?\d+\.\d+)\s*$/.exec(event.clipboardData?.getData("text") ?? "");
    if (!pair) return;
    event.preventDefault();
    [, parts.latitude.value = "", parts.longitude.value = ""] = pair;
    parts.latitude.dispatchEvent(new Event("input"));
  }

  const numeric = (/** @type {HTMLInputElement} */ control) => (control.value === "" ? null : Number(control.value));
  const read = () => ({
    name: parts.name.value,
    address: parts.address.value,
    phone: parts.phone.value || null,
    latitude: numeric(parts.latitude),
    longitude: numeric(parts.longitude),
    territory: territory.value || null,
    access_minutes: Number(parts.access.value),
  });

  const typed = () => Object.fromEntries(Object.entries(controls).map(([name, control]) => [name, control.value]));
  /** @param {Record<string, string>} before */
  function restore(before) {
    // A territory that nobody serves is kept all the same.
    const asked = before.territory;
    if (asked && !territories.includes(asked)) territory.append(option(asked));
    for (const [name, control] of Object.entries(controls)) control.value = before[name] ?? "";
    parts.latitude.dispatchEvent(new Event("input"));
  }

  return { node, first: parts.name, read, typed, restore };
}

/** @param {string} name */
const option = (name) => element("option", { value: name }, name);

/**
 * What stands in the fields of a site as it is.
 *
 * @param {Api.SiteOut} site
 * @returns {Record<string, string>}
 */
export const typedOf = ({ name, address, phone, latitude, longitude, territory, access_minutes: access }) => ({
  name,
  address,
  phone: phone ?? "",
  latitude: latitude === null ? "" : String(latitude),
  longitude: longitude === null ? "" : String(longitude),
  territory: territory ?? "",
  access: String(access),
});
