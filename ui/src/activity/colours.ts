// Canvas knows no custom properties: this reads what they come to in the present theme.

export type Rgb = [number, number, number];

/** The colour as the browser writes it, `rgb(…)`. */
export function colour(property: string): string {
  const probe = document.createElement("span");
  probe.style.setProperty("color", `var(${property})`);
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

export function rgb(value: string): Rgb {
  const [red = 0, green = 0, blue = 0] = (value.match(/[\d.]+/g) ?? []).map(Number);
  return [red, green, blue];
}

/** `steps` colours from low over middle to high. */
export function ramp(low: Rgb, middle: Rgb, high: Rgb, steps: number): string[] {
  return Array.from({ length: steps }, (_, step) => {
    const share = steps > 1 ? (step / (steps - 1)) * 2 : 0;
    const [from, to, part] = share <= 1 ? [low, middle, share] : [middle, high, share - 1];
    const mixed = from.map((value, channel) => Math.round(value + ((to[channel] ?? 0) - value) * part));
    return `rgb(${mixed.join(", ")})`;
  });
}

/** Calls back when the desktop turns light or dark. */
export function onTheme(changed: () => void): () => void {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", changed);
  return () => dark.removeEventListener("change", changed);
}
