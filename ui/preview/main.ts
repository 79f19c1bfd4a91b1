// Shows the page on sample data: /preview.html?scene=busy#/history
import { Host } from "./host";
import { SCENES, type SceneName } from "./scenes";

const name = new URLSearchParams(location.search).get("scene") ?? "busy";
const scene = SCENES[name as SceneName] ?? SCENES.busy;
new Host(scene).install();
await import("../src/main");
