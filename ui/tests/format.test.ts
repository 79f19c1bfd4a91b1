import { beforeEach, describe, expect, test } from "vitest";
import * as format from "../src/format";

const NOW = Date.parse("2026-11-20T19:30:00Z");
const spaces = (text: string | null) => text?.replace(/\u00a0/g, " ") ?? null;

beforeEach(() => format.setLocale("en-GB"));

test.each([
  [0, "0 m"],
  [820.4, "820 m"],
  [999.6, "1.00 km"],
  [12_345, "12.35 km"],
  [99_996, "100 km"],
  [1_234_000, "1,234 km"],
])("distance %d", (metres, expected) => expect(spaces(format.distance(metres))).toBe(expected));

test.each([
  [0, "0:00"],
  [42, "0:42"],
  [725, "12:05"],
  [5025, "1:23:45"],
  [3599.6, "1:00:00"],
  [-3, "0:00"],
])("clock %d", (seconds, expected) => expect(format.clock(seconds)).toBe(expected));

test.each([
  [4, "4 s"],
  [59.6, "1 min"],
  [720, "12 min"],
  [11_100, "3 h 5 min"],
  [7200, "2 h"],
  [504_000, "140 h"],
])("span %d", (seconds, expected) => expect(spaces(format.span(seconds))).toBe(expected));

test.each([
  [812, "812 B"],
  [41_000, "41 kB"],
  [3_120_000, "3.1 MB"],
  [2_000_000_000, "2.0 GB"],
])("bytes %d", (count, expected) => expect(spaces(format.bytes(count))).toBe(expected));

test("pace is minutes per kilometre, and standing still has none", () => {
  expect(spaces(format.pace(3.4))).toBe("4:54 /km");
  expect(format.pace(0)).toBeNull();
});

test("a share is never shown as whole before it is", () => {
  expect(spaces(format.percent(0.999))).toBe("99 %");
});

describe("moments", () => {
  test.each([
    [-20_000, "now"],
    [-5 * 60_000, "5 min ago"],
    [4 * 60_000, "in 4 min"],
    [-3 * 3_600_000, "3 hr ago"],
    [-26 * 3_600_000, "Thu 19 Nov, 17:30"],
  ])("%d ms off", (off, expected) => expect(spaces(format.moment(NOW + off, NOW))).toBe(expected));
});

describe("the start of an activity is told in the time of its place", () => {
  test.each([
    ["2026-11-20T07:00:00Z", 3600, "Today", "08:00", ""],
    ["2026-11-18T23:30:00Z", 3600, "Yesterday", "00:30", ""],
    ["2026-11-10T22:00:00Z", 32_400, "Wed 11 Nov", "07:00", ""],
    ["2024-02-29T12:00:00Z", -18_000, "Thu, 29 Feb 2024", "07:00", ""],
    ["2026-11-10T22:00:00Z", null, "Tue 10 Nov", "22:00", "UTC"],
  ])("%s at %s", (start, offset, day, time, zone) => {
    expect(format.localStart(Date.parse(start), offset, NOW)).toEqual({ day, time, zone });
  });

  test("and so is its month", () => {
    expect(format.monthOf(Date.parse("2026-10-31T23:30:00Z"), 3600)).toBe("2026-11");
    expect(format.monthOf(null, 3600)).toBe("");
    expect(format.month("2026-11")).toBe("November 2026");
  });
});

test.each([
  ["de_DE.UTF-8", "de-DE"],
  ["fr-CH", "fr-CH"],
  ["C", "en-GB"],
  ["C.UTF-8", "en-GB"],
  ["", "en-GB"],
  ["not a locale", "en-GB"],
])("locale %s", (name, expected) => {
  format.setLocale(name);
  expect(format.currentLocale()).toBe(expected);
});

test("figures follow the locale", () => {
  format.setLocale("de-DE");
  expect(spaces(format.distance(12_345))).toBe("12,35 km");
});
