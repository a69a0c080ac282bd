// The palette of mel pictures: magma (Stéfan van der Walt and Nathaniel Smith, CC0), whose lightness rises evenly, so that
// equal steps of level look equal, also to colour-blind people and in grey. palette.test.ts measures that.
import { gamma, linear, oklab, parse, type Rgb, unOklab } from "./colour";

const ANCHORS = [
  "#000004", "#180f3d", "#440f76", "#721f81", "#9e2f7f", "#cd4071", "#f1605d", "#fd9668", "#feca8d", "#fcfdbf",
];

const inLab = ANCHORS.map((hex) => oklab(parse(hex).map(linear) as unknown as Rgb));

/** A level from 0 to 1 as sRGB, 0 to 255 each. */
const colourAt = (level: number): [number, number, number] => {
  const at = level * (inLab.length - 1);
  const place = Math.min(inLab.length - 2, Math.floor(at));
  const [from, to] = [inLab[place]!, inLab[place + 1]!];
  const mixed = from.map((value, axis) => value + (to[axis]! - value) * (at - place)) as unknown as Rgb;
  return unOklab(mixed).map((c) => Math.round(255 * gamma(Math.min(1, Math.max(0, c))))) as [number, number, number];
};

/** 256 colours as the 32-bit numbers of an ImageData (red in the lowest byte). */
export const MAGMA: Uint32Array = Uint32Array.from({ length: 256 }, (_, level) => {
  const [r, g, b] = colourAt(level / 255);
  return (0xff000000 | (b << 16) | (g << 8) | r) >>> 0;
});

/** Paints columns × bands bytes (column by column, lowest band first) as a picture with the lowest band at the bottom. */
export const melImage = (data: Uint8Array, columns: number, bands: number): ImageData => {
  const image = new ImageData(columns, bands);
  const pixels = new Uint32Array(image.data.buffer);
  for (let column = 0; column < columns; column += 1) {
    for (let band = 0; band < bands; band += 1) {
      pixels[(bands - 1 - band) * columns + column] = MAGMA[data[column * bands + band] ?? 0]!;
    }
  }
  return image;
};
