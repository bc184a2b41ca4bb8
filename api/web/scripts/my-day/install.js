/** The page on the phone: kept for when there is no connection, renewed when nobody is looking. */

/** @type {RegistrationOptions} */
const SCOPE = { scope: "/my-day", updateViaCache: "none" };

/** The worker that also sends reports, or one that does not where workers cannot load modules. */
function registered() {
  const workers = navigator.serviceWorker;
  return workers
    .register("/my-day/sending-service-worker.js", { ...SCOPE, type: "module" })
    .catch(() => workers.register("/my-day/service-worker.js", SCOPE))
    .catch(() => null);
}

/** Keep the page's files; new ones replace the old ones all at once, and not under a hand. */
export async function keepPage() {
  if (!("serviceWorker" in navigator)) return;
  const registration = await registered();
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
