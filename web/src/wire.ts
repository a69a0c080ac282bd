// The messages of genrecast.v1 as far as the page reads them. Fields that it does not know are ignored, as the protocol asks.
// Touch it when the page is to show another field.

export interface Score {
  label: string;
  p: number;
}

interface Logged {
  v: number;
  epoch: string;
  seq: number;
  source: string;
  time: string;
}

export type SourceStateName = "starting" | "live" | "silent" | "stalled" | "reconnecting" | "failed" | "ended";
export type Heard = "music" | "speech" | "mixed" | "noise" | "silence" | "signal";

export interface StateEvent extends Logged {
  type: "source.state";
  state: SourceStateName;
  reason?: string;
  remedy?: string;
}

export interface WindowEvent extends Logged {
  type: "genre.window";
  window: { start: string; end: string; seconds: number };
  provisional: boolean;
  state: Heard;
  top: Score[];
  stable: { label: string; since: string; since_seq?: number };
  audio: { rms_dbfs?: number; silence?: string; clipped: number; gap_ms: number };
  timing: { capture_to_emit_ms: number };
  model: ModelInfo;
  track?: { title: string; start: string };
}

export interface ModelInfo {
  id: string;
  sha256: string;
  device: string;
  runtime: string;
}

export interface ChangedEvent extends Logged {
  type: "genre.changed";
  from?: { label: string; start: string; end: string; confidence?: number };
  to: { label: string; start: string };
}

export interface CorrectedEvent extends Logged {
  type: "segment.corrected";
  segment_seq: number;
  label: string;
  told: string;
  start: string;
}

export interface TrackStartedEvent extends Logged {
  type: "track.started";
  title: string;
  start: string;
}

export interface TrackEndedEvent extends Logged {
  type: "track.ended";
  title: string;
  start: string;
  end: string;
  genre?: string;
  p?: number;
  share?: number;
}

export interface GapEvent extends Logged {
  type: "source.gap";
  from: string;
  to: string;
  from_s: number;
  to_s: number;
  reason: string;
}

export type LoggedEvent =
  | StateEvent
  | WindowEvent
  | ChangedEvent
  | CorrectedEvent
  | TrackStartedEvent
  | TrackEndedEvent
  | GapEvent;

export interface Hello {
  type: "hello";
  version: string;
  epoch: string;
  sources: string[];
  labels: string[];
  model: ModelInfo;
  limits: { heartbeat_s: number };
}

export interface Snapshot {
  type: "snapshot";
  epoch: string;
  seq: number;
  sources: { source: string; state?: StateEvent; window?: WindowEvent }[];
}

/** Events that do not come. */
export interface Missed {
  type: "gap";
  epoch: string;
  from_seq: number;
  to_seq: number;
  reason: "evicted" | "not_recorded" | "damaged" | "unknown_epoch" | "restart";
  complete?: boolean;
  next_epoch?: string;
}

export interface Heartbeat {
  type: "heartbeat" | "pong";
  epoch: string;
  cursor?: number;
}

export interface ErrorMessage {
  type: "error";
  code: string;
  message: string;
  fatal: boolean;
}

export type Message = LoggedEvent | Hello | Snapshot | Missed | Heartbeat | ErrorMessage;

/** Of `/v1/history/segments`. */
export interface Segment {
  source: string;
  label: string;
  start: string;
  end: string | null;
  confidence?: number | null;
  epoch: string;
  seq: number;
}

/** Of `/v1/sources`. */
export interface SourceInfo {
  name: string;
  uri: string;
  state: SourceStateName;
  reason?: string;
  remedy?: string;
  native_hz?: number;
  title?: string;
}

export const UNKNOWN = "unknown";
export const SILENCE = "silence";
