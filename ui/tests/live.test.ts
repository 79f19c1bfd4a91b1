import { expect, test } from "vitest";
import { SCENES, snapshot } from "../preview/scenes";
import { openPage, until } from "./page";

test("a newer snapshot replaces the last; an older one that comes late is dropped", async () => {
  const { host, live, text } = await openPage("full");
  host.emit(snapshot({ revision: 7, activities: 77 }));
  await until(() => expect(text()).toContain("77 activities in your library"));
  host.emit(snapshot({ revision: 6, activities: 66 }));
  expect(live.snapshot?.activities).toBe(77);
  host.emit(snapshot({ revision: 8, activities: 88 }));
  await until(() => expect(text()).toContain("88 activities in your library"));
});

test("the page listens before it asks, so that nothing falls in between", async () => {
  const { host } = await openPage("full");
  expect(host.calls.map((call) => call.name).slice(0, 2)).toEqual(["settings", "snapshot"]);
  expect(host.called("snapshot")).toHaveLength(1);
});

test("a changed library makes the last five be asked for again", async () => {
  const { host } = await openPage("full");
  await until(() => expect(host.called("history")).toHaveLength(1));
  host.emit(snapshot({ revision: 2, libraryRevision: 1 }));
  host.emit(snapshot({ revision: 3, libraryRevision: 2 }));
  await until(() => expect(host.called("history")).toHaveLength(2));
});

test("an upload on its way shows how much of it has left, and follows it", async () => {
  const { host, findAllByTestId, live } = await openPage("full", "#/history");
  const chips = await findAllByTestId("chip-map-my-tracks");
  const sending = chips.find((chip) => chip.dataset["state"] === "sending");
  const upload = Number(SCENES.full.rows[0]?.uploads.find((upload) => upload.state === "sending")?.id);
  host.emit(snapshot({ revision: 2, sending: [{ upload, share: 0.25 }] }));
  await until(() => expect(sending?.textContent).toMatch(/25\s?%/));
  host.emit(snapshot({ revision: 3, sending: [] }));
  await until(() => expect(sending?.textContent).not.toContain("%"));
  expect(live.shareOf(upload)).toBeNull();
});
