// The page's one door: the only file that imports @tauri-apps. It knows the names of commands, and nothing of screens.
import { invoke } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";
import type { ActivityDetail } from "./generated/ActivityDetail";
import type { Choice } from "./generated/Choice";
import type { HistoryFilter } from "./generated/HistoryFilter";
import type { HistoryPage } from "./generated/HistoryPage";
import type { Problem } from "./generated/Problem";
import type { Saved } from "./generated/Saved";
import type { ServiceSettings } from "./generated/ServiceSettings";
import type { Settings } from "./generated/Settings";
import type { Snapshot } from "./generated/Snapshot";

/** For commands that answer nothing: what they did shows in the next snapshot. */
const tell = (name: string, args?: Record<string, unknown>): Promise<void> => invoke(name, args);

/** Shows each new snapshot, starting with the present one; the answer stops it. */
export async function watchSnapshot(show: (snapshot: Snapshot) => void): Promise<() => void> {
  // Listen first, then ask: nothing falls in between. An older answer is dropped by its revision.
  const stop = await listen<Snapshot>("snapshot", ({ payload }) => show(payload));
  show(await invoke<Snapshot>("snapshot"));
  return stop;
}

export const history = (filter: HistoryFilter, cursor: string | null, limit: number) =>
  invoke<HistoryPage>("history", { filter, cursor, limit });
export const activity = (id: number) => invoke<ActivityDetail>("activity", { id });

export const approveDevice = (device: string, yes: boolean) => tell("approve_device", { device, yes });
export const choose = (device: string, choice: Choice) => tell("choose", { device, choice });
/** False when the user closed the dialog without choosing. */
export const addFolder = () => invoke<boolean>("add_folder");
export const removeFolder = (path: string) => tell("remove_folder", { path });

export const signIn = (service: string) => tell("sign_in", { service });
export const cancelSignIn = (service: string) => tell("cancel_sign_in", { service });
export const signOut = (account: number) => tell("sign_out", { account });
export const sendEarlier = (account: number, choice: Choice) => tell("send_earlier", { account, choice });
export const setVisibility = (account: number, visibility: string) =>
  tell("set_visibility", { account, visibility });

export const retry = (upload: number) => tell("retry", { upload });
export const retryAll = () => tell("retry_all");
export const hold = (upload: number) => tell("hold", { upload });
export const dismiss = (upload: number) => tell("dismiss", { upload });
export const release = (upload: number) => tell("release", { upload });

/** Where it was saved and what the format could not carry; null when the user closed the dialog. */
export const saveActivity = (activity: number, format: string) =>
  invoke<Saved | null>("save_activity", { activity, format });
export const openOriginalFolder = (activity: number) => tell("open_original_folder", { activity });
export const deleteActivity = (id: number) => tell("delete_activity", { id });

export const settings = () => invoke<Settings>("settings");
/** A secret of null leaves the stored one as it is. */
export const saveService = (settings: ServiceSettings, clientSecret: string | null) =>
  tell("save_service", { settings, clientSecret });

/** What a rejected command says, as a problem that can be shown. */
export function problemFrom(error: unknown): Problem {
  if (typeof error === "object" && error !== null && "title" in error && "hint" in error) {
    return error as Problem;
  }
  return {
    code: "no_answer",
    title: "Trackdock did not answer this.",
    hint: `Try once more. If it stays so, start Trackdock again. (${String(error)})`,
  };
}
