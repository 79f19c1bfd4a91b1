// Opens the whole page on a scene, at an address, behind a sample host.
import { render } from "@testing-library/svelte";
import axe from "axe-core";
import { expect, vi } from "vitest";
import { Host } from "../preview/host";
import { NOW } from "../preview/samples";
import { activityList } from "../src/history/activity-list.svelte";
import { NO_FILTER } from "../src/history/filter";
import { live } from "../src/live.svelte";
import { openedUpload } from "../src/parts/opened-upload.svelte";
import App from "../src/shell/App.svelte";
import { SCENES, type Scene, type SceneName } from "../preview/scenes";

export async function openPage(scene: SceneName | Scene, hash = "#/") {
  forget();
  location.hash = hash;
  const host = new Host(typeof scene === "string" ? SCENES[scene] : scene).install();
  live.now = NOW;
  const page = render(App);
  if (!host.scene.slow)
    await vi.waitFor(() => expect(page.container.querySelector("h1, .note")).not.toBeNull());
  return { ...page, host, live, text: () => (page.container.textContent ?? "").replace(/\s+/g, " ") };
}

/** The page's state outlives a screen; a test begins without it. */
function forget() {
  Object.assign(live, { snapshot: null, settings: null, problem: null, unreachable: null });
  Object.assign(activityList, {
    filter: NO_FILTER,
    rows: [],
    total: null,
    problem: null,
    loading: false,
    opened: null,
  });
  openedUpload.close();
}

/** Everything that axe can judge without a layout. */
export async function expectAccessible(container: Element) {
  const result = await axe.run(container, {
    rules: { "color-contrast": { enabled: false }, region: { enabled: false } },
  });
  expect(
    result.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(" | ")}`),
  ).toEqual([]);
}

export async function until(check: () => void) {
  await vi.waitFor(check, { timeout: 4000 });
}
