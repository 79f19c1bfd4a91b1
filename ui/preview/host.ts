// A host made of sample data: what Tauri would answer, for the preview and for tests. The page itself is the real one.
import type { HistoryFilter } from "../src/generated/HistoryFilter";
import type { Problem } from "../src/generated/Problem";
import type { Snapshot } from "../src/generated/Snapshot";
import type { Scene } from "./scenes";
import { detailOf, monthsOf } from "./samples";

export interface Call {
  name: string;
  args: Record<string, unknown>;
}

type Answer = (args: Record<string, unknown>) => unknown;
type Listener = (event: { event: string; id: number; payload: unknown }) => void;

export class Host {
  readonly calls: Call[] = [];
  /** Answers that stand in for the scene's own; one that throws is a refused command. */
  readonly answers: Record<string, Answer> = {};
  #listeners: Listener[] = [];
  #callbacks = new Map<number, Listener>();
  #waiting: (() => void)[] = [];

  constructor(readonly scene: Scene) {}

  /** Puts itself where Tauri's bridge would be. */
  install() {
    const bridge = {
      invoke: (name: string, args: Record<string, unknown> = {}) => this.#invoke(name, args),
      transformCallback: (callback: Listener) => {
        const id = this.#callbacks.size + 1;
        this.#callbacks.set(id, callback);
        return id;
      },
      unregisterCallback: (id: number) => this.#callbacks.delete(id),
    };
    Object.assign(window, {
      __TAURI_INTERNALS__: bridge,
      __TAURI_EVENT_PLUGIN_INTERNALS__: { unregisterListener: () => {} },
    });
    return this;
  }

  /** Sends a snapshot as the engine would. */
  emit(snapshot: Snapshot) {
    for (const tell of this.#listeners) tell({ event: "snapshot", id: 1, payload: snapshot });
  }

  called = (name: string) => this.calls.filter((call) => call.name === name).map((call) => call.args);

  /** Lets everything go that a slow scene holds back. */
  answerNow() {
    this.#waiting.splice(0).forEach((go) => go());
  }

  async #invoke(name: string, args: Record<string, unknown>): Promise<unknown> {
    if (name === "plugin:event|listen") {
      const listener = this.#callbacks.get(args["handler"] as number);
      if (listener) this.#listeners.push(listener);
      return 1;
    }
    if (name === "plugin:event|unlisten") return null;
    this.calls.push({ name, args });
    if (this.scene.slow && name !== "settings") await new Promise<void>((go) => this.#waiting.push(go));
    const broken = this.scene.broken;
    if (broken && broken.commands.includes(name)) throw broken.problem satisfies Problem;
    return structuredClone((this.answers[name] ?? this.#own(name))(args));
  }

  #own(name: string): Answer {
    const { scene } = this;
    switch (name) {
      case "snapshot":
        return () => scene.snapshot;
      case "settings":
        return () => scene.settings;
      case "history":
        return (args) =>
          this.#history(args as { filter: HistoryFilter; cursor: string | null; limit: number });
      case "activity":
        return ({ id }) => detailOf(scene, id as number);
      case "add_folder":
        return () => true;
      case "save_activity":
        return ({ format }) => ({
          path: `/home/ada/Documents/2026-11-17-ride.${format === "original" ? "fit" : String(format)}`,
          leftOut: format === "gpx" ? ["GPX has no laps: 12 laps left out."] : [],
        });
      default:
        return () => null;
    }
  }

  #history({ filter, cursor, limit }: { filter: HistoryFilter; cursor: string | null; limit: number }) {
    const search = filter.search.toLowerCase();
    const found = this.scene.rows.filter(
      (row) =>
        (!search || `${row.name ?? ""} ${row.sport}`.toLowerCase().includes(search)) &&
        (!filter.sport || row.sport === filter.sport) &&
        (!filter.state || row.uploads.some((upload) => upload.state === filter.state)),
    );
    const from = Number(cursor ?? 0);
    const rows = found.slice(from, from + limit);
    const names = new Set(rows.map((row) => new Date(row.start ?? 0).toISOString().slice(0, 7)));
    return {
      rows,
      next: from + limit < found.length ? String(from + limit) : null,
      total: found.length,
      months: monthsOf(found).filter((month) => names.has(month.month) || month.month === ""),
    };
  }
}
