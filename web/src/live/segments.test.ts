// The timeline's segments: no hole, none twice, bounded, whatever comes in whichever order.
import { beforeEach, describe, expect, it } from "vitest";
import type { ChangedEvent, CorrectedEvent, Segment, StateEvent } from "../wire";
import { MOST, Segments } from "./segments";

const EPOCH = "01K";
const at = (second: number): string => new Date(second * 1000).toISOString();
const logged = (seq: number, second: number) => ({ v: 1, epoch: EPOCH, seq, source: "mic", time: at(second) });

const changed = (seq: number, label: string, start: number, from?: [string, number, number]): ChangedEvent => ({
  type: "genre.changed",
  ...logged(seq, start + 1),
  to: { label, start: at(start) },
  ...(from ? { from: { label: from[0], start: at(from[1]), end: at(from[2]), confidence: 0.9 } } : {}),
});
const told = (seq: number, label: string, start: number, end: number | null): Segment => ({
  source: "mic", label, start: at(start), end: end === null ? null : at(end), confidence: 0.8, epoch: EPOCH, seq,
});
const state = (seq: number, second: number, name: StateEvent["state"]): StateEvent => ({
  type: "source.state", ...logged(seq, second), state: name,
});

let segments: Segments;
const seen = (): [string, number, number | null][] =>
  segments.spans("mic").map((of) => [of.label, of.start / 1000, of.end === null ? null : of.end / 1000]);
beforeEach(() => {
  segments = new Segments();
});

describe("segments", () => {
  it("follow each other without a hole", () => {
    segments.changed(changed(1, "jazz", 10));
    segments.changed(changed(5, "blues", 40, ["jazz", 10, 40]));
    expect(seen()).toEqual([["jazz", 10, 40], ["blues", 40, null]]);
    expect(segments.spans("mic")[0]!.confidence).toBe(0.9);
  });

  it("count an event that comes twice once", () => {
    segments.changed(changed(1, "jazz", 10));
    segments.changed(changed(5, "blues", 40, ["jazz", 10, 40]));
    segments.changed(changed(5, "blues", 40, ["jazz", 10, 40]));
    segments.changed(changed(1, "jazz", 10));
    expect(seen()).toEqual([["jazz", 10, 40], ["blues", 40, null]]);
  });

  it("take the history's word for what was missed, and keep what they know of what ended since", () => {
    segments.changed(changed(1, "jazz", 10));
    segments.changed(changed(9, "rock", 80, ["blues", 40, 80]));
    // Asked for before the change to rock, answered after it.
    segments.merge([told(1, "jazz", 10, 40), told(5, "blues", 40, null)]);
    expect(seen()).toEqual([["jazz", 10, 40], ["blues", 40, 80], ["rock", 80, null]]);
  });

  it("move a corrected start, and the end before it", () => {
    segments.changed(changed(1, "jazz", 10));
    segments.changed(changed(5, "blues", 40, ["jazz", 10, 40]));
    const correction: CorrectedEvent = {
      type: "segment.corrected", ...logged(6, 45), segment_seq: 5, label: "blues", told: at(40), start: at(36),
    };
    segments.corrected(correction);
    expect(seen()).toEqual([["jazz", 10, 36], ["blues", 36, null]]);
  });

  it("end with their source", () => {
    segments.changed(changed(1, "jazz", 10));
    segments.state(state(2, 30, "ended"));
    expect(seen()).toEqual([["jazz", 10, 30]]);
  });

  it("end when the source went away, if a new stream follows", () => {
    segments.changed(changed(1, "jazz", 10));
    segments.state(state(2, 30, "reconnecting"));
    segments.changed(changed(4, "jazz", 90));
    expect(seen()).toEqual([["jazz", 10, 30], ["jazz", 90, null]]);
  });

  it("do not grow without bound", () => {
    segments.merge(Array.from({ length: MOST + 500 }, (_, n) => told(n + 1, "jazz", n, n + 1)));
    expect(segments.spans("mic")).toHaveLength(MOST);
    expect(segments.spans("mic").at(-1)!.start).toBe((MOST + 499) * 1000);
  });
});
