// Finds a sentence by its key and fills its gaps. A key or a gap that does not exist is a type error.
import { whole } from "../format";
import { en } from "./en";

type Gaps<Text> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | Gaps<Rest> : never;
type Messages = typeof en;
export type Key = keyof Messages;
type GapsOf<K extends Key> = Messages[K] extends { one: infer One; other: infer Other }
  ? Gaps<One> | Gaps<Other> | "count"
  : Gaps<Messages[K]>;
type Values<K extends Key> = [GapsOf<K>] extends [never] ? [] : [Record<GapsOf<K>, string | number>];

/** Numbers are written in the user's way; `count` decides between one and other. */
export function t<K extends Key>(key: K, ...[values]: Values<K>): string {
  const message: string | { one: string; other: string } = en[key];
  const gaps = values as Record<string, string | number> | undefined;
  const text =
    typeof message === "string" ? message : Number(gaps?.["count"]) === 1 ? message.one : message.other;
  return text.replace(/\{(\w+)\}/g, (gap, name: string) => {
    const value = gaps?.[name];
    return value === undefined ? gap : typeof value === "number" ? whole(value) : value;
  });
}

/** Joins facts as every line of the window does. */
export const facts = (...parts: (string | null | undefined | false)[]) => parts.filter(Boolean).join(" · ");

/** "a, b and c": a sentence, so in the language of this file. */
export const list = (parts: string[]) => new Intl.ListFormat("en-GB", { type: "conjunction" }).format(parts);
