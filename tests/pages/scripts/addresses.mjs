// Which file an address of the service stands for; see SERVED in api/pages.py.

const WEB = new URL("../../../api/web/", import.meta.url);
const SERVED = { idb: "node_modules/idb/build", leaflet: "node_modules/leaflet/dist" };
/** Packages that tests themselves need lie with those of the pages. */
const PACKAGES = "fake-indexeddb";

export function resolve(specifier, context, next) {
  if (specifier.startsWith(PACKAGES)) return next(specifier, { ...context, parentURL: WEB.href });
  if (!specifier.startsWith("/pages/")) return next(specifier, context);
  const [folder, ...rest] = specifier.split("/").slice(2);
  return next(new URL([SERVED[folder] ?? folder, ...rest].join("/"), WEB).href, context);
}
