// Who is signed in and what Trackdock may do there, in the user's words.
import { list, t, type Key } from "../messages";
import { en } from "../messages/en";

/** Where a service does not say who signed in, the engine's label only tells when; the window says that on its own. */
export const isNamed = (label: string) => label !== "" && !/^(account )?signed in on [\d\w -]+$/i.test(label);

/** `activities_write` as "add or change activities"; a scope never heard of stays as it is. */
export function scopeWords(scopes: string[]): string {
  return list(
    scopes.map((scope) => {
      const key = `scope.${scope.replace(/\W/g, "_")}`;
      return Object.hasOwn(en, key) ? t(key as Key & `scope.${string}`) : scope;
    }),
  );
}
