// What can be done with an upload in its state, and how loud the state is.
import { dismiss, hold, release, retry } from "../engine";
import type { UploadState } from "../generated/UploadState";
import type { Key } from "../messages";

export type Tone = "good" | "busy" | "quiet" | "warn" | "bad";

const TONES: Record<UploadState, Tone> = {
  waiting: "quiet",
  sending: "busy",
  processing: "busy",
  sent: "good",
  existing: "good",
  refused: "bad",
  unsure: "warn",
  held: "quiet",
  dismissed: "quiet",
};

export const toneOf = (state: UploadState): Tone => TONES[state];

export interface UploadAction {
  name: "retry" | "hold" | "release" | "dismiss";
  label: Key;
  run: (upload: number) => Promise<void>;
}

const RETRY = (label: Key): UploadAction => ({ name: "retry", label, run: retry });
const HOLD: UploadAction = { name: "hold", label: "upload.hold", run: hold };
const RELEASE: UploadAction = { name: "release", label: "upload.release", run: release };
const DISMISS: UploadAction = { name: "dismiss", label: "upload.dismiss", run: dismiss };

const ACTIONS: Partial<Record<UploadState, UploadAction[]>> = {
  waiting: [RETRY("upload.retry"), HOLD],
  refused: [RETRY("upload.retryRefused"), DISMISS],
  unsure: [RETRY("upload.retryUnsure"), DISMISS],
  held: [RELEASE, DISMISS],
  dismissed: [RELEASE],
};

/** Nothing can be done while it is on its way, and nothing need be done once it is there. */
export const actionsFor = (state: UploadState): UploadAction[] => ACTIONS[state] ?? [];
