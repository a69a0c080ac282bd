// From time to pixels: runs, ranges, ticks, and columns of the spectrogram.
import { describe, expect, it } from "vitest";
import { MelQueue, MOST_WAITING, readFrame } from "./mel";
import { DAY, HOUR, LONGEST, move, rangeOf, SHORTEST, ticks, zoom } from "./range";
import { runs, shares } from "./runs";
import type { Span } from "./segments";

const span = (label: string, start: number, end: number | null): Span => ({ id: label + start, label, start, end, confidence: null });

describe("runs", () => {
  it("join neighbours of one label and leave holes where nothing is known", () => {
    const spans = [span("jazz", 0, 20), span("jazz", 20, 30), span("rock", 50, null)];
    expect(runs(spans, { from: 0, to: 100 }, 10, 70)).toEqual([
      { label: "jazz", from: 0, to: 3 },
      { label: "rock", from: 5, to: 7 },
    ]);
  });

  it("give each pixel the label that held longest in it", () => {
    const spans = [span("jazz", 0, 4), span("rock", 4, 10), span("pop", 10, 19), span("jazz", 19, 20)];
    expect(runs(spans, { from: 0, to: 20 }, 2, 20).map((run) => run.label)).toEqual(["rock", "pop"]);
  });

  it("know how long each label held", () => {
    expect(shares([span("jazz", 0, 30), span("rock", 30, null)], { from: 20, to: 100 }, 60)).toEqual([["rock", 30], ["jazz", 10]]);
  });
});

describe("ranges", () => {
  const now = Date.UTC(2026, 0, 10);
  it("follow the present until they are moved, and again when they are back", () => {
    const before = move({ width: HOUR, end: null }, -0.5, now);
    expect(before.end).toBe(now - HOUR / 2);
    expect(move(before, 0.5, now).end).toBeNull();
  });
  it("zoom about a point and within bounds", () => {
    const place = zoom({ width: DAY, end: now - DAY }, 0.5, 0.25, now);
    const range = rangeOf(place, now);
    expect(range.from + 0.25 * place.width).toBeCloseTo(now - 2 * DAY + 0.25 * DAY);
    expect(zoom({ width: HOUR, end: null }, 1e-9, 1, now).width).toBe(SHORTEST);
    expect(zoom({ width: HOUR, end: null }, 1e9, 1, now)).toEqual({ width: LONGEST, end: null });
  });
  it("have ticks that are no nearer than asked", () => {
    const found = ticks({ from: now - HOUR, to: now }, 4 * 60_000);
    expect(found.length).toBeGreaterThan(10);
    for (const [place, tick] of found.entries()) {
      if (place > 0) expect(tick.at - found[place - 1]!.at).toBe(5 * 60_000);
    }
  });
});

const frame = (index: number, columns: number, bands = 2): ArrayBuffer => {
  const buffer = new ArrayBuffer(12 + columns * bands);
  const view = new DataView(buffer);
  view.setBigUint64(0, BigInt(index), true);
  view.setUint16(8, columns, true);
  view.setUint16(10, bands, true);
  new Uint8Array(buffer, 12).fill(index);
  return buffer;
};

describe("mel columns", () => {
  it("are read from a frame, and from none that is cut", () => {
    expect(readFrame(frame(7, 3))).toMatchObject({ index: 7, bands: 2 });
    expect(readFrame(frame(7, 3).slice(0, 15))).toBeNull();
    expect(readFrame(new ArrayBuffer(3))).toBeNull();
  });

  it("leave a hole where columns were lost, and come once", () => {
    const queue = new MelQueue();
    queue.push(readFrame(frame(10, 2))!);
    queue.push(readFrame(frame(15, 2))!);
    queue.push(readFrame(frame(15, 2))!);
    expect(queue.take(99).map((column) => column?.[0] ?? null)).toEqual([10, 10, null, null, null, 15, 15]);
  });

  it("wait in a queue that is bounded", () => {
    const queue = new MelQueue();
    for (let n = 0; n < 1000; n += 1) queue.push(readFrame(frame(n * 8, 8))!);
    expect(queue.length).toBe(MOST_WAITING);
    queue.restart();
    queue.push(readFrame(frame(0, 1))!);
    expect(queue.take(999).at(-1)![0]).toBe(0);
  });
});
