// Moving through the list by keys, and keeping its place while rows arrive.

const rows = () => [...document.querySelectorAll<HTMLElement>("[data-testid='history-row']")];

/** ↑ ↓ between rows, `/` to the search field, Esc out of it. Enter is the link's own. */
export function stepFocus(event: KeyboardEvent) {
  const target = event.target as HTMLElement | null;
  const search = document.querySelector<HTMLInputElement>("[data-testid='search']");
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.key === "/" && !target?.matches("input, textarea, select")) {
    event.preventDefault();
    return search?.focus();
  }
  if (event.key === "Escape" && target === search) return search?.blur();
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  if (step === 0 || target?.matches("select, textarea")) return;
  const links = rows();
  const at = links.indexOf(target as HTMLElement);
  if (at < 0 && step < 0) return;
  event.preventDefault();
  if (at === 0 && step < 0) search?.focus();
  else links[at + step]?.focus();
}

/** Puts the keys back on a row that was opened, unless they are wanted elsewhere. */
export function focusRow(id: number | null) {
  if (id === null || document.activeElement !== document.body) return;
  document.querySelector<HTMLElement>(`[data-id='${id}']`)?.focus({ preventScroll: true });
}

/** Notes the first row in sight; the answer puts it back where it was, whatever came in above. */
export function keepPlace(scroller: HTMLElement | undefined): () => void {
  if (!scroller || scroller.scrollTop < 1) return () => {};
  const top = scroller.getBoundingClientRect().top;
  const first = [...scroller.querySelectorAll<HTMLElement>("[data-testid='history-row']")].find(
    (row) => row.getBoundingClientRect().bottom > top,
  );
  const before = first?.getBoundingClientRect().top ?? 0;
  const id = first?.dataset["id"];
  return () => {
    const now = id && scroller.querySelector(`[data-id='${id}']`);
    if (now) scroller.scrollTop += now.getBoundingClientRect().top - before;
  };
}
