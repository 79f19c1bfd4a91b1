// What one account's uploads come to, in a few words.
import { moment, whole } from "../format";
import type { AccountView } from "../generated/AccountView";
import type { QueueCounts } from "../generated/QueueCounts";
import type { UploadState } from "../generated/UploadState";
import { live } from "../live.svelte";
import { facts, t } from "../messages";
import type { MarkName } from "../parts/marks";
import type { Tone } from "../parts/uploads";

/** What is on its way; what was refused or is unsure stands under "Needs you", what is on hold below the list. */
const MOVING: UploadState[] = ["sending", "processing", "waiting"];
/** Loudest first. */
const ALL: UploadState[] = ["refused", "unsure", ...MOVING, "held", "sent", "existing", "dismissed"];

const counted = (queue: QueueCounts, states: UploadState[]) =>
  states
    .filter((state) => queue[state] > 0)
    .map((state) => `${whole(queue[state])}\u00a0${t(`state.${state}`).toLowerCase()}`)
    .join(" · ");

export const allUploads = (queue: QueueCounts) => counted(queue, ALL);
export const isOnTheWay = (queue: QueueCounts) => MOVING.some((state) => queue[state] > 0);

export interface AccountLine {
  tone: Tone;
  mark: MarkName;
  text: string;
}

/** For an account that something is on its way to. */
export function accountLine({ state, queue }: AccountView): AccountLine {
  const open = counted(queue, MOVING);
  if (state.is === "needsSignIn") {
    return { tone: "warn", mark: "alert", text: facts(t("account.needsSignIn"), open) };
  }
  if (state.is === "paused") {
    const goesOn =
      state.until !== null && t("account.pausedUntil", { moment: moment(state.until, live.now) });
    return { tone: "warn", mark: "held", text: facts(t("account.paused"), goesOn, open) };
  }
  return queue.sending + queue.processing > 0
    ? { tone: "busy", mark: "sending", text: open }
    : { tone: "quiet", mark: "waiting", text: open };
}
