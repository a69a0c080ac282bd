// Titles that sources announced, the newest first, each once. Touch it when a track has more to tell.
import type { TrackEndedEvent, TrackStartedEvent } from "../wire";

export interface TrackView {
  source: string;
  title: string;
  start: number;
  end: number | null;
  genre: string | null;
  share: number | null;
}

/** Most titles kept. */
export const MOST_TRACKS = 200;

export class Tracks {
  private list: TrackView[] = [];

  /** Newest first. */
  all(): readonly TrackView[] {
    return this.list;
  }

  started(event: TrackStartedEvent): void {
    const start = Date.parse(event.start);
    if (this.find(event.source, event.title, start)) return;
    for (const track of this.list) {
      if (track.source === event.source && track.end === null && track.start <= start) track.end = start;
    }
    this.add({ source: event.source, title: event.title, start, end: null, genre: null, share: null });
  }

  ended(event: TrackEndedEvent): void {
    const start = Date.parse(event.start);
    const told = { end: Date.parse(event.end), genre: event.genre ?? null, share: event.share ?? null };
    const known = this.find(event.source, event.title, start);
    if (known) Object.assign(known, told);
    else this.add({ source: event.source, title: event.title, start, ...told });
  }

  private find(source: string, title: string, start: number): TrackView | undefined {
    return this.list.find((of) => of.source === source && of.start === start && of.title === title);
  }

  private add(track: TrackView): void {
    this.list.push(track);
    this.list.sort((a, b) => b.start - a.start);
    this.list.length = Math.min(this.list.length, MOST_TRACKS);
  }
}
