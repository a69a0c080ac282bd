// What the live view knows, built from messages alone: no drawing, no network. Bounded, however long it runs.
// Touch it when the view is to know something new.
import type { Hello, LoggedEvent, Message, ModelInfo, Score, SourceInfo, StateEvent, WindowEvent } from "../wire";
import { Segments } from "./segments";
import { Tracks } from "./tracks";

export interface SourceView {
  name: string;
  info: SourceInfo | null;
  state: StateEvent | null;
  window: WindowEvent | null;
}

/** What has to be asked for anew after a message. */
export type Need = "nothing" | "history" | "sources" | "restart";

export class LiveModel {
  epoch = "";
  seq = 0;
  version = "";
  labels: string[] = [];
  engine: ModelInfo | null = null;
  heartbeat = 15;
  sources: SourceView[] = [];
  readonly segments = new Segments();
  readonly tracks = new Tracks();
  /** Events that will never come. */
  missed = 0;
  /** The last thing worth saying aloud. */
  spoken = "";
  error = "";
  /** Daemon's clock less ours, in ms. */
  clock = 0;
  /** Our time of the last message. */
  heardAt = 0;

  /** After which event to go on; undefined before the first. */
  since(): string | undefined {
    return this.epoch === "" ? undefined : `${this.epoch}:${this.seq}`;
  }

  /** Puts another view of a source in the place of the one before: drawings tell by that what is new. */
  private renew(name: string, news: Partial<SourceView>): void {
    const place = this.sources.findIndex((of) => of.name === name);
    const known = this.sources[place];
    if (known === undefined) this.sources.push({ name, info: null, state: null, window: null, ...news });
    else this.sources[place] = { ...known, ...news };
  }

  apply(message: Message, now = Date.now()): Need {
    this.heardAt = now;
    switch (message.type) {
      case "hello":
        return this.hello(message);
      case "snapshot":
        this.epoch = message.epoch;
        this.seq = message.seq;
        for (const of of message.sources) {
          const { state, window } = of;
          this.renew(of.source, { ...(state && { state }), ...(window && { window }) });
          if (window) this.begun(window);
        }
        return "history";
      case "gap":
        this.missed += Math.max(0, message.to_seq - message.from_seq + 1);
        if (message.next_epoch !== undefined) [this.epoch, this.seq] = [message.next_epoch, 0];
        else if (message.reason !== "unknown_epoch") [this.epoch, this.seq] = [message.epoch, message.to_seq];
        return "history";
      case "heartbeat":
      case "pong":
        if (message.cursor !== undefined) [this.epoch, this.seq] = [message.epoch, message.cursor];
        return "nothing";
      case "error":
        this.error = message.message;
        return message.code === "future_cursor" ? "restart" : "nothing";
      default:
        return "seq" in message ? this.event(message) : "nothing";
    }
  }

  private hello(hello: Hello): Need {
    this.version = hello.version;
    this.labels = hello.labels;
    this.engine = hello.model;
    this.heartbeat = hello.limits.heartbeat_s;
    this.error = "";
    for (const name of hello.sources) this.renew(name, {});
    this.sources = this.sources.filter((of) => hello.sources.includes(of.name));
    return "sources";
  }

  /** The segment that goes on, as the snapshot's window has it: the timeline begins there where no history is kept. */
  private begun({ source, epoch, stable }: WindowEvent): void {
    if (stable.since_seq === undefined) return;
    const { label, since: start, since_seq: seq } = stable;
    this.segments.merge([{ source, label, start, end: null, epoch, seq }]);
  }

  /** Takes in an event; one that came before counts for nothing. */
  private event(event: LoggedEvent): Need {
    if (event.epoch === this.epoch && event.seq <= this.seq) return "nothing";
    [this.epoch, this.seq] = [event.epoch, event.seq];
    const known = this.sources.some((of) => of.name === event.source);
    switch (event.type) {
      case "genre.window":
        this.renew(event.source, { window: event });
        this.engine = event.model;
        return known ? "nothing" : "sources";
      case "genre.changed":
        this.segments.changed(event);
        this.spoken = `${event.source}: ${event.to.label}`;
        return "nothing";
      case "segment.corrected":
        this.segments.corrected(event);
        return "nothing";
      case "source.state":
        this.renew(event.source, { state: event });
        this.segments.state(event);
        if (event.state !== "live") this.spoken = [event.source, event.state, event.reason].filter(Boolean).join(", ");
        return "sources";
      case "track.started":
        this.tracks.started(event);
        return "nothing";
      case "track.ended":
        this.tracks.ended(event);
        return "nothing";
      case "source.gap":
        return "nothing";
    }
  }

  /** Takes in `/v1/sources`; sources that are no more go. */
  inform(infos: readonly SourceInfo[], daemonTime: number, now = Date.now()): void {
    this.clock = daemonTime - now;
    for (const info of infos) this.renew(info.name, { info });
    this.sources = this.sources.filter((of) => infos.some((info) => info.name === of.name));
  }
}

/** The bars' order: that of the model's labels, so that none jumps about. */
export const inOrder = (labels: readonly string[], top: readonly Score[]): Score[] =>
  labels.map((label) => ({ label, p: top.find((of) => of.label === label)?.p ?? 0 }));
