// Numbers, lengths, times: the only file that turns values into figures. Knows no words but units.

const FALLBACK = "en-GB";
/** Words like "yesterday" stand in sentences, so they follow the language of the message files. */
const WORDS = "en-GB";
const NBSP = "\u00a0";
const DAY = 86_400_000;

let locale = FALLBACK;
const formats = new Map<string, Intl.NumberFormat>();
const dates = new Map<string, Intl.DateTimeFormat>();

/** Takes `de-DE`, and also what systems call `de_DE.UTF-8` or `C`. */
export function setLocale(name: string) {
  const tag = name.split(/[.@]/)[0]?.replace(/_/g, "-") ?? "";
  try {
    locale = Intl.NumberFormat.supportedLocalesOf(tag)[0] ?? FALLBACK;
  } catch {
    locale = FALLBACK; // not a language tag at all
  }
  formats.clear();
  dates.clear();
}

export const currentLocale = () => locale;

function number(value: number, options: Intl.NumberFormatOptions = {}): string {
  const key = JSON.stringify(options);
  let format = formats.get(key);
  if (!format) formats.set(key, (format = new Intl.NumberFormat(locale, options)));
  return format.format(value).replace(/ /g, NBSP);
}

function date(ms: number, options: Intl.DateTimeFormatOptions): string {
  const key = JSON.stringify(options);
  let format = dates.get(key);
  if (!format) dates.set(key, (format = new Intl.DateTimeFormat(locale, options)));
  return format.format(ms);
}

const digits = (count: number): Intl.NumberFormatOptions => ({
  minimumFractionDigits: count,
  maximumFractionDigits: count,
});
const withUnit = (value: number, unit: string, count = 0) => `${number(value, digits(count))}${NBSP}${unit}`;

export const whole = (value: number) => number(value, digits(0));

/** 820 m · 12.35 km · 248 km */
export function distance(metres: number): string {
  if (metres < 999.5) return withUnit(metres, "m");
  const km = metres / 1000;
  return withUnit(km, "km", km < 99.995 ? 2 : 0);
}

export const metres = (value: number) => withUnit(value, "m");
export const heartRate = (value: number) => withUnit(value, "bpm");
export const percent = (share: number) => withUnit(Math.floor(share * 100), "%");
export const speed = (metresPerSecond: number) => withUnit(metresPerSecond * 3.6, "km/h", 1);

/** 5:12 /km; for standing still there is no pace. */
export function pace(metresPerSecond: number): string | null {
  if (metresPerSecond < 0.2) return null;
  return `${clock(1000 / metresPerSecond)}${NBSP}/km`;
}

/** 0:42 · 12:05 · 1:23:45 */
export function clock(seconds: number): string {
  const total = Math.max(0, Math.round(seconds));
  const two = (value: number) => String(value).padStart(2, "0");
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor((total % 3600) / 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${two(total % 60)}` : `${minutes}:${two(total % 60)}`;
}

/** 45 s · 12 min · 3 h 5 min · 140 h */
export function span(seconds: number): string {
  if (seconds < 59.5) return withUnit(seconds, "s");
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return withUnit(minutes, "min");
  const hours = Math.floor(minutes / 60);
  if (hours >= 100 || minutes % 60 === 0) return withUnit(hours, "h");
  return `${withUnit(hours, "h")} ${withUnit(minutes % 60, "min")}`.replace(" ", NBSP);
}

/** 812 B · 41 kB · 3.1 MB */
export function bytes(count: number): string {
  if (count < 1000) return withUnit(count, "B");
  if (count < 999_500) return withUnit(count / 1000, "kB");
  if (count < 999_500_000) return withUnit(count / 1e6, "MB", 1);
  return withUnit(count / 1e9, "GB", 1);
}

export const byteRate = (perSecond: number) => `${bytes(perSecond)}/s`;

/** `2026-11` as "November 2026". */
export function month(name: string): string {
  return date(Date.parse(`${name}-01T00:00:00Z`), { month: "long", year: "numeric", timeZone: "UTC" });
}

/** The month, `2026-11`, in which an activity started where it took place; empty without a start. */
export function monthOf(start: number | null, utcOffsetS: number | null): string {
  return start === null ? "" : new Date(start + (utcOffsetS ?? 0) * 1000).toISOString().slice(0, 7);
}

export interface LocalStart {
  day: string;
  time: string;
  /** "UTC" where the offset of the place is not known. */
  zone: string;
}

/** "Today" and "Yesterday"; farther days have dates. */
function nearDay(daysAgo: number): string | null {
  if (daysAgo !== 0 && daysAgo !== 1) return null;
  const word = new Intl.RelativeTimeFormat(WORDS, { numeric: "auto" }).format(-daysAgo, "day");
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** Date and time where the activity took place; the year only when it is not this one. */
export function localStart(start: number, utcOffsetS: number | null, now: number): LocalStart {
  const shown = start + (utcOffsetS ?? 0) * 1000;
  const daysAgo = Math.floor((now + (utcOffsetS ?? 0) * 1000) / DAY) - Math.floor(shown / DAY);
  const sameYear = new Date(shown).getUTCFullYear() === new Date(now).getUTCFullYear();
  const timeZone = "UTC";
  return {
    day:
      nearDay(daysAgo) ??
      date(shown, {
        weekday: "short",
        day: "numeric",
        month: "short",
        ...(sameYear ? {} : { year: "numeric" }),
        timeZone,
      }),
    time: date(shown, { hour: "2-digit", minute: "2-digit", timeZone }),
    zone: utcOffsetS === null ? "UTC" : "",
  };
}

/** A moment in the user's own zone: "in 4 min", "3 h ago", and from a day on the date. */
export function moment(at: number, now: number): string {
  const off = at - now;
  if (Math.abs(off) >= DAY) return dayAndTime(at);
  const relative = new Intl.RelativeTimeFormat(WORDS, { numeric: "auto", style: "short" });
  const minutes = Math.trunc(off / 60_000);
  const text =
    Math.abs(minutes) < 1
      ? relative.format(0, "second")
      : Math.abs(minutes) < 60
        ? relative.format(minutes, "minute")
        : relative.format(Math.trunc(minutes / 60), "hour");
  return text.replace(/ /g, NBSP);
}

/** Tue, 17 Nov, 18:04 in the user's own zone. */
export const dayAndTime = (at: number) =>
  date(at, { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

/** 17 November 2026 in the user's own zone. */
export const longDay = (at: number) => date(at, { day: "numeric", month: "long", year: "numeric" });

/** What a chart's axis of distance writes: 500 m · 2 km · 2.5 km */
export const axisDistance = (value: number) =>
  value === 0 ? "0" : value < 1000 ? metres(value) : `${axis(value / 1000)}${NBSP}km`;

/** What a chart's axis writes: no unit, no more digits than needed. */
export const axis = (value: number) => number(value, { maximumFractionDigits: 1 });
