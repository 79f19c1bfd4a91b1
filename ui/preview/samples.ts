// Plausible activities, made by a formula: the same ones at each start.
import type { ActivityDetail } from "../src/generated/ActivityDetail";
import type { HistoryRow } from "../src/generated/HistoryRow";
import type { MonthTotal } from "../src/generated/MonthTotal";
import type { Series } from "../src/generated/Series";
import type { UploadState } from "../src/generated/UploadState";
import type { UploadView } from "../src/generated/UploadView";
import type { Scene } from "./scenes";

export const NOW = Date.parse("2026-11-20T19:30:00Z");
const HOUR = 3_600_000;

/** Numbers from 0 to 1 that follow from `seed`. */
export function dice(seed: number) {
  let state = (seed + 1) * 2654435761;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 3266489917) >>> 0;
    return ((state ^ (state >>> 13)) >>> 0) / 4294967296;
  };
}

const KINDS = [
  { sport: "cycling", name: "Lunch loop over the ridge", speed: 7.4, km: 38, climb: 9 },
  { sport: "running", name: "Riverside tempo", speed: 3.4, km: 11, climb: 5 },
  { sport: "trail_running", name: "Up to the mast and back", speed: 2.6, km: 16, climb: 32 },
  { sport: "hiking", name: "Hut to hut, second day", speed: 1.2, km: 14, climb: 55 },
  { sport: "mountain_biking", name: "Forest trails", speed: 4.6, km: 24, climb: 22 },
  { sport: "swimming", name: null, speed: 0.9, km: 2, climb: 0 },
  { sport: "kayaking", name: "Lake at dawn", speed: 1.9, km: 9, climb: 0 },
  { sport: "cross_country_skiing", name: "Valley track", speed: 4.1, km: 21, climb: 11 },
  { sport: "cycling", name: null, speed: 6.9, km: 22, climb: 6 },
  { sport: "training", name: "Strength", speed: 0, km: 0, climb: 0 },
] as const;

const kindOf = (id: number) => KINDS[id % KINDS.length] ?? KINDS[0];

/** A round trip: a few waves on a circle. */
function line(id: number, count: number): [number, number][] {
  const roll = dice(id);
  const waves = Array.from({ length: 4 }, (_, n) => ({
    size: ((roll() - 0.3) * 1.6) / (n + 1),
    turn: roll() * 6.3,
    beats: n + 1,
  }));
  return Array.from({ length: count }, (_, at) => {
    const angle = (at / (count - 1)) * 2 * Math.PI * 0.985;
    const radius =
      1 + waves.reduce((sum, wave) => sum + wave.size * 0.6 * Math.sin(wave.beats * angle + wave.turn), 0);
    const small = 0.012 * Math.sin(angle * 37 + id) + 0.006 * Math.sin(angle * 91);
    return [Math.cos(angle) * (radius + small) * 1.3, Math.sin(angle) * (radius + small)];
  });
}

function outline(id: number): number[] {
  const points = line(id, 60);
  const [xs, ys] = [points.map((point) => point[0]), points.map((point) => point[1])];
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  const [width, height] = [Math.max(...xs) - left, Math.max(...ys) - top];
  const scale = 100 / Math.max(width, height);
  return points.flatMap(([x, y]) => [
    Math.round((x - left) * scale + (100 - width * scale) / 2),
    Math.round((y - top) * scale + (100 - height * scale) / 2),
  ]);
}

const REASONS: Partial<Record<UploadState, string>> = {
  waiting: "Trek Point is busy and asked to wait.",
  refused: "Trek Point said: “activity has no moving time”.",
  unsure: "The connection was lost after the whole file had left.",
  held: "Recorded before the day you chose for this device.",
};

export function upload(activity: number, service: string, state: UploadState, start: number): UploadView {
  return {
    id: activity * 2 + (service === "trek-point" ? 1 : 0),
    activity,
    service,
    account: service === "trek-point" ? 2 : 1,
    state,
    reason: REASONS[state] ?? "",
    dueAt: state === "waiting" ? NOW + 4 * 60_000 : null,
    remoteId: state === "sent" || state === "existing" ? String(8_100_000 + activity) : null,
    attempts: state === "waiting" ? 2 : 1,
    changedAt: Math.min(NOW - 60_000, start + 2 * HOUR),
  };
}

/** The newest few show every state; older ones have arrived. */
const STATES: [UploadState, UploadState][] = [
  ["sending", "waiting"],
  ["sent", "processing"],
  ["sent", "refused"],
  ["existing", "sent"],
  ["sent", "unsure"],
  ["held", "held"],
  ["dismissed", "sent"],
];

