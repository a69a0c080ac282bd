// From segments to what is drawn: in each pixel the label that held longest in it, neighbours of one label joined.
// So a week of short segments is drawn honestly, and no finer than it can be seen.
import type { Span } from "./segments";

export interface Run {
  label: string;
  /** Pixels from the left; `to` is beyond the last. */
  from: number;
  to: number;
}

/** The stretch of time that is shown, in ms. */
export interface Range {
  from: number;
  to: number;
}

/** Spans by start, in a range that is `width` pixels wide; what goes on lasts until `now`. */
export const runs = (spans: readonly Span[], range: Range, width: number, now: number): Run[] => {
  const perPixel = (range.to - range.from) / width;
  const held: (Map<string, number> | undefined)[] = new Array(width);
  for (const span of spans) {
    const from = Math.max(0, (span.start - range.from) / perPixel);
    const to = Math.min(width, ((span.end ?? now) - range.from) / perPixel);
    for (let pixel = Math.floor(from); pixel < to; pixel += 1) {
      const share = Math.min(to, pixel + 1) - Math.max(from, pixel);
      const of = (held[pixel] ??= new Map());
      of.set(span.label, (of.get(span.label) ?? 0) + share);
    }
  }
  const found: Run[] = [];
  for (let pixel = 0; pixel < width; pixel += 1) {
    const label = longest(held[pixel]);
    if (label === undefined) continue;
    const last = found.at(-1);
    if (last?.label === label && last.to === pixel) last.to += 1;
    else found.push({ label, from: pixel, to: pixel + 1 });
  }
  return found;
};

const longest = (held: Map<string, number> | undefined): string | undefined => {
  let best: string | undefined;
  let most = 0;
  for (const [label, share] of held ?? []) if (share > most) [best, most] = [label, share];
  return best;
};

/** How much of a range each label held, in ms, the longest first. */
export const shares = (spans: readonly Span[], range: Range, now: number): [string, number][] => {
  const held = new Map<string, number>();
  for (const span of spans) {
    const time = Math.min(range.to, span.end ?? now) - Math.max(range.from, span.start);
    if (time > 0) held.set(span.label, (held.get(span.label) ?? 0) + time);
  }
  return [...held].sort((a, b) => b[1] - a[1]);
};
