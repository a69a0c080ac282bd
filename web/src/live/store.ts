// The live view's connection: messages into the model, and one redraw a frame however fast they come.
// Touch it when the page asks the daemon for something else.
import { signal } from "@preact/signals";
import { socketUrl } from "../base/url";
import { getJson } from "../net/http";
import { type Link, Socket } from "../net/socket";
import type { LoggedEvent, Message, Segment, SourceInfo } from "../wire";
import { LiveModel, type Need } from "./model";

/** After a longer absence the page begins with the present and the history, instead of replaying every window. */
const LONGEST_REPLAY = 15 * 60_000;
const HOUR = 3_600_000;
/** Titles of how long ago are asked for. */
const TRACKS_HOURS = 6;
const PAGES = 12;

export const model = new LiveModel();
/** Counts up whenever the model has changed. */
export const version = signal(0);

/** The model for a component: it draws itself anew whenever the model has changed. */
export const useModel = (): LiveModel => {
  void version.value;
  return model;
};

export const link = signal<Link>({ state: "connecting" });
/** What the history cannot tell, and why; empty while it can. */
export const historyTrouble = signal("");
/** Which source is looked at; empty for the first. */
export const chosen = signal("");

let socket: Socket | null = null;
let drawn = true;
let covered = Infinity;

export const touch = (): void => {
  if (!drawn) return;
  drawn = false;
  requestAnimationFrame(() => {
    drawn = true;
    version.value += 1;
  });
};

/** The daemon's clock. */
export const daemonNow = (): number => Date.now() + model.clock;

export const start = (): void => {
  if (socket !== null) return;
  // Asked at once, for a daemon that wants a token says so here, and on a WebSocket only after it has waited for one.
  soon("sources", inform);
  socket = new Socket({
    url: () => {
      const since = Date.now() - model.heardAt < LONGEST_REPLAY ? model.since() : undefined;
      return socketUrl("v1/events", { top_k: 32, since });
    },
    protocol: "genrecast.v1.json",
    silence: () => (2 * model.heartbeat + 5) * 1000,
    onLink: (next) => (link.value = next),
    onText: (text) => {
      link.peek().state === "open" || (link.value = { state: "open" });
      follow(model.apply(JSON.parse(text) as Message));
      touch();
    },
  });
};

const follow = (need: Need): void => {
  if (need === "sources") soon("sources", inform);
  if (need === "history") soon("history", reload);
  if (need === "restart") {
    model.epoch = "";
    socket?.again();
  }
};

const due = new Map<string, number>();

/** Once for all that is asked for within a moment. */
const soon = (name: string, what: () => Promise<void>): void => {
  if (due.has(name)) return;
  due.set(
    name,
    setTimeout(() => {
      due.delete(name);
      what().catch((error: unknown) => console.warn(`${name}: ${String(error)}`));
    }, 50) as unknown as number,
  );
};

const inform = async (): Promise<void> => {
  const answer = await getJson<{ time: string; sources: SourceInfo[] }>("v1/sources");
  model.inform(answer.sources, Date.parse(answer.time));
  touch();
};

const reload = async (): Promise<void> => {
  const from = Math.min(covered, daemonNow() - HOUR);
  covered = Infinity;
  await cover(from);
  const query = { types: "track.started,track.ended", from: `-${TRACKS_HOURS}h`, limit: 1000 };
  const { events } = await getJson<{ events: LoggedEvent[] }>("v1/history", query);
  for (const event of events) {
    if (event.type === "track.started") model.tracks.started(event);
    if (event.type === "track.ended") model.tracks.ended(event);
  }
  touch();
};

/** Makes sure that the timeline knows everything from this time on. */
export const cover = async (from: number): Promise<void> => {
  if (from >= covered) return;
  const before = covered;
  covered = from;
  try {
    let cursor: string | undefined;
    for (let page = 0; page < PAGES; page += 1) {
      const query = { from: new Date(from).toISOString(), cursor };
      const answer = await getJson<{ segments: Segment[]; next?: string }>("v1/history/segments", query);
      model.segments.merge(answer.segments);
      touch();
      if (answer.next === undefined) break;
      cursor = answer.next;
    }
    historyTrouble.value = "";
  } catch (error) {
    covered = before;
    historyTrouble.value = error instanceof Error ? error.message : String(error);
  }
};
