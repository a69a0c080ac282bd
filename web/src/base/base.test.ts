// How times, shares and sizes are written, and ULIDs.
import { describe, expect, it } from "vitest";
import { duration, percent, position, size } from "./text";
import { ulid } from "./ulid";

describe("words", () => {
  it("tell how long", () => {
    expect([4.4, 60, 125, 3600, 3780, 90_000].map(duration)).toEqual(["4 s", "1 min", "2 min 5 s", "1 h", "1 h 3 min", "1 d 1 h"]);
    expect([7, 187, 3727].map(position)).toEqual(["0:07", "3:07", "1:02:07"]);
  });
  it("tell how much", () => {
    expect([0, 0.001, 0.974, 1].map(percent)).toEqual(["0 %", "< 1 %", "97 %", "100 %"]);
    expect([12, 3400, 3_400_000, 2.5e9].map(size)).toEqual(["12 B", "3 kB", "3.4 MB", "2.50 GB"]);
  });
});

describe("ULIDs", () => {
  it("have 26 digits, are unique and sort by time", () => {
    const many = new Set(Array.from({ length: 500 }, () => ulid()));
    expect(many.size).toBe(500);
    for (const id of many) expect(id).toMatch(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/);
    expect(ulid(1).slice(0, 10) < ulid(2_000_000_000_000).slice(0, 10)).toBe(true);
    // The example of the specification.
    expect(ulid(1_469_918_176_385).slice(0, 10)).toBe("01ARYZ6S41");
  });
});
