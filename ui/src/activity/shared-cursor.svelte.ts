// The one point of an activity that map and charts point at together.
export class SharedCursor {
  /** Index into the series; null while nothing is pointed at. */
  index = $state<number | null>(null);
}
