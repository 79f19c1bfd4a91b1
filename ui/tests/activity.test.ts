import { fireEvent } from "@testing-library/svelte";
import { expect, test } from "vitest";
import { detailOf, rows } from "../preview/samples";
import { SCENES } from "../preview/scenes";
import { deviceName } from "../src/activity/device-name";
import { expectAccessible, openPage, until } from "./page";

// Ten kinds of activity: 9 is strength training, without positions.
const scene = { ...SCENES.full, rows: rows(20) };

test("facts, map, charts with words, laps and stories", async () => {
  const { findByTestId, text, queryByText } = await openPage(scene, "#/activity/11");
  await findByTestId("activity-map");
  expect((await findByTestId("chart-elevation")).textContent).toMatch(
    /Elevation: lowest \d+\sm, highest \d+\sm, on average \d+\sm\./,
  );
  await findByTestId("chart-heart-rate");
  await findByTestId("chart-speed");
  expect(text()).toMatch(/Average pace ?\d:\d\d\s\/km/);
  expect(queryByText("Average speed")).toBeNull();
  expect(text()).toContain("Taken in from Edge 540");
  expect(text()).toMatch(/FIT, 412\skB, 7,214 points/);
});

test("only the charts that have values are drawn, and no map without positions", async () => {
  const { findByTestId, queryByTestId, text } = await openPage(scene, "#/activity/9");
  await findByTestId("chart-heart-rate");
  expect(queryByTestId("chart-elevation")).toBeNull();
  expect(queryByTestId("activity-map")).toBeNull();
  expect(text()).toContain("This recording has no positions");
});

test("an original that cannot be read is told, and the rest is still shown", async () => {
  const problem = { code: "missing", title: "The original is missing.", hint: "Put it back." };
  const page = await openPage(scene, "#/history");
  page.host.answers["activity"] = ({ id }) => ({ ...detailOf(scene, id as number), problem });
  location.hash = "#/activity/11";
  expect((await page.findByRole("alert")).textContent).toContain("The original is missing.");
  await page.findByTestId("upload-trek-point");
  expect(page.queryByTestId("activity-map")).toBeNull();
});

test("a format is chosen, and what it could not carry is told; closing the dialog says nothing", async () => {
  const { findByTestId, getAllByRole, host, text, container } = await openPage(scene, "#/activity/11");
  await findByTestId("export");
  expect(getAllByRole("menuitem").map((item) => item.textContent?.trim().split(/\s+/)[0])).toEqual([
    "Original",
    "GPX",
    "TCX",
    "FIT",
    "GeoJSON",
    "KML",
    "CSV",
  ]);
  await expectAccessible(container);
  const gpx = (await findByTestId("save-gpx")) as HTMLButtonElement;
  await fireEvent.click(gpx);
  const said = "Saved as /home/ada/Documents/2026-11-17-ride.gpx. GPX has no laps: 12 laps left out.";
  await until(() => expect(text()).toContain(said));
  expect(host.called("save_activity")).toEqual([{ activity: 11, format: "gpx" }]);
  host.answers["save_activity"] = () => null;
  await until(() => expect(gpx.disabled).toBe(false));
  await fireEvent.click(await findByTestId("save-original"));
  await until(() => expect(text()).not.toContain("Saved as"));
});

test("the menu of formats is walked with the arrow keys", async () => {
  const { findByTestId, getByRole } = await openPage(scene, "#/activity/11");
  (await findByTestId("save-original")).focus();
  const menu = getByRole("menu");
  for (const [key, format] of [
    ["ArrowDown", "gpx"],
    ["ArrowUp", "original"],
    ["ArrowUp", "csv"],
    ["ArrowDown", "original"],
    ["End", "csv"],
    ["Home", "original"],
  ] as const) {
    await fireEvent.keyDown(menu, { key });
    expect(document.activeElement?.getAttribute("data-testid")).toBe(`save-${format}`);
  }
});

test("deleting asks first, then goes back to history", async () => {
  const { findByTestId, findByText, host } = await openPage(scene, "#/activity/11");
  await fireEvent.click(await findByTestId("delete-activity"));
  await fireEvent.click(await findByText("Keep it"));
  expect(host.called("delete_activity")).toEqual([]);
  await fireEvent.click(await findByTestId("delete-activity"));
  await fireEvent.click(await findByTestId("delete-yes"));
  expect(host.called("delete_activity")).toEqual([{ id: 11 }]);
  await until(() => expect(location.hash).toBe("#/history"));
});

test("an upload can be put on hold, released, let go", async () => {
  const { findByTestId, host } = await openPage(scene, "#/activity/20");
  await fireEvent.click(await findByTestId("hold-trek-point"));
  expect(host.called("hold")).toEqual([{ upload: 41 }]);
  location.hash = "#/activity/15";
  await until(() => expect(document.querySelector("[data-testid='release-trek-point']")).not.toBeNull());
  await fireEvent.click(await findByTestId("release-trek-point"));
  await fireEvent.click(await findByTestId("dismiss-map-my-tracks"));
  expect(host.called("release")).toEqual([{ upload: 31 }]);
  expect(host.called("dismiss")).toEqual([{ upload: 30 }]);
});

test("an activity that is gone says so", async () => {
  const { findByRole } = await openPage(scene, "#/activity/999");
  expect((await findByRole("alert")).textContent).toContain("no longer in the library");
});

test.each([
  ["garmin edge_530", "Garmin Edge 530"],
  ["COROS PACE 2", "COROS PACE 2"],
  ["Wahoo elemnt_bolt", "Wahoo elemnt bolt"],
])("the recorder %s", (written, said) => expect(deviceName(written)).toBe(said));
