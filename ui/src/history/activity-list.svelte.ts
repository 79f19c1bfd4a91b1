// The part of history that is loaded. It outlives the screen, so that coming back finds the same place.
import { history, problemFrom } from "../engine";
import type { HistoryFilter } from "../generated/HistoryFilter";
import type { HistoryPage } from "../generated/HistoryPage";
import type { HistoryRow } from "../generated/HistoryRow";
import type { MonthTotal } from "../generated/MonthTotal";
import type { Problem } from "../generated/Problem";
import { monthOf } from "../format";
import { NO_FILTER } from "./filter";

const PAGE = 100;

export interface Month {
  /** `2026-11`; empty for activities without a start. */
  name: string;
  total: MonthTotal | undefined;
  rows: HistoryRow[];
}

class ActivityList {
  filter = $state.raw<HistoryFilter>(NO_FILTER);
  rows = $state.raw<HistoryRow[]>([]);
  total = $state<number | null>(null);
  problem = $state.raw<Problem | null>(null);
  loading = $state(false);
  /** Where the list was scrolled to when it was left. */
  scrolled = 0;
  /** The activity that was looked at last: coming back, the keys go on from its row. */
  opened: number | null = null;

  #totals = $state.raw(new Map<string, MonthTotal>());
  #next = $state.raw<string | null>(null);
  #asking = 0;

  readonly months = $derived(byMonth(this.rows, this.#totals));
  readonly hasMore = $derived(this.#next !== null);

  /** Begins anew under another filter. */
  async look(filter: HistoryFilter) {
    this.filter = filter;
    this.scrolled = 0;
    await this.#read(PAGE);
  }

  /** Asks again for all that is loaded; what is shown stays until the whole answer is there. */
  async refresh() {
    await this.#read(Math.max(PAGE, this.rows.length));
  }

  async more() {
    if (this.loading || this.#next === null) return;
    const mine = ++this.#asking;
    await this.#guard(mine, async () => {
      const page = await history(this.filter, this.#next, PAGE);
      if (mine !== this.#asking) return;
      const known = new Set(this.rows.map((row) => row.id));
      const totals = new Map(this.#totals);
      for (const month of page.months) totals.set(month.month, month);
      this.#take([...this.rows, ...page.rows.filter((row) => !known.has(row.id))], totals, page);
    });
  }

  async #read(wanted: number) {
    const mine = ++this.#asking;
    await this.#guard(mine, async () => {
      const rows: HistoryRow[] = [];
      const totals = new Map<string, MonthTotal>();
      let page: HistoryPage;
      let cursor: string | null = null;
      do {
        page = await history(this.filter, cursor, PAGE);
        if (mine !== this.#asking) return; // asked for something else meanwhile
        rows.push(...page.rows);
        for (const month of page.months) totals.set(month.month, month);
        cursor = page.next;
      } while (cursor !== null && rows.length < wanted);
      this.#take(rows, totals, page);
    });
  }

  #take(rows: HistoryRow[], totals: Map<string, MonthTotal>, page: HistoryPage) {
    this.rows = rows;
    this.#totals = totals;
    this.#next = page.next;
    this.total = page.total;
    this.problem = null;
  }

  async #guard(mine: number, work: () => Promise<void>) {
    this.loading = true;
    try {
      await work();
    } catch (error) {
      if (mine === this.#asking) this.problem = problemFrom(error);
    }
    if (mine === this.#asking) this.loading = false;
  }
}

function byMonth(rows: HistoryRow[], totals: Map<string, MonthTotal>): Month[] {
  const months: Month[] = [];
  for (const row of rows) {
    const name = monthOf(row.start, row.utcOffsetS);
    const last = months.at(-1);
    if (last?.name === name) last.rows.push(row);
    else months.push({ name, total: totals.get(name), rows: [row] });
  }
  return months;
}

export const activityList = new ActivityList();
