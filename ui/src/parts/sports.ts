// Which mark a sport gets, and its word. Sports differ by mark, never by colour.
import { sports } from "../messages/sports.en";

export type SportFamily =
  | "run"
  | "walk"
  | "climb"
  | "wheel"
  | "swim"
  | "paddle"
  | "sail"
  | "snow"
  | "skate"
  | "air"
  | "gym"
  | "motor"
  | "ball"
  | "other";

const FAMILIES: Record<Exclude<SportFamily, "other">, string> = {
  run: "running trail_running indoor_running wheelchair_push_run",
  walk: "walking hiking geocaching wheelchair_push_walk snowshoeing golf disc_golf hunting",
  climb: "mountaineering rock_climbing floor_climbing",
  wheel: "cycling mountain_biking indoor_cycling e_biking",
  swim: "swimming snorkeling diving pool_apnea",
  paddle: "rowing paddling kayaking canoeing rafting stand_up_paddleboarding",
  sail: "sailing boating windsurfing kitesurfing surfing wakeboarding wakesurfing water_skiing water_sport",
  snow: "cross_country_skiing alpine_skiing snowboarding winter_sport snowmobiling",
  skate: "inline_skating ice_skating",
  air: "flying hang_gliding sky_diving jumpmaster",
  gym: "training fitness_equipment hiit boxing jump_rope mobility meditation dance mixed_martial_arts",
  motor: "motorcycling driving motor_sports grinding",
  ball: "basketball soccer tennis american_football baseball racket team_sport cricket rugby hockey lacrosse volleyball",
};

const familyOf = new Map<string, SportFamily>(
  Object.entries(FAMILIES).flatMap(([family, names]) =>
    names.split(" ").map((name) => [name, family as SportFamily] as const),
  ),
);

export const sportFamily = (sport: string): SportFamily => familyOf.get(sport) ?? "other";

/** A sport this page has not heard of keeps its own name, made readable. */
export function sportWord(sport: string): string {
  const words = sport.replace(/_/g, " ");
  return sports[sport] ?? words.charAt(0).toUpperCase() + words.slice(1);
}

export const SPORTS: readonly string[] = Object.keys(sports);

/** Those on foot are told as minutes per kilometre. */
export const hasPace = (sport: string) => ["run", "walk"].includes(sportFamily(sport));
