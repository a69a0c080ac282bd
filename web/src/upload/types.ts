// What `POST /v1/classify` and `GET /v1/models` answer, as far as the page reads it.
import type { ModelInfo, Score } from "../wire";

export interface Window {
  start_s: number;
  end_s: number;
  provisional: boolean;
  state: string;
  top: Score[];
}

export interface Stretch {
  start_s: number;
  end_s: number;
  label: string;
}

export interface Heard {
  model: ModelInfo;
  verdict: { label: string; reason?: string };
  top: Score[];
  segments: Stretch[];
  windows: Window[];
}

export interface Mel {
  sample_rate: number;
  bands: number;
  columns: number;
  seconds_per_column: number;
  min_db: number;
  max_db: number;
  scale?: string;
  /** Base 64 of columns × bands bytes, lowest band first. */
  data: string;
}

export interface Result {
  id: string;
  name: string;
  duration_s: number;
  bytes: number;
  damage?: string;
  results: Heard[];
  mel?: Mel;
}

/** Of `GET /v1/classify/ID`. */
export interface Progress {
  id: string;
  state: "waiting" | "hearing" | "done" | "failed" | "cancelled";
  position?: number;
  heard_s?: number;
  bytes?: number;
}

export interface ModelEntry {
  id: string;
  title?: string;
  role?: string;
  kind?: string;
  labels?: string[];
  parameters?: number;
  pretrained?: boolean;
  distilled?: boolean;
  accuracy?: number;
  configured: boolean;
  loaded?: boolean;
  has_report?: boolean;
}
