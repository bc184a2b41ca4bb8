/** A depot in a dialog: where it is and when it is open, and how many of each tool it has to lend. */

import { element } from "../../dom.js";
import { ask, get } from "../../http.js";
import { text } from "../../texts.js";
import { openDialog } from "../dialogs.js";
import { clearFaults, field, tellAtFields } from "../fields.js";
import { done } from "../moves/changes.js";
import { phoneButton } from "../words.js";

const MOST = 1_000_000;

/** @param {string} depotId */
export async function openDepot(depotId) {
  const path = /** @type {const} */ (`/depots/${encodeURIComponent(depotId)}`);
  const depot = await get(path);
  const tools = depot.tools.map(({ tool_id, name, number }, at) => {
    const input = element("input", { type: "number", min: "0", max: MOST, inputmode: "numeric", required: true, value: String(number) });
    return { tool_id, number, input, node: field(`/tools/${at}/number`, name, input) };
  });
  const numbers = () => tools.map(({ input }) => input.value);
  const before = numbers();
  openDialog({
    title: depot.name,
    body: [
      element(
        "p",
        {},
        depot.address,
        " ",
        element("span", { class: "soft numbers" }, `${depot.opens.slice(0, 5)}–${depot.closes.slice(0, 5)}`),
      ),
      depot.phone ? element("p", {}, phoneButton(depot.phone)) : null,
      element("h3", {}, text("depot.tools")),
      tools.length
        ? element(
            "div",
            { class: "fields two" },
            tools.map(({ node }) => node),
          )
        : element("p", { class: "soft" }, text("depot.no_tools")),
      tools.length ? element("p", { class: "soft" }, text("depot.tools_note")) : null,
    ],
    kept: {
      name: `depot/${depotId}`,
      read: () => (numbers().join() === before.join() ? null : numbers()),
      restore: (values) => {
        tools.forEach(({ input }, at) => {
          input.value = values[at] ?? "";
        });
      },
    },
    submitText: tools.length ? text("form.save") : null,
    submit: async (form) => {
      clearFaults(form);
      if (numbers().join() === before.join()) return true;
      /** @param {(tool: (typeof tools)[number]) => number | null} numberOf */
      const body = (numberOf) => ({ tools: tools.map((tool) => ({ tool_id: tool.tool_id, number: numberOf(tool) })) });
      try {
        await ask(
          "PATCH",
          path,
          body(({ input }) => (input.value === "" ? null : Number(input.value))),
        );
      } catch (error) {
        return tellAtFields(form, error);
      }
      done(text("depot.changed", { depot: depot.name }), [{ method: "PATCH", path, body: body(({ number }) => number) }]);
      return true;
    },
  });
  tools[0]?.input.focus();
}
