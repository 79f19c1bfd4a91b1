// What one account's uploads come to, in a few words.
import { moment, whole } from "../format";
import type { AccountView } from "../generated/AccountView";
import type { QueueCounts } from "../generated/QueueCounts";
import type { UploadState } from "../generated/UploadState";
import { live } from "../live.svelte";
import { facts, t } from "../messages";
import type { MarkName } from "../parts/marks";
import type { Tone } from "../parts/uploads";

/** Loudest first; those that are there or were let go are no news. */
const OPEN: UploadState[] = ["refused", "unsure", "sending", "processing", "waiting", "held"];
const ALL: UploadState[] = [...OPEN, "sent", "existing", "dismissed"];

const counted = (queue: QueueCounts, states: UploadState[]) =>
  states
    .filter((state) => queue[state] > 0)
    .map((state) => `${whole(queue[state])}\u00a0${t(`state.${state}`).toLowerCase()}`)
    .join(" · ");

export const openUploads = (queue: QueueCounts) => counted(queue, OPEN);
export const allUploads = (queue: QueueCounts) => counted(queue, ALL);

export interface AccountLine {
  tone: Tone;
  mark: MarkName;
  text: string;
}

export function accountLine({ state, queue }: AccountView): AccountLine {
  const open = openUploads(queue);
  if (state.is === "needsSignIn") {
    return { tone: "warn", mark: "alert", text: facts(t("account.needsSignIn"), open) };
  }
  if (state.is === "paused") {
    const goesOn =
      state.until !== null && t("account.pausedUntil", { moment: moment(state.until, live.now) });
    return { tone: "warn", mark: "held", text: facts(t("account.paused"), goesOn, open) };
  }
  if (queue.refused + queue.unsure > 0) return { tone: "warn", mark: "unsure", text: open };
  if (queue.sending + queue.processing > 0) return { tone: "busy", mark: "sending", text: open };
  if (open) return { tone: "quiet", mark: "waiting", text: open };
  const there = queue.sent + queue.existing;
  return there > 0
    ? { tone: "good", mark: "check", text: facts(t("account.allSent"), allUploads(queue)) }
    : { tone: "quiet", mark: "waiting", text: t("account.nothing") };
}
