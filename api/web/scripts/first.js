// Before the first paint, so that nothing flashes in the wrong colours: a script, not a module.
const chosenTheme = localStorage.getItem("theme");
if (chosenTheme === "light" || chosenTheme === "dark") {
  document.documentElement.dataset.theme = chosenTheme;
}

// A module that the service was too busy to give leaves nobody who could say so, or try again.
const FAILED_BEFORE = "loads_failed";
addEventListener(
  "error",
  ({ target }) => {
    if (!(target instanceof HTMLScriptElement)) return;
    const before = Number(sessionStorage.getItem(FAILED_BEFORE)) || 0;
    sessionStorage.setItem(FAILED_BEFORE, String(before + 1));
    document.getElementById("opening")?.removeAttribute("hidden");
    document.getElementById("opening-again")?.addEventListener("click", () => location.reload());
    setTimeout(() => location.reload(), Math.min(60, 3 * 2 ** before) * 1000);
  },
  { capture: true },
);
