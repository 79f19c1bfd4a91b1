import { expect, test } from "vitest";
import { queue, SCENES, snapshot } from "../preview/scenes";
import { isNamed, scopeWords } from "../src/accounts/account-words";
import { headline } from "../src/home/headline";
import { accountLine } from "../src/home/account-line";
import { filterWords, NO_FILTER } from "../src/history/filter";
import { list, t } from "../src/messages";
import { en } from "../src/messages/en";
import { sportFamily, SPORTS, sportWord } from "../src/parts/sports";
import { actionsFor } from "../src/parts/uploads";
import { parseRoute } from "../src/route.svelte";

test("gaps are filled, numbers in the user's way, one told from other", () => {
  expect(t("count.activities", { count: 1 })).toBe("1 activity");
  expect(t("count.activities", { count: 12_345 })).toBe("12,345 activities");
  expect(t("device.copying", { done: 7, of: 12 })).toBe("copying 7 of 12");
});

test("what someone else wrote is never read as a gap", () => {
  expect(t("headline.copying", { device: "{of} $& <b>" })).toBe("Copying from {of} $& <b>");
});

test("both forms of a plural have the same gaps", () => {
  for (const [key, message] of Object.entries(en)) {
    if (typeof message === "string") continue;
    const gaps = (text: string) =>
      [...text.matchAll(/\{(\w+)\}/g)].map((gap) => gap[1]).filter((gap) => gap !== "count");
    expect(gaps(message.one), key).toEqual(gaps(message.other));
  }
});

test("lists read as sentences", () => expect(list(["a", "b", "c"])).toBe("a, b and c"));

test.each([
  ["empty", "Ready for your first device"],
  ["firstPlug", "One thing needs you"],
  ["busy", "Copying from Edge 540"],
  ["full", "Everything has arrived"],
  ["broken", "Trackdock has stopped"],
] as const)("the headline of %s", (scene, expected) =>
  expect(headline(SCENES[scene].snapshot)).toBe(expected),
);

test("the headline tells what is still on its way", () => {
  expect(headline(snapshot({ queue: queue({ sending: 1, waiting: 2 }) }))).toBe("Sending 3 activities");
  expect(headline(snapshot({ queue: queue({ waiting: 1 }) }))).toBe("1 upload is waiting");
  expect(headline(snapshot({ services: [] }))).toBe("Everything is kept");
});

test("an account's line tells what is on its way, and nothing else", () => {
  const account = SCENES.busy.snapshot.services[1]?.account;
  expect(account && accountLine(account).text.replace(/\u00a0/g, " ")).toBe("1 processing · 3 waiting");
});

test.each([
  ["trailrunner", true],
  ["", false],
  ["account signed in on 2026-11-20", false],
  ["signed in on 2026-11-20", false],
  ["Signed in on 3 November 2026", false],
])("whether %o names someone", (label, expected) => expect(isNamed(label)).toBe(expected));

test("scopes read as words; one never heard of stays as it is", () => {
  expect(scopeWords(["profile", "activities_read", "activities:write"])).toBe(
    "read your profile, read your activities and add or change activities",
  );
  expect(scopeWords(["fly"])).toBe("fly");
});

test("a filter reads as words", () => {
  expect(filterWords({ ...NO_FILTER, search: " lunch ", sport: "cycling" })).toBe("“lunch” and Cycling");
});

test("every sport has a word and a mark, also one never heard of", () => {
  for (const sport of SPORTS) expect(sportWord(sport)).not.toMatch(/_/);
  expect(sportWord("sand_yachting")).toBe("Sand yachting");
  expect(sportFamily("sand_yachting")).toBe("other");
  expect(sportFamily("trail_running")).toBe("run");
});

test.each([
  ["waiting", "retry hold"],
  ["sending", ""],
  ["processing", ""],
  ["sent", ""],
  ["existing", ""],
  ["refused", "retry dismiss"],
  ["unsure", "retry dismiss"],
  ["held", "release dismiss"],
  ["dismissed", "release"],
] as const)("what can be done when %s", (state, expected) => {
  expect(
    actionsFor(state)
      .map((action) => action.name)
      .join(" "),
  ).toBe(expected);
});

test.each([
  ["", { screen: "home" }],
  ["#/nowhere", { screen: "home" }],
  ["#/history?state=refused", { screen: "history", state: "refused" }],
  ["#/history?state=<b>", { screen: "history", state: null }],
  ["#/activity/12", { screen: "activity", id: 12 }],
  ["#/activity/x", { screen: "home" }],
  ["#/accounts?service=trek-point", { screen: "accounts", service: "trek-point" }],
])("the address %s", (hash, expected) => expect(parseRoute(hash)).toEqual(expected));
