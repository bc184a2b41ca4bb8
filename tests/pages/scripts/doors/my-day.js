// What browser tests take hold of in the scripts of a technician's page.

export { readPictures } from "../../../../api/web/scripts/my-day/picture-store.js";
export { readValue } from "../../../../api/web/scripts/my-day/store.js";
