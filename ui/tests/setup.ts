// What happy-dom lacks: a canvas that draws nowhere, boxes with a size, popovers.
import { cleanup } from "@testing-library/svelte";
import { afterEach } from "vitest";

const nowhere: object = new Proxy(
  {},
  { get: (_, name) => (name === "measureText" ? () => ({ width: 10 }) : () => nowhere), set: () => true },
);
Object.assign(HTMLCanvasElement.prototype, { getContext: () => nowhere });
Object.assign(globalThis, {
  Path2D: class {
    moveTo() {}
    lineTo() {}
    arc() {}
    rect() {}
    closePath() {}
    addPath() {}
    bezierCurveTo() {}
  },
});
for (const [name, value] of [
  ["clientWidth", 600],
  ["clientHeight", 400],
] as const) {
  Object.defineProperty(HTMLElement.prototype, name, { configurable: true, get: () => value });
}
Object.assign(HTMLElement.prototype, {
  showPopover() {},
  hidePopover() {},
  scrollTo() {},
  scrollIntoView() {},
});

afterEach(() => {
  cleanup();
  document.body.innerHTML = "";
});
