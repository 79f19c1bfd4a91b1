import { describe, expect, test } from "vitest";
import { row, series } from "../preview/samples";
import { roomy } from "../src/activity/chart";
import { ramp } from "../src/activity/colours";
import { runs } from "../src/activity/map";
import { alongsOf, alongValues, extent, measuresOf, pieces, shares } from "../src/activity/series";

const none = {
  ...series(row(1, 0), 3),
  elapsedS: [],
  distanceM: [],
  heartRate: [],
  elevationM: [],
  speed: [],
};

test("only columns that exist are measured", () => {
  expect(measuresOf(none)).toEqual([]);
  expect(measuresOf({ ...none, heartRate: [null, null] })).toEqual([]);
  expect(measuresOf({ ...none, heartRate: [null, 120] }).map((kind) => kind.measure)).toEqual(["heartRate"]);
});

test("a chart's x values have no gaps and never fall", () => {
  const gappy = { ...none, distanceM: [null, 5, 3, null, 9] };
  expect(alongValues(gappy, "distance")).toEqual([0, 5, 5, 5, 9]);
});

test("without distance the charts go along time, and without both along nothing", () => {
  expect(alongsOf({ ...none, elapsedS: [0, 60], distanceM: [0, 0] })).toEqual(["time"]);
  expect(alongsOf(none)).toEqual([]);
});

test("extent leaves out what is not there", () => {
  expect(extent([null, 4, 2, null])).toEqual({ low: 2, high: 4, mean: 3 });
  expect(extent([null])).toBeNull();
});

describe("pieces", () => {
  const at = (latitude: (number | null)[], longitude: (number | null)[]) =>
    pieces({ ...none, latitude, longitude });

  test("a point without a position ends a piece", () => {
    const found = at([1, null, 2, 3], [1, 1, 2, 3]);
    expect(found.map((piece) => piece.map((place) => place.index))).toEqual([[0], [2, 3]]);
  });

  test("a track over the date line goes on", () => {
    expect(at([0, 0, 0], [179.5, -179.5, 179.8])[0]?.map((place) => place.longitude)).toEqual([
      179.5, 180.5, 179.8,
    ]);
  });
});

test("shares stand between 0 and 1, and one wild value does not squeeze the rest", () => {
  const column = [...Array.from({ length: 99 }, (_, index) => index), 1_000_000];
  const found = shares(column);
  expect(found[50]).toBeGreaterThan(0.4);
  expect(found[99]).toBe(1);
  expect(shares([5, 5, null])).toEqual([0, 0, null]);
});

test("runs of one colour share their ends, so that no gap shows", () => {
  const piece = [0, 1, 2].map((index) => ({ index, latitude: index, longitude: 0 }));
  const found = runs(piece, [0, 0, 1]);
  expect(found.map((run) => run.places.map((place) => place.index))).toEqual([[0, 1, 2], [2]]);
  expect(runs(piece, null)).toHaveLength(1);
});

test("a flat line gets a band to lie in", () => {
  expect(roomy(100, 100)).toEqual([99, 101]);
  expect(roomy(0, 50)).toEqual([0, 54]);
  expect(roomy(null, null)).toEqual([0, 1]);
});

test("a ramp goes from low over middle to high", () => {
  expect(ramp([0, 0, 0], [100, 0, 0], [100, 100, 0], 3)).toEqual([
    "rgb(0, 0, 0)",
    "rgb(100, 0, 0)",
    "rgb(100, 100, 0)",
  ]);
});