export function row(id: number, index: number): HistoryRow {
  const kind = kindOf(id);
  const roll = dice(id);
  const start = NOW - (index * 31 + 3 + Math.floor(roll() * 12)) * HOUR - Math.floor(roll() * 60) * 60_000;
  const metres = kind.km * 1000 * (0.7 + roll() * 0.7);
  const seconds = kind.speed ? metres / kind.speed : 2700 * (0.6 + roll());
  const [first, second] = STATES[index] ?? ["sent", "sent"];
  return {
    id,
    sport: kind.sport,
    name: kind.name,
    start,
    utcOffsetS: 3600,
    distanceM: metres || null,
    elapsedS: seconds * 1.12,
    timerS: seconds,
    ascentM: kind.climb ? Math.round((kind.climb * metres) / 1000) : null,
    outline: kind.km ? outline(id) : [],
    damaged: index === 4,
    twinOf: index === 5 ? id - 1 : null,
    uploads: [upload(id, "map-my-tracks", first, start), upload(id, "trek-point", second, start)],
  };
}

/** Newest first. */
export const rows = (count: number) => Array.from({ length: count }, (_, index) => row(count - index, index));

export function monthsOf(found: HistoryRow[]): MonthTotal[] {
  const months = new Map<string, MonthTotal>();
  for (const one of found) {
    const month =
      one.start === null ? "" : new Date(one.start + (one.utcOffsetS ?? 0) * 1000).toISOString().slice(0, 7);
    const total = months.get(month) ?? { month, activities: 0, distanceM: 0, timerS: 0 };
    total.activities += 1;
    total.distanceM += one.distanceM ?? 0;
    total.timerS += one.timerS ?? 0;
    months.set(month, total);
  }
  return [...months.values()];
}

const EMPTY: Series = {
  elapsedS: [],
  distanceM: [],
  latitude: [],
  longitude: [],
  elevationM: [],
  heartRate: [],
  speed: [],
  cadence: [],
  power: [],
};

export function series(one: HistoryRow, count = 1200): Series {
  const roll = dice(one.id + 7);
  const at = Array.from({ length: count }, (_, index) => index / (count - 1));
  const heart = at.map((share, index) =>
    index < 8 ? null : Math.round(128 + 22 * Math.sin(share * 9) + 12 * share + roll() * 6),
  );
  const time = at.map((share) => share * (one.elapsedS ?? 0));
  if (one.outline.length === 0) return { ...EMPTY, elapsedS: time, heartRate: heart };
  const points = line(one.id, count);
  const width = (one.distanceM ?? 0) / 1000 / 9;
  const mean = (one.distanceM ?? 0) / (one.timerS ?? 1);
  const high = (one.ascentM ?? 0) / 2.2;
  return {
    ...EMPTY,
    elapsedS: time,
    distanceM: at.map((share) => share * (one.distanceM ?? 0)),
    latitude: points.map(([, y]) => 47.56 - (y * width) / 111),
    longitude: points.map(([x]) => 12.98 + (x * width) / 75),
    elevationM: at.map(
      (s) => 540 + high * (0.5 - 0.5 * Math.cos(s * 6.28)) + (high / 5) * Math.sin(s * 31) + roll() * 2,
    ),
    heartRate: heart,
    speed: at.map((s) => Math.max(0, mean * (1 + 0.25 * Math.sin(s * 31 + 1.6) + (roll() - 0.5) * 0.2))),
  };
}

export function detailOf(scene: Scene, id: number): ActivityDetail {
  const one = scene.rows.find((candidate) => candidate.id === id);
  if (!one) {
    throw { code: "gone", title: "This activity is no longer in the library.", hint: "Go back to history." };
  }
  const start = one.start ?? NOW;
  const points = series(one);
  return {
    row: one,
    original: `originals/2026/2026-11-20T0730-${one.sport}-4f1d2a90be77.fit`,
    originalBytes: 412_345,
    format: "fit",
    recordedBy: "Garmin Edge 540",
    points: 7214,
    laps: Array.from({ length: one.outline.length ? 5 : 0 }, (_, index) => ({
      start: start + index * 600_000,
      timerS: (one.timerS ?? 0) / 5 + index * 13,
      distanceM: (one.distanceM ?? 0) / 5,
      averageHr: 138 + index * 3,
    })),
    series: points,
    skipped: one.damaged ? ["The last 212 bytes were cut off; everything before was read."] : [],
    problem: null,
    stories: one.uploads.map((each) => [
      { at: start + 2 * HOUR, state: "waiting", what: "Taken in from Edge 540" },
      { at: start + 2 * HOUR + 4_000, state: "sending", what: "" },
      { at: start + 2 * HOUR + 9_000, state: each.state, what: each.reason },
    ]),
  };
}
