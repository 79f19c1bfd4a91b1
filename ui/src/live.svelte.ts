// What is live: the newest snapshot, the settings, and the last thing that went wrong. Knows no screen.
import { problemFrom, settings as askSettings, watchSnapshot } from "./engine";
import { setLocale } from "./format";
import type { Problem } from "./generated/Problem";
import type { Settings } from "./generated/Settings";
import type { Snapshot } from "./generated/Snapshot";

class Live {
  snapshot = $state.raw<Snapshot | null>(null);
  settings = $state.raw<Settings | null>(null);
  /** Why a command was refused; shown until it is closed or something works again. */
  problem = $state.raw<Problem | null>(null);
  /** Why there is no snapshot at all. */
  unreachable = $state.raw<Problem | null>(null);
  /** Rises once a minute, so that "5 min ago" grows older. */
  now = $state(Date.now());

  show(next: Snapshot) {
    if (this.snapshot && next.revision < this.snapshot.revision) return;
    this.snapshot = next;
    this.unreachable = null;
  }

  async start(): Promise<() => void> {
    const clock = setInterval(() => (this.now = Date.now()), 60_000);
    try {
      await this.readSettings(); // first: the locale decides how every number looks
    } catch (error) {
      this.problem = problemFrom(error);
    }
    try {
      const stop = await watchSnapshot((next) => this.show(next));
      return () => (clearInterval(clock), stop());
    } catch (error) {
      this.unreachable = problemFrom(error);
      return () => clearInterval(clock);
    }
  }

  async readSettings() {
    const answer = await askSettings();
    setLocale(answer.locale);
    this.settings = answer;
  }

  /** Runs a command; a refusal is shown, not thrown. */
  async ask<T>(command: () => Promise<T>): Promise<T | undefined> {
    try {
      const answer = await command();
      this.problem = null;
      return answer;
    } catch (error) {
      this.problem = problemFrom(error);
      return undefined;
    }
  }

  /** How much of an upload has left this computer, 0 to 1; null when it is not on its way. */
  shareOf(upload: number): number | null {
    return this.snapshot?.sending.find((sending) => sending.upload === upload)?.share ?? null;
  }

  serviceName(id: string): string {
    return this.snapshot?.services.find((service) => service.id === id)?.name ?? id;
  }
}

export const live = new Live();
