// Are the ten colours told apart, by everybody and on both grounds? Colour blindness is simulated after Machado, Oliveira and
// Fernandes (2009), severity 1, on linear sRGB; distance is that of OKLab.
import { describe, expect, it } from "vitest";
import { contrast, linear, oklab, parse, type Rgb } from "./colour";
import { colourOf, GENRES, lookOf } from "./genres";

const EYES: Record<string, readonly number[]> = {
  usual: [1, 0, 0, 0, 1, 0, 0, 0, 1],
  protanopia: [0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998],
  deuteranopia: [0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881],
  tritanopia: [1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.3039],
};

const seen = (hex: string, eye: readonly number[]): Rgb => {
  const [r, g, b] = parse(hex).map(linear) as unknown as Rgb;
  const row = (n: number): number => Math.min(1, Math.max(0, eye[n]! * r + eye[n + 1]! * g + eye[n + 2]! * b));
  return oklab([row(0), row(3), row(6)]);
};
const distance = (a: Rgb, b: Rgb): number => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);

/** Two colours nearer than this are taken for one another at a glance. */
const APART = 0.085;
const GROUND = { light: "#f8f6f2", dark: "#131417" } as const;

describe("genre colours", () => {
  it("are ten, of the labels that the models have", () => {
    expect(GENRES).toHaveLength(10);
  });

  for (const theme of ["light", "dark"] as const) {
    for (const [name, eye] of Object.entries(EYES)) {
      it(`are apart for ${name} vision, ${theme}`, () => {
        for (const [place, a] of GENRES.entries()) {
          for (const b of GENRES.slice(0, place)) {
            const between = distance(seen(colourOf(a, theme), eye), seen(colourOf(b, theme), eye));
            expect(between, `${a} and ${b}`).toBeGreaterThan(APART);
          }
        }
      });
    }
    it(`stand out from the ground, ${theme}`, () => {
      for (const label of GENRES) {
        expect(contrast(parse(colourOf(label, theme)), parse(GROUND[theme])), label).toBeGreaterThan(3);
      }
    });
  }

  it("have a pattern each", () => {
    expect(new Set(GENRES.map((label) => lookOf(label).pattern)).size).toBe(10);
  });

  it("serve models of other labels, too", () => {
    expect(lookOf("folk", ["folk", "techno"])).not.toBe(lookOf("techno", ["folk", "techno"]));
    expect(lookOf("folk")).toBe(lookOf("unknown"));
  });
});
