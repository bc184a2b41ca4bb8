import { loadTexts } from "../texts.js";

await loadTexts("board");
