// Does the mel palette rise evenly in lightness, as it says?
import { describe, expect, it } from "vitest";
import { linear, oklab, type Rgb } from "./colour";
import { MAGMA } from "./palette";

const lightness = (colour: number): number =>
  oklab([colour & 255, (colour >> 8) & 255, (colour >> 16) & 255].map((c) => linear(c / 255)) as unknown as Rgb)[0];

describe("the mel palette", () => {
  it("rises evenly in lightness", () => {
    const steps = [];
    for (let level = 32; level < 256; level += 16) steps.push(lightness(MAGMA[level]!) - lightness(MAGMA[level - 16]!));
    const mean = steps.reduce((a, b) => a + b) / steps.length;
    for (const step of steps) {
      expect(step).toBeGreaterThan(mean * 0.5);
      expect(step).toBeLessThan(mean * 1.6);
    }
  });

  it("goes from nearly black to nearly white, opaque", () => {
    expect(lightness(MAGMA[0]!)).toBeLessThan(0.1);
    expect(lightness(MAGMA[255]!)).toBeGreaterThan(0.95);
    expect(MAGMA.every((colour) => colour >>> 24 === 255)).toBe(true);
  });
});
