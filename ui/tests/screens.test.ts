import { describe, expect, test } from "vitest";
import { SCENES, type SceneName } from "../preview/scenes";
import { expectAccessible, openPage, until } from "./page";

const HASHES = ["#/", "#/history", "#/activity", "#/accounts", "#/settings"];

describe.each(Object.keys(SCENES) as SceneName[])("%s", (scene) => {
  test.each(HASHES)("%s stands, and axe finds nothing", async (hash) => {
    const id = SCENES[scene].rows[0]?.id ?? 1;
    const address = hash === "#/activity" ? `${hash}/${id}` : hash;
    // Thirty rows are as good as ten thousand for axe, and sooner judged.
    const page = await openPage({ ...SCENES[scene], rows: SCENES[scene].rows.slice(0, 30) }, address);
    if (!page.host.scene.slow)
      await until(() => expect(page.container.querySelector("main h1, main .note")).not.toBeNull());
    await new Promise((rest) => setTimeout(rest, 20));
    await expectAccessible(page.container);
    expect(page.container.querySelector("[style*='url']")).toBeNull();
  });
});

test("before the first answer the page says what it waits for", async () => {
  const { text, host } = await openPage("loading");
  await until(() => expect(text()).toContain("Opening your library…"));
  await until(() => expect(host.called("snapshot")).toHaveLength(1));
  host.answerNow();
  await until(() => expect(text()).toContain("Copying from Edge 540"));
});

test("a host that does not answer is told, with a way on", async () => {
  const problem = {
    code: "unreadable",
    title: "The library cannot be read.",
    hint: "Start Trackdock again.",
  };
  const scene = { ...SCENES.full, broken: { commands: ["snapshot"], problem } };
  const { findByRole } = await openPage(scene);
  expect((await findByRole("alert")).textContent).toContain("The library cannot be read.");
});

test("a name from a device is text, never markup", async () => {
  const [first] = SCENES.full.snapshot.devices;
  if (!first) throw new Error("the scene has no device");
  const devices = [{ ...first, name: "<img src=x onerror=alert(1)>" }];
  const { container, text } = await openPage({
    ...SCENES.full,
    snapshot: { ...SCENES.full.snapshot, devices },
  });
  await until(() => expect(text()).toContain("<img src=x onerror=alert(1)>"));
  expect(container.querySelector("img")).toBeNull();
});
