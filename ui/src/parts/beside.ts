// Where a popover stands: below what opened it, above near the lower edge, always within the window. It knows no content.

/** Places an open popover; `width` is what its style sheet gives it. */
export function placeBeside(box: HTMLElement, opener: Element | null | undefined, width: number) {
  const at = opener?.getBoundingClientRect();
  if (!at) return;
  const left = Math.max(8, Math.min(at.left, innerWidth - width - 8));
  const below = at.bottom + 4;
  const top = below + box.offsetHeight > innerHeight - 8 ? at.top - box.offsetHeight - 4 : below;
  box.style.setProperty("left", `${left}px`);
  box.style.setProperty("top", `${Math.max(8, top)}px`);
}
