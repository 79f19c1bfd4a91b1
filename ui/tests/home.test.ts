import { fireEvent } from "@testing-library/svelte";
import { expect, test } from "vitest";
import { openPage, until } from "./page";

test("a copying device shows how far it is, and asks to be left alone", async () => {
  const { getAllByTestId, getByRole, getByTestId } = await openPage("busy");
  const [card] = getAllByTestId("device-card");
  expect(card?.textContent).toMatch(/12 new · copying 7 of 12 · 3\.1\sMB\/s · about 4\ss/);
  expect(card?.textContent).toContain("Please leave it plugged in");
  expect(getByRole("progressbar").getAttribute("aria-valuenow")).toBe("7");
  expect(getByTestId("badge").textContent).toContain("2 things need you");
});

test("accounts are listed while something is on its way, and what is on hold stands apart", async () => {
  const { container, text } = await openPage("busy");
  expect(text()).toContain("On the way");
  expect(text()).toContain("2 uploads are on hold");
  expect(container.querySelector("a[href='#/history?state=held']")).not.toBeNull();
});

test("nothing on the way, nothing about it", async () => {
  const { text } = await openPage("full");
  expect(text()).not.toContain("On the way");
});

test("what a device card asks is not asked a second time", async () => {
  const { getByTestId, queryAllByTestId } = await openPage("firstPlug");
  expect(getByTestId("choose-all")).toBeTruthy();
  expect(getByTestId("badge").textContent).toContain("1");
  expect(queryAllByTestId("need")).toHaveLength(0);
});

test("a device that is done may be unplugged", async () => {
  const { getByTestId } = await openPage("full");
  expect(getByTestId("safe-to-unplug").textContent).toContain("Safe to unplug");
});

test.each([
  ["choose-all", "all", "214 activities"],
  ["choose-30", "last30Days", "17 activities"],
  ["choose-new", "onlyNew", "from now on"],
])("the first-plug answer %s", async (testid, choice, count) => {
  const { getByTestId, host } = await openPage("firstPlug");
  const button = getByTestId(testid);
  expect(button.textContent).toContain(count);
  await fireEvent.click(button);
  expect(host.called("choose")).toEqual([{ device: "garmin:3990012345", choice }]);
});

test("an unknown device is used after a yes", async () => {
  const { getByTestId, host } = await openPage("busy");
  await fireEvent.click(getByTestId("device-yes"));
  expect(host.called("approve_device")).toEqual([{ device: "volume:karoo", yes: true }]);
});

test("files that could not be taken in say why and what to do", async () => {
  const { text } = await openPage("firstPlug");
  expect(text()).toContain("2026-11-14-07-12-44.fit ends in the middle. Copy it from the device again.");
});

test("a need leads to where it is met", async () => {
  const { getAllByTestId, host } = await openPage("busy");
  const buttons = getAllByTestId("need").map((need) => need.querySelector("button"));
  if (!buttons[0] || !buttons[1]) throw new Error("a need has no button");
  await fireEvent.click(buttons[1]);
  expect(host.called("sign_in")).toEqual([{ service: "map-my-tracks" }]);
  await fireEvent.click(buttons[0]);
  await until(() => expect(location.hash).toBe("#/history?state=refused"));
});

test("an empty library teaches the first step, and the second", async () => {
  const { text } = await openPage("empty");
  expect(text()).toContain("Plug in your watch or bike computer.");
  expect(text()).toContain("Everything is kept here. Connect a service to send it on.");
});

test("a refused command is explained, until it is closed", async () => {
  const { getByTestId, host, findByRole, queryByRole } = await openPage("firstPlug");
  host.answers["choose"] = () => {
    throw { code: "gone", title: "Edge 540 is gone.", hint: "Plug it in again." };
  };
  await fireEvent.click(getByTestId("choose-all"));
  const bar = await findByRole("alert");
  expect(bar.textContent).toMatch(/Edge 540 is gone\.\s*Plug it in again\./);
  const close = bar.querySelector("button");
  if (close) await fireEvent.click(close);
  await until(() => expect(queryByRole("alert")).toBeNull());
});
