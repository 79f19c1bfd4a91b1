// One chart: uPlot on a canvas, in our colours, with its cursor given from outside.
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { axis as axisFormat } from "../format";
import { colour } from "./colours";
import type { Column } from "./series";

export interface ChartData {
  x: number[];
  y: Column;
  xFormat: (value: number) => string;
  colour: string;
  filled: boolean;
}

export interface Chart {
  pointAt(index: number | null): void;
  redraw(): void;
  remove(): void;
}

const HEIGHT = 116;
const FONT = "12px system-ui";

/** Draws into `box`; `pointed` hears which point the mouse is over. */
export function drawChart(box: HTMLElement, data: ChartData, pointed: (index: number | null) => void): Chart {
  let told: number | null = null;
  const plot = new uPlot(
    {
      ...options(data, Math.max(160, box.clientWidth)),
      hooks: {
        setCursor: [
          ({ cursor: { idx } }) => {
            const index = idx ?? null;
            if (index === told) return;
            told = index;
            pointed(index);
          },
        ],
      },
    },
    [data.x, data.y],
    box,
  );
  const resized = new ResizeObserver(() => {
    if (box.clientWidth > 0) plot.setSize({ width: box.clientWidth, height: HEIGHT });
  });
  resized.observe(box);

  return {
    pointAt(index) {
      if (index === told) return;
      told = index;
      const at = index === null ? undefined : data.x[index];
      plot.setCursor({ left: at === undefined ? -10 : plot.valToPos(at, "x"), top: 0 }, false);
    },
    redraw: () => plot.redraw(false),
    remove() {
      resized.disconnect();
      plot.destroy();
    },
  };
}

function options(data: ChartData, width: number): uPlot.Options {
  const ticks = { show: false };
  const grid = { stroke: () => colour("--line"), width: 1 };
  const stroke = () => colour("--ink-soft");
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    padding: [8, 12, 0, 0],
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
    scales: { x: { time: false }, y: { range: (_plot, low, high) => roomy(low, high) } },
    axes: [
      {
        stroke,
        ticks,
        grid: { show: false },
        font: FONT,
        size: 24,
        space: 80,
        values: (_plot, at) => at.map(data.xFormat),
      },
      { stroke, ticks, grid, font: FONT, size: 44, space: 28, values: (_plot, at) => at.map(axisFormat) },
    ],
    series: [
      {},
      {
        stroke: () => colour(data.colour),
        width: 1.5,
        points: { show: false },
        spanGaps: false,
        ...(data.filled ? { fill: () => translucent(colour(data.colour)) } : {}),
      },
    ],
  };
}

/** A little air above and below; a flat line gets a band to lie in. */
export function roomy(low: number | null, high: number | null): [number, number] {
  if (low === null || high === null) return [0, 1];
  const air = Math.max((high - low) * 0.08, 1);
  return [low >= 0 ? Math.max(0, low - air) : low - air, high + air];
}

const translucent = (value: string) => value.replace(/^rgb\((.*)\)$/, "rgba($1, 0.18)");
