// What history is asked for, and how a filter reads as words.
import type { HistoryFilter } from "../generated/HistoryFilter";
import { list, t } from "../messages";
import { sportWord } from "../parts/sports";

export const NO_FILTER: HistoryFilter = { search: "", sport: null, state: null, from: null, to: null };

export const isFiltered = (filter: HistoryFilter) =>
  filter.search.trim() !== "" || filter.sport !== null || filter.state !== null;

/** Where the list under this filter is found. */
export const historyHash = ({ state }: HistoryFilter) => (state ? `#/history?state=${state}` : "#/history");

/** “lunch”, Cycling and Refused */
export const filterWords = ({ search, sport, state }: HistoryFilter) =>
  list(
    [search.trim() && `“${search.trim()}”`, sport && sportWord(sport), state && t(`state.${state}`)].filter(
      (word): word is string => Boolean(word),
    ),
  );
