// The timeline's segments: what the history tells of before, carried on by the events of now, each segment once and none
// lost. The rules are those of the daemon's own `/v1/history/segments`. Touch it when a segment is bounded otherwise.
import type { ChangedEvent, CorrectedEvent, Segment, StateEvent } from "../wire";

export interface Span {
  /** EPOCH:SEQ of the `genre.changed` that began it: what tells segments apart. */
  id: string;
  label: string;
  /** Both in ms; the end of one that goes on is null. */
  start: number;
  end: number | null;
  confidence: number | null;
}

/** Most segments kept of one source: a week with a change every minute and a half. */
export const MOST = 6000;

const ms = (time: string): number => Date.parse(time);

export class Segments {
  private readonly of = new Map<string, Span[]>();
  private readonly away = new Map<string, number>();

  sources(): string[] {
    return [...this.of.keys()];
  }

  /** By start. */
  spans(source: string): readonly Span[] {
    return this.of.get(source) ?? [];
  }

  forget(): void {
    this.of.clear();
    this.away.clear();
  }

  /** Takes in what the history tells. Its word on what has ended holds; what it has still open may have ended since. */
  merge(segments: readonly Segment[]): void {
    const known = new Map<string, Map<string, Span>>();
    for (const told of segments) {
      const spans = this.list(told.source);
      let byId = known.get(told.source);
      if (byId === undefined) known.set(told.source, (byId = new Map(spans.map((span) => [span.id, span]))));
      const end = told.end === null ? null : ms(told.end);
      const id = `${told.epoch}:${told.seq}`;
      const news: Span = { id, label: told.label, start: ms(told.start), end, confidence: told.confidence ?? null };
      const span = byId.get(id);
      if (span === undefined) {
        spans.push(news);
        byId.set(id, news);
      } else if (end !== null) {
        Object.assign(span, news);
      }
    }
    for (const source of known.keys()) this.settle(source);
  }

  changed(event: ChangedEvent): void {
    const spans = this.list(event.source);
    const id = `${event.epoch}:${event.seq}`;
    if (spans.some((span) => span.id === id)) return;
    const start = ms(event.to.start);
    const open = spans.at(-1);
    if (open !== undefined && open.end === null) {
      const { from } = event;
      if (from !== undefined && from.label === open.label) {
        open.start = ms(from.start);
        open.confidence = from.confidence ?? null;
        open.end = Math.max(ms(from.end), open.start);
      } else {
        open.end = Math.max(this.away.get(event.source) ?? start, open.start);
      }
    }
    this.away.delete(event.source);
    spans.push({ id, label: event.to.label, start, end: null, confidence: null });
    this.settle(event.source);
  }

  corrected(event: CorrectedEvent): void {
    const spans = this.list(event.source);
    const place = spans.findIndex((span) => span.id === `${event.epoch}:${event.segment_seq}`);
    const span = spans[place];
    if (span === undefined) return;
    const before = spans[place - 1];
    const start = ms(event.start);
    // Only if the two met.
    if (before !== undefined && before.end === span.start) before.end = Math.max(start, before.start);
    span.start = start;
  }

  state(event: StateEvent): void {
    const at = ms(event.time);
    if (event.state === "reconnecting" || event.state === "stalled") {
      if (!this.away.has(event.source)) this.away.set(event.source, at);
    }
    if (event.state !== "ended" && event.state !== "failed") return;
    const open = this.list(event.source).at(-1);
    if (open !== undefined && open.end === null) open.end = Math.max(at, open.start);
  }

  private list(source: string): Span[] {
    let spans = this.of.get(source);
    if (spans === undefined) this.of.set(source, (spans = []));
    return spans;
  }

  /** In order, bounded, and with nothing open but the last. */
  private settle(source: string): void {
    const spans = this.list(source);
    spans.sort((a, b) => a.start - b.start);
    if (spans.length > MOST) spans.splice(0, spans.length - MOST);
    for (let place = 0; place + 1 < spans.length; place += 1) {
      const span = spans[place]!;
      if (span.end === null) span.end = Math.max(spans[place + 1]!.start, span.start);
    }
  }
}
