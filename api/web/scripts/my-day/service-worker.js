/*
 * Keeps the technician's page on the phone. The service puts a line before this script:
 * `const KEPT = {version, paths}`, everything that the page is made of. Another version is another
 * script, so that browsers install it; it serves once the old one has no page left, or when the
 * page says so. Whatever a page has loaded is thus from one version. Data are the page's affair, and
 * that of sync.js, which the service has it load where workers can load modules.
 */

const worker = /** @type {OnWorker.Scope} */ (/** @type {unknown} */ (self));

const CACHE = `my-day-${KEPT.version}`;
const PAGE = "/my-day";

worker.addEventListener("install", (event) => {
  event.waitUntil(fetchAll());
});

async function fetchAll() {
  const cache = await caches.open(CACHE);
  // Past the browser's own cache: what comes has to be what the version was made from.
  await cache.addAll(KEPT.paths.map((path) => new Request(path, { cache: "reload" })));
}

worker.addEventListener("activate", (event) => {
  event.waitUntil(removeOthers());
});

async function removeOthers() {
  for (const name of await caches.keys()) {
    if (name.startsWith("my-day-") && name !== CACHE) await caches.delete(name);
  }
  await worker.clients.claim();
}

worker.addEventListener("message", (event) => {
  if (event.data === "renew") worker.skipWaiting();
});

worker.addEventListener("fetch", (event) => {
  const { origin, pathname } = new URL(event.request.url);
  if (event.request.method !== "GET" || origin !== worker.location.origin) return;
  const path = event.request.mode === "navigate" && pathname === PAGE ? PAGE : pathname;
  if (KEPT.paths.includes(path)) event.respondWith(kept(path, event.request));
});

/**
 * @param {string} path
 * @param {Request} request
 */
async function kept(path, request) {
  const cache = await caches.open(CACHE);
  return (await cache.match(path)) ?? fetch(request);
}
