/** My van: what is in it by the books, what visits need of it, what lacks, and what was taken. */

import { element } from "../dom.js";
import { isoDay, number, day as shortDay, time } from "../format.js";
import { text } from "../texts.js";
import { icon } from "./icons.js";
import { lackOf } from "./van-data.js";

/**
 * `find` opens the search for a part.
 *
 * @param {OnPhone.State} state
 * @param {Pick<OnPhone.Deeds, "find">} deeds
 */
export function vanView({ van, reports, connection, isReadOnly }, { find }) {
  if (!van) return element("p", { class: "card empty", role: "status" }, text(connection === "away" ? "van.unknown" : "van.loading"));
  const { content } = van;
  const taken = reports.filter((row) => row.what === "transfer").filter((row) => row.state !== "refused");
  return element(
    "section",
    { class: "van", "aria-labelledby": "van-title" },
    element("h2", { id: "van-title" }, isReadOnly ? text("van.title_of", { name: content.technician }) : text("van.title")),
    element("p", { class: "soft", id: "van-age" }, ageOf(van)),
    lackingView(content, find),
    element("button", { class: "big", onclick: () => find(null), dataset: { focusKey: "find-part" } }, icon("part"), text("van.find_any")),
    takenView(content, taken),
    partsView(content, taken, find),
    toolsView(content),
  );
}

/**
 * When the books were like that; also said anew without drawing the rest.
 *
 * @param {OnPhone.KeptVan} van
 */
export function ageOf({ read_at: at }) {
  const isToday = isoDay(at) === isoDay(Date.now());
  return text("van.as_of", { time: isToday ? time(at) : `${time(at)}, ${shortDay(at)}` });
}

/**
 * @param {Api.VanContent} content
 * @param {OnPhone.Deeds["find"]} find
 */
function lackingView({ parts, lacking_tools: tools }, find) {
  const lacking = parts.filter((part) => lackOf(part) > 0);
  if (!lacking.length && !tools.length) return null;
  return element(
    "section",
    { class: "card notice refused lacking", "aria-labelledby": "lacking-title" },
    element("h3", { id: "lacking-title" }, icon("alert"), text("van.lacking")),
    element(
      "ul",
      {},
      lacking.map((part) =>
        element(
          "li",
          {},
          element("p", {}, element("strong", { class: "numbers" }, `${number(lackOf(part))} × `), part.name, " ", code(part)),
          element("p", { class: "soft" }, dayOfLack(part)),
          findButton(part, find),
        ),
      ),
      tools.map((tool) => element("li", {}, element("p", {}, text("van.lacking_tool", { name: tool.name })))),
    ),
  );
}

/** @param {Api.VanPart} part */
function dayOfLack({ today, tomorrow }) {
  const days = [
    today.lacks ? text("van.lacks_today", { number: number(today.lacks) }) : "",
    tomorrow.lacks ? text("van.lacks_tomorrow", { number: number(tomorrow.lacks) }) : "",
  ];
  return days.filter(Boolean).join(" · ");
}

/** @param {Api.PartOut} part */
const code = ({ id }) => element("span", { class: "soft code" }, id);

/**
 * @param {Api.PartOut} part
 * @param {OnPhone.Deeds["find"]} find
 */
function findButton({ id, name }, find) {
  return element(
    "button",
    { onclick: () => find({ id, name }), dataset: { focusKey: `find ${id}` } },
    icon("place"),
    element("span", {}, text("van.find")),
    element("span", { class: "visually-hidden" }, ` – ${name}`),
  );
}

/**
 * What was taken today: first what the service does not know yet, or the van does not show yet.
 *
 * @param {Api.VanContent} content
 * @param {OnPhone.Transfer[]} taken
 */
function takenView(content, taken) {
  const booked = content.transfers.filter((one) => !taken.some((row) => row.body.id === one.id));
  if (!taken.length && !booked.length) return null;
  const line = (/** @type {string} */ words, /** @type {HTMLElement | null} */ badge) =>
    element("li", {}, element("span", {}, words), badge);
  return element(
    "section",
    { class: "card", "aria-labelledby": "taken-title" },
    element("h3", { id: "taken-title" }, text("van.moved_today")),
    element(
      "ul",
      { class: "things" },
      taken.map((row) =>
        line(
          text("van.into", { time: time(row.body.at), number: number(row.body.quantity), part: row.title, source: row.place }),
          element("span", { class: "badge warn" }, text(row.state === "sent" ? "van.sent" : "van.waiting")),
        ),
      ),
      booked.map((one) => line(movedWords(content, one), null)),
    ),
  );
}

/**
 * @param {Api.VanContent} content
 * @param {Api.StockTransferOut} one
 */
function movedWords(content, one) {
  const values = { time: time(one.at), number: number(one.quantity), part: one.part };
  return one.technician_id === content.technician_id
    ? text("van.into", { ...values, source: one.source })
    : text("van.out_of", { ...values, name: one.technician });
}

/**
 * @param {Api.VanContent} content
 * @param {OnPhone.Transfer[]} taken
 * @param {OnPhone.Deeds["find"]} find
 */
function partsView({ parts, transfers }, taken, find) {
  const unbooked = taken.filter((row) => !transfers.some((one) => one.id === row.body.id));
  return element(
    "section",
    { class: "card", "aria-labelledby": "van-parts-title" },
    element("h3", { id: "van-parts-title" }, icon("part"), text("van.parts")),
    parts.length ? null : element("p", { class: "soft" }, text("van.no_parts")),
    element(
      "ul",
      { class: "stock" },
      parts.map((part) => {
        const more = unbooked.filter((row) => row.body.part_id === part.id).reduce((sum, row) => sum + row.body.quantity, 0);
        return element(
          "li",
          { dataset: { part: part.id } },
          element("span", { class: "stock-number numbers" }, number(part.quantity)),
          element(
            "span",
            { class: "stock-what" },
            element("span", {}, part.name, " ", code(part)),
            element("span", { class: "soft" }, needWords(part)),
            more ? element("span", { class: "badge warn" }, text("van.more_waiting", { number: number(more) })) : null,
          ),
          findButton(part, find),
        );
      }),
    ),
  );
}

/** @param {Api.VanPart} part */
function needWords({ today, tomorrow, to_spare: spare }) {
  const fetched = today.to_fetch + tomorrow.to_fetch;
  const words = [
    today.needed ? text("van.needed_today", { number: number(today.needed) }) : "",
    tomorrow.needed ? text("van.needed_tomorrow", { number: number(tomorrow.needed) }) : "",
    fetched ? text("van.to_fetch", { number: number(fetched) }) : "",
    spare ? text("van.to_spare", { number: number(spare) }) : "",
  ];
  return words.filter(Boolean).join(" · ");
}

/** @param {Api.VanContent} content */
function toolsView({ tools }) {
  if (!tools.length) return null;
  return element(
    "section",
    { class: "card", "aria-labelledby": "van-tools-title" },
    element("h3", { id: "van-tools-title" }, icon("tool"), text("van.tools")),
    element(
      "ul",
      { class: "things" },
      tools.map((tool) => element("li", {}, tool.name)),
    ),
  );
}
