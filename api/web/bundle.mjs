// Puts the pages' scripts together, each page's into one file, and beside these what pages share:
//
//     node bundle.mjs             into bundled/, once
//     node bundle.mjs --watch     and again whenever a script changes
//     node bundle.mjs DIRECTORY [NAME=FILE ...]     elsewhere, with further scripts as if of ours
//
// A browser that has to fetch a page's hundred scripts one by one, each as it finds that another
// needs it, takes twice as long to show the page. Source maps lead back to every one of them.

import { rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { context } from "esbuild";

const HERE = fileURLToPath(new URL(".", import.meta.url));
/** Where each lies below /pages/scripts, and so in HTML and in api/pages.py. */
const PAGES = {
  first: "scripts/first.js",
  "board/page": "scripts/board/page.js",
  "my-day/page": "scripts/my-day/page.js",
  "my-day/sync": "scripts/my-day/sync.js",
  "sign-in/page": "scripts/sign-in/page.js",
};

const { values, positionals } = parseArgs({
  options: { watch: { type: "boolean", default: false } },
  allowPositionals: true,
});
const [outdir = `${HERE}bundled`, ...further] = positionals;

// What an earlier one has left would be kept on phones for ever.
await rm(outdir, { recursive: true, force: true });
const bundles = await context({
  absWorkingDir: HERE,
  entryPoints: { ...PAGES, ...Object.fromEntries(further.map((one) => one.split("="))) },
  outdir,
  bundle: true,
  splitting: true,
  chunkNames: "shared/[hash]",
  format: "esm",
  target: "es2022",
  minify: true,
  sourcemap: true,
  // What the package calls its main file is no module.
  alias: { leaflet: "leaflet/dist/leaflet-src.esm.js" },
  logLevel: "warning",
});
await bundles.rebuild();
if (values.watch) await bundles.watch();
else await bundles.dispose();
