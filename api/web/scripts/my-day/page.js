import { loadTexts } from "../texts.js";

await loadTexts("my-day");
