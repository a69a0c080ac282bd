// What the live view makes of messages: each event once, another run, gaps, sources that come and go.
import { describe, expect, it } from "vitest";
import type { Hello, Message, WindowEvent } from "../wire";
import { inOrder, LiveModel } from "./model";

const info = { id: "m", sha256: "", device: "cpu", runtime: "tract" };
const hello: Hello = {
  type: "hello", version: "1", epoch: "A", sources: ["mic"], labels: ["blues", "jazz"], model: info, limits: { heartbeat_s: 15 },
};
const window = (epoch: string, seq: number, label = "jazz", source = "mic"): WindowEvent => ({
  type: "genre.window", v: 1, epoch, seq, source, time: "2026-01-01T00:00:00Z",
  window: { start: "2026-01-01T00:00:00Z", end: "2026-01-01T00:00:30Z", seconds: 30 },
  provisional: false, state: "music", top: [{ label, p: 0.9 }],
  stable: { label, since: "2026-01-01T00:00:00Z", since_seq: 1 },
  audio: { clipped: 0, gap_ms: 0 }, timing: { capture_to_emit_ms: 1 }, model: info,
});
const after = (...messages: Message[]): LiveModel => {
  const model = new LiveModel();
  for (const message of messages) model.apply(message);
  return model;
};

describe("the live model", () => {
  it("shows the snapshot's genre and remembers where it stands", () => {
    const model = after(hello, { type: "snapshot", epoch: "A", seq: 7, sources: [{ source: "mic", window: window("A", 7) }] });
    expect(model.sources[0]!.window!.stable.label).toBe("jazz");
    expect(model.since()).toBe("A:7");
    expect(model.segments.spans("mic")).toHaveLength(1);
  });

  it("takes an event once", () => {
    const model = after(hello, window("A", 8, "jazz"), window("A", 9, "blues"));
    expect(model.apply(window("A", 8, "jazz"))).toBe("nothing");
    expect(model.sources[0]!.window!.stable.label).toBe("blues");
    expect(model.since()).toBe("A:9");
  });

  it("goes on in another run, from 1", () => {
    const model = after(
      hello,
      window("A", 9),
      { type: "gap", epoch: "A", from_seq: 10, to_seq: 9, reason: "restart", next_epoch: "B" },
      window("B", 1, "blues"),
    );
    expect(model.since()).toBe("B:1");
    expect(model.missed).toBe(0);
  });

  it("asks for the history when events are gone for good, and counts them", () => {
    const model = after(hello, window("A", 9));
    expect(model.apply({ type: "gap", epoch: "A", from_seq: 10, to_seq: 19, reason: "evicted" })).toBe("history");
    expect([model.missed, model.since()]).toEqual([10, "A:19"]);
  });

  it("moves on with heartbeats", () => {
    expect(after(hello, { type: "heartbeat", epoch: "A", cursor: 31 }).since()).toBe("A:31");
  });

  it("asks about a source that it does not know, and drops one that is no more", () => {
    const model = after(hello);
    expect(model.apply(window("A", 2, "jazz", "radio"))).toBe("sources");
    model.inform([{ name: "radio", uri: "http:", state: "live" }], 5000, 4000);
    expect(model.sources.map((of) => of.name)).toEqual(["radio"]);
    expect(model.clock).toBe(1000);
  });

  it("says aloud changes of the genre only", () => {
    const model = after(hello, window("A", 2));
    expect(model.spoken).toBe("");
    const logged = { v: 1, epoch: "A", seq: 3, source: "mic", time: "2026-01-01T00:00:00Z" };
    model.apply({ type: "genre.changed", ...logged, to: { label: "blues", start: logged.time } });
    expect(model.spoken).toBe("mic: blues");
  });

  it("leaves the bars in the order of the labels", () => {
    expect(inOrder(["blues", "jazz"], [{ label: "jazz", p: 0.9 }])).toEqual([{ label: "blues", p: 0 }, { label: "jazz", p: 0.9 }]);
  });
});
