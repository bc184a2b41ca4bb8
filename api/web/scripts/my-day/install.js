/** The page on the phone: kept for when there is no connection, renewed when nobody is looking. */

/** Keep the page's files; new ones replace the old ones all at once, and not under a hand. */
export async function keepPage() {
  if (!("serviceWorker" in navigator)) return;
  const registration = await navigator.serviceWorker.register("/my-day/service-worker.js", { scope: "/my-day", updateViaCache: "none" }).catch(() => null);
  if (!registration) return;
  let isRenewing = false;
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    if (isRenewing) location.reload();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") return registration.update().catch(() => null);
    if (!registration.waiting || document.querySelector("dialog[open]")) return null;
    isRenewing = true;
    return registration.waiting.postMessage("renew");
  });
}

/** Let go of the page's files too. */
export async function forgetPage() {
  if (!("serviceWorker" in navigator)) return;
  const registration = await navigator.serviceWorker.getRegistration("/my-day");
  await registration?.unregister();
  for (const name of await caches.keys()) if (name.startsWith("my-day-")) await caches.delete(name);
}
