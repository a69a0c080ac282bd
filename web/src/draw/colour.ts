// Colours as numbers: sRGB, OKLab (Björn Ottosson, 2020), WCAG contrast. Formulas only; what is coloured how stands elsewhere.

export type Rgb = readonly [number, number, number];

export const parse = (hex: string): Rgb => {
  const n = Number.parseInt(hex.slice(1), 16);
  return [(n >> 16) / 255, ((n >> 8) & 255) / 255, (n & 255) / 255];
};

export const linear = (c: number): number => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
export const gamma = (c: number): number => (c <= 0.0031308 ? 12.92 * c : 1.055 * c ** (1 / 2.4) - 0.055);

/** OKLab of linear sRGB: lightness 0 to 1, and two axes of colour. */
export const oklab = ([r, g, b]: Rgb): Rgb => {
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
};

/** The way back, to linear sRGB. */
export const unOklab = ([L, a, b]: Rgb): Rgb => {
  const l = (L + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (L - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (L - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
};

export const luminance = ([r, g, b]: Rgb): number => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);

/** WCAG 2 contrast of two sRGB colours, 1 to 21. */
export const contrast = (a: Rgb, b: Rgb): number => {
  const [x, y] = [luminance(a), luminance(b)];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
};

/** Black or white, whichever is read better on this colour: one of them always has a contrast of 4.5. */
export const inkOn = (hex: string): string =>
  contrast(parse(hex), [1, 1, 1]) >= contrast(parse(hex), [0, 0, 0]) ? "#ffffff" : "#000000";

/** Between two colours, evenly in OKLab: 0 is the first, 1 the second. */
export const mix = (from: string, to: string, share: number): string => {
  const [a, b] = [from, to].map((hex) => oklab(parse(hex).map(linear) as unknown as Rgb)) as [Rgb, Rgb];
  const mixed = unOklab(a.map((value, axis) => value + (b[axis]! - value) * share) as unknown as Rgb);
  const bytes = mixed.map((c) => Math.round(255 * gamma(Math.min(1, Math.max(0, c)))));
  return `#${bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
};
