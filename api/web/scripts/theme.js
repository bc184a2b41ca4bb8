/** Light, dark, or as the device has it; `first.js` puts what was chosen before in force. */

const KEPT_AS = "theme";

/**
 * A choice of themes: `light`, `dark` or `device`.
 *
 * @param {HTMLSelectElement} select
 */
export function wireThemeSwitch(select) {
  select.value = localStorage.getItem(KEPT_AS) ?? "device";
  select.addEventListener("change", () => {
    localStorage.setItem(KEPT_AS, select.value);
    if (select.value === "device") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = select.value;
  });
}
