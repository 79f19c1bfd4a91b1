// The map: Leaflet on a canvas, graph paper instead of tiles (tiles would tell strangers where one lives).
import * as L from "leaflet";
import "leaflet/dist/leaflet.css";
import { colour, ramp, rgb } from "./colours";
import type { Column, Place } from "./series";

const STEPS = 20;
const REACH_PX = 32;

const GraphPaper = L.GridLayer.extend({
  createTile: () => L.DomUtil.create("div", "graph-paper"),
}) as unknown as new () => L.GridLayer;

export type ZoomWords = Record<"in" | "out" | "all", string>;

export interface TrackDrawing {
  paint(shares: Column | null): void;
  pointAt(index: number | null): void;
  remove(): void;
}

/** Draws into `box`; `pointed` hears which point the mouse is near. */
export function drawTrack(
  box: HTMLElement,
  pieces: Place[][],
  words: ZoomWords,
  pointed: (index: number | null) => void,
): TrackDrawing {
  const map = L.map(box, {
    preferCanvas: true,
    attributionControl: false,
    zoomControl: false,
    scrollWheelZoom: false,
    zoomSnap: 0.25,
    maxZoom: 19,
    minZoom: 1,
  });
  const places = pieces.flat();
  const bounds = L.latLngBounds(places.map(latLng));
  const fit = () => map.fitBounds(bounds, { padding: [28, 28], maxZoom: 17, animate: false });
  fit();
  new GraphPaper().addTo(map);
  const zoom = L.control.zoom({ zoomInTitle: words.in, zoomOutTitle: words.out }).addTo(map);
  zoom.getContainer()?.append(fitButton(words.all, fit));
  L.control.scale({ imperial: false, maxWidth: 120 }).addTo(map);
  // The wheel belongs to the page until the map was chosen.
  box.addEventListener("focusin", () => map.scrollWheelZoom.enable());
  box.addEventListener("focusout", () => map.scrollWheelZoom.disable());

  const line = L.layerGroup().addTo(map);
  const cursor = L.circleMarker([0, 0], { radius: 6, weight: 3, fillOpacity: 1, interactive: false });
  const byIndex = new Map(places.map((place) => [place.index, place]));
  map.on("mousemove", ({ containerPoint }) => pointed(nearest(map, places, containerPoint)));
  map.on("mouseout", () => pointed(null));

  const resized = new ResizeObserver(() => {
    map.invalidateSize({ pan: false });
    fit();
  });
  resized.observe(box);

  return {
    paint: (shares) => paint(line, pieces, shares),
    pointAt(index) {
      const place = index === null ? undefined : byIndex.get(index);
      if (!place) return void cursor.remove();
      cursor.setStyle({ color: colour("--raised"), fillColor: colour("--accent") });
      cursor.setLatLng(latLng(place)).addTo(map);
    },
    remove() {
      resized.disconnect();
      map.remove();
    },
  };
}

/** A third button below Leaflet's two, made like them. */
function fitButton(label: string, fit: () => void): HTMLElement {
  const button = L.DomUtil.create("a", "fit");
  Object.assign(button, { href: "#", title: label, role: "button", ariaLabel: label });
  button.innerHTML =
    '<svg viewBox="0 0 20 20" width="16" height="16" aria-hidden="true"><path d="M3 7.500V3h4.500M12.500 3H17v4.500M17 12.500V17h-4.500M7.500 17H3v-4.500"/></svg>';
  L.DomEvent.disableClickPropagation(button);
  L.DomEvent.on(button, "click", (event) => (L.DomEvent.preventDefault(event), fit()));
  return button;
}

const latLng = ({ latitude, longitude }: Place): L.LatLngTuple => [latitude, longitude];

function nearest(map: L.Map, places: Place[], to: L.Point): number | null {
  let found: number | null = null;
  let closest = REACH_PX;
  for (const place of places) {
    const away = map.latLngToContainerPoint(latLng(place)).distanceTo(to);
    if (away < closest) [closest, found] = [away, place.index];
  }
  return found;
}

/** A pale edge below, then one polyline for each run of one colour, then start and finish. */
function paint(line: L.LayerGroup, pieces: Place[][], shares: Column | null) {
  line.clearLayers();
  const still = { interactive: false, lineJoin: "round", lineCap: "round" } as const;
  const colours = ramp(
    ...(["--ramp-low", "--ramp-middle", "--ramp-high"].map((name) => rgb(colour(name))) as Ramp),
    STEPS,
  );
  const plain = colour("--accent");
  const edge = colour("--raised");
  for (const piece of pieces) {
    L.polyline(piece.map(latLng), { ...still, color: edge, weight: 7 }).addTo(line);
  }
  for (const piece of pieces) {
    for (const run of runs(piece, shares)) {
      const color = run.step === null ? plain : (colours[run.step] ?? plain);
      L.polyline(run.places.map(latLng), { ...still, color, weight: 4 }).addTo(line);
    }
  }
  const first = pieces[0]?.[0];
  const last = pieces.at(-1)?.at(-1);
  const end = { interactive: false, radius: 6, weight: 2.5, fillOpacity: 1, color: colour("--ink") };
  if (last) L.circleMarker(latLng(last), { ...end, fillColor: edge }).addTo(line);
  if (first) L.circleMarker(latLng(first), { ...end, radius: 5, fillColor: colour("--ink") }).addTo(line);
}

type Ramp = [ReturnType<typeof rgb>, ReturnType<typeof rgb>, ReturnType<typeof rgb>];

interface Run {
  step: number | null;
  places: Place[];
}

/** Cuts a piece where its colour changes; neighbours share a point, so that no gap shows. */
export function runs(piece: Place[], shares: Column | null): Run[] {
  const found: Run[] = [];
  let run: Run | null = null;
  for (const place of piece) {
    const share = shares?.[place.index] ?? null;
    const step = share === null ? null : Math.min(STEPS - 1, Math.floor(share * STEPS));
    if (run === null || run.step !== step) {
      run?.places.push(place);
      run = { step, places: [place] };
      found.push(run);
    } else {
      run.places.push(place);
    }
  }
  return found;
}
