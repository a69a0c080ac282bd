// Draws a label's pattern over its colour, on canvas and in SVG swatches alike. Touch it for another pattern.
import type { Pattern } from "./genres";

/** Side of a tile, in CSS pixels. */
export const TILE = 8;

/** The strokes of a tile as an SVG path, which canvas takes, too. */
export const PATHS: Record<Pattern, string> = {
  plain: "",
  rising: "M-2 2L2 -2M0 8L8 0M6 10L10 6",
  falling: "M-2 6L2 10M0 0L8 8M6 -2L10 2",
  level: "M0 2H8M0 6H8",
  upright: "M2 0V8M6 0V8",
  dots: "M2 1.2V2.8M6 5.2V6.8M1.2 2H2.8M5.2 6H6.8",
  grid: "M0 4H8M4 0V8",
  cross: "M0 0L8 8M0 8L8 0",
  wide: "M0 4H8",
  dashes: "M0 2H4M4 6H8",
};

const made = new Map<string, CanvasPattern | null>();

/** A pattern of this ink to fill with; null for a plain one. Kept, because there are few. */
export const tile = (context: CanvasRenderingContext2D, pattern: Pattern, ink: string): CanvasPattern | null => {
  const ratio = Math.max(1, Math.round(devicePixelRatio));
  const key = `${pattern} ${ink} ${ratio}`;
  const known = made.get(key);
  if (known !== undefined) return known;
  let found: CanvasPattern | null = null;
  if (PATHS[pattern] !== "") {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = TILE * ratio;
    const pen = canvas.getContext("2d")!;
    pen.scale(ratio, ratio);
    pen.strokeStyle = ink;
    pen.globalAlpha = 0.42;
    pen.lineWidth = 1.4;
    pen.stroke(new Path2D(PATHS[pattern]));
    found = context.createPattern(canvas, "repeat");
    // The context is scaled already.
    found?.setTransform(new DOMMatrix().scale(1 / ratio));
  }
  made.set(key, found);
  return found;
};
