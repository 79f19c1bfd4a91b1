// Which screen is shown, kept in the address after `#` so that going back works as everywhere.
import type { UploadState } from "./generated/UploadState";

export type Route =
  | { screen: "home" }
  | { screen: "history"; state: UploadState | null }
  | { screen: "activity"; id: number }
  | { screen: "accounts"; service: string | null }
  | { screen: "settings" };

const STATES: readonly string[] = [
  "waiting",
  "sending",
  "processing",
  "sent",
  "existing",
  "refused",
  "unsure",
  "held",
  "dismissed",
] satisfies UploadState[];

/** An address that means nothing leads home. */
export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  const [screen, id] = path.split("/");
  const values = new URLSearchParams(query);
  switch (screen) {
    case "history": {
      const state = values.get("state");
      return { screen, state: state && STATES.includes(state) ? (state as UploadState) : null };
    }
    case "activity":
      return /^\d+$/.test(id ?? "") ? { screen, id: Number(id) } : { screen: "home" };
    case "accounts":
      return { screen, service: values.get("service") };
    case "settings":
      return { screen };
    default:
      return { screen: "home" };
  }
}

class Place {
  route = $state.raw<Route>(parseRoute(location.hash));

  follow(): () => void {
    const read = () => (this.route = parseRoute(location.hash));
    read();
    addEventListener("hashchange", read);
    return () => removeEventListener("hashchange", read);
  }
}

export const place = new Place();

export function go(hash: string) {
  location.hash = hash;
}

export const activityHash = (id: number) => `#/activity/${id}`;
