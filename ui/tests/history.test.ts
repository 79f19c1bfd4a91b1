import { fireEvent } from "@testing-library/svelte";
import { expect, test } from "vitest";
import { rows } from "../preview/samples";
import { SCENES, snapshot } from "../preview/scenes";
import { openPage, until } from "./page";

const small = { ...SCENES.full, rows: rows(150) };

test("ten thousand activities come by the page, under their months", async () => {
  const { host, findAllByTestId, text, getByText } = await openPage("full", "#/history");
  expect(await findAllByTestId("history-row")).toHaveLength(100);
  expect(text()).toContain("10,000 activities");
  expect(text()).toMatch(/November 2026 ?16 activities · [\d.]+\skm · \d+\sh/);
  await fireEvent.click(getByText("More…"));
  await until(() => expect(host.called("history").at(-1)?.["cursor"]).toBe("100"));
  expect(await findAllByTestId("history-row")).toHaveLength(200);
});

test("a row tells sport, time of the place, figures and one chip per account", async () => {
  const { findAllByTestId } = await openPage("full", "#/history");
  const third = (await findAllByTestId("history-row"))[2]?.closest("li");
  expect(third?.querySelector("[role='img']")?.getAttribute("aria-label")).toBeTruthy();
  expect(third?.querySelector("[data-testid='chip-map-my-tracks']")?.textContent).toContain("Sent");
  const refused = third?.querySelector("[data-testid='chip-trek-point']");
  expect(refused?.textContent?.replace(/\s+/g, " ").trim()).toBe("Refused Trek Point");
  expect(refused?.getAttribute("title")).toContain("activity has no moving time");
});

test("a row opens its activity", async () => {
  const { findAllByTestId } = await openPage("full", "#/history");
  const [first] = await findAllByTestId("history-row");
  first?.click();
  await until(() => expect(location.hash).toBe(`#/activity/${SCENES.full.rows[0]?.id}`));
});

test("coming back, the keys go on from the row that was opened", async () => {
  const { findAllByTestId, findByText } = await openPage(small, "#/history");
  const id = (await findAllByTestId("history-row"))[1]?.dataset["id"];
  location.hash = `#/activity/${id}`;
  await findByText("Uploads");
  location.hash = "#/history";
  await until(() => expect((document.activeElement as HTMLElement).dataset["id"]).toBe(id));
});

test("a chip tells why, and offers what can be done", async () => {
  const { findAllByTestId, findByTestId, findByRole, host } = await openPage("full", "#/history");
  const chip = (await findAllByTestId("chip-trek-point"))[2];
  if (chip) await fireEvent.click(chip);
  expect((await findByRole("dialog")).textContent).toContain("activity has no moving time");
  await fireEvent.click(await findByTestId("retry-trek-point"));
  expect(host.called("retry")).toEqual([{ upload: SCENES.full.rows[2]?.uploads[1]?.id }]);
});

test("searching asks when the typing rests; nothing found can be undone", async () => {
  const { host, findByTestId, findByText, findAllByTestId } = await openPage(small, "#/history");
  await findAllByTestId("history-row");
  const search = await findByTestId("search");
  await fireEvent.input(search, { target: { value: "zz" } });
  await fireEvent.input(search, { target: { value: "zzz" } });
  await findByText("Nothing matches “zzz”.");
  expect(host.called("history").map((args) => (args["filter"] as { search: string }).search)).not.toContain(
    "zz",
  );
  await fireEvent.click(await findByText("Clear the filter"));
  expect((await findAllByTestId("history-row")).length).toBe(100);
});

test("a link may ask for a state", async () => {
  const { host, findAllByTestId } = await openPage("busy", "#/history?state=refused");
  expect(await findAllByTestId("history-row")).toHaveLength(1);
  expect(host.called("history").at(-1)?.["filter"]).toMatchObject({ state: "refused" });
});

test("a changed library is asked for again, as far as it was loaded", async () => {
  const { host, findAllByTestId, getByText } = await openPage(small, "#/history");
  await findAllByTestId("history-row");
  await fireEvent.click(getByText("More…"));
  await until(() => expect(document.querySelectorAll("[data-testid='history-row']")).toHaveLength(150));
  const before = host.called("history").length;
  host.emit(snapshot({ revision: 2, libraryRevision: 2 }));
  host.emit(snapshot({ revision: 3, libraryRevision: 3 }));
  await until(() => expect(host.called("history").length).toBe(before + 2));
  expect(document.querySelectorAll("[data-testid='history-row']")).toHaveLength(150);
});

test("↑ ↓ go through the rows, / to the search", async () => {
  const { findAllByTestId, findByTestId } = await openPage(small, "#/history");
  const links = await findAllByTestId("history-row");
  const press = (key: string) => fireEvent.keyDown(document.activeElement ?? document.body, { key });
  await press("ArrowDown");
  expect(document.activeElement).toBe(links[0]);
  await press("ArrowDown");
  expect(document.activeElement).toBe(links[1]);
  await press("ArrowUp");
  await press("ArrowUp");
  expect(document.activeElement).toBe(await findByTestId("search"));
  await press("Escape");
  expect(document.activeElement).not.toBe(await findByTestId("search"));
  await press("/");
  expect(document.activeElement).toBe(await findByTestId("search"));
});
