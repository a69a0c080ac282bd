// Which stretch of time the timeline shows, and how it is moved and zoomed. Pure: the hands and keys are in timeline.tsx.
import type { Range } from "./runs";

const MINUTE = 60_000;
export const TEN_MINUTES = 10 * MINUTE;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
export const WEEK = 7 * DAY;

export const SHORTEST = 2 * MINUTE;
/** As long as the daemon keeps its history by default. */
export const LONGEST = 30 * DAY;

/** A width that ends now, or one that was moved away from now. */
export interface Place {
  width: number;
  /** Null while it follows the present. */
  end: number | null;
}

export const rangeOf = (place: Place, now: number): Range => {
  const to = place.end ?? now;
  return { from: to - place.width, to };
};

/** Moved by a part of its width; who comes to the present follows it again. */
export const move = (place: Place, part: number, now: number): Place => {
  const end = (place.end ?? now) + part * place.width;
  return { width: place.width, end: end >= now ? null : Math.max(end, now - LONGEST + place.width) };
};

/** Zoomed by a factor (below 1: closer) about a point, 0 left to 1 right. */
export const zoom = (place: Place, factor: number, about: number, now: number): Place => {
  const width = Math.min(LONGEST, Math.max(SHORTEST, place.width * factor));
  const { from } = rangeOf(place, now);
  const end = from + place.width * about + width * (1 - about);
  return { width, end: end >= now || (place.end === null && about === 1) ? null : end };
};

const STEPS = [
  10_000, 30_000, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE,
  HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY,
];

/** Round times of day to write below, as many as fit; `each` is the least distance in ms. */
export const ticks = (range: Range, each: number): { at: number; step: number }[] => {
  const step = STEPS.find((of) => of >= each) ?? STEPS.at(-1)!;
  // Whole hours and days are those of the clock on the wall.
  const shift = new Date(range.from).getTimezoneOffset() * MINUTE;
  const found = [];
  for (let at = Math.ceil((range.from - shift) / step) * step + shift; at <= range.to; at += step) found.push({ at, step });
  return found;
};
