// What map and charts need from an activity's columns. Knows no drawing.
import { axisDistance, clock, distance, heartRate, metres, speed } from "../format";
import type { Series } from "../generated/Series";

export type Column = (number | null)[];
export type Along = "distance" | "time";
export type Measure = "elevation" | "heartRate" | "speed";

export interface MeasureKind {
  measure: Measure;
  column: (series: Series) => Column;
  format: (value: number) => string;
  /** What the axis counts in, so that its ticks are round. */
  axis: (value: number) => number;
  /** The colour's custom property. */
  colour: string;
  testid: string;
}

export const MEASURES: readonly MeasureKind[] = [
  {
    measure: "elevation",
    column: (series) => series.elevationM,
    format: metres,
    axis: (value) => value,
    colour: "--ramp-middle",
    testid: "chart-elevation",
  },
  {
    measure: "heartRate",
    column: (series) => series.heartRate,
    format: heartRate,
    axis: (value) => value,
    colour: "--ramp-high",
    testid: "chart-heart-rate",
  },
  {
    measure: "speed",
    column: (series) => series.speed,
    format: speed,
    axis: (value) => value * 3.6,
    colour: "--ramp-low",
    testid: "chart-speed",
  },
];

export const hasValues = (column: Column) => column.some((value) => value !== null);

export const measuresOf = (series: Series) => MEASURES.filter((kind) => hasValues(kind.column(series)));

export interface Extent {
  low: number;
  high: number;
  mean: number;
}

export function extent(column: Column): Extent | null {
  let [low, high, sum, count] = [Infinity, -Infinity, 0, 0];
  for (const value of column) {
    if (value === null) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
    sum += value;
    count += 1;
  }
  return count > 0 ? { low, high, mean: sum / count } : null;
}

/** A chart's x values: never null and never falling, as the chart demands; gaps repeat the last one. */
export function alongValues(series: Series, along: Along): number[] {
  const column = along === "distance" ? series.distanceM : series.elapsedS;
  let last = 0;
  return column.map((value) => (last = Math.max(last, value ?? last)));
}

/** Distance where there is some, else time, else neither. */
export const alongsOf = (series: Series): Along[] =>
  (["distance", "time"] as const).filter(
    (along) => (extent(along === "distance" ? series.distanceM : series.elapsedS)?.high ?? 0) > 0,
  );

export const alongFormat = (along: Along) => (along === "distance" ? distance : clock);
export const alongAxis = (along: Along) => (along === "distance" ? axisDistance : clock);

export interface Place {
  index: number;
  latitude: number;
  /** May leave -180…180: a track over the date line goes on, instead of around the world. */
  longitude: number;
}

/** The track's pieces; a point without a position ends a piece. */
export function pieces(series: Series): Place[][] {
  const found: Place[][] = [];
  let piece: Place[] = [];
  let last: number | null = null;
  for (const [index, latitude] of series.latitude.entries()) {
    const longitude = series.longitude[index] ?? null;
    if (latitude === null || longitude === null) {
      if (piece.length > 0) found.push(piece);
      piece = [];
      continue;
    }
    const near: number = last === null ? longitude : longitude + 360 * Math.round((last - longitude) / 360);
    piece.push({ index, latitude, longitude: near });
    last = near;
  }
  if (piece.length > 0) found.push(piece);
  return found;
}

/** 0 to 1 between the 2nd and 98th percentile, so that one wild value does not grey the rest. */
export function shares(column: Column): Column {
  const sorted = column.filter((value): value is number => value !== null).sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))] ?? 0;
  const [low, high] = [at(0.02), at(0.98)];
  const width = high - low || 1;
  return column.map((value) => (value === null ? null : Math.min(1, Math.max(0, (value - low) / width))));
}
