// report.json as training writes it, as far as the page draws it. Every part may be missing: models differ.

export interface GenreFigures {
  clips: number;
  precision: number;
  recall: number;
  f1: number;
}

export interface Split {
  accuracy: number;
  n: number;
  accuracy_interval_95?: [number, number];
  macro_f1?: number;
  top_2?: number;
  top_3?: number;
  nll?: number;
  ece_15?: number;
  genres?: Record<string, GenreFigures>;
  confusion?: { labels: string[]; rows_true_columns_named: number[][] };
}

export interface Epoch {
  epoch: number;
  train_loss?: number;
  valid_accuracy?: number;
  valid_nll?: number;
}

export interface MeanMel {
  steps: number;
  bands: number;
  low: number;
  high: number;
  /** Of each genre one line of hexadecimal bytes a band, lowest first. */
  genres: Record<string, string[]>;
}

export interface Condition {
  accuracy: number;
  difference: number;
  lost?: number;
  gained?: number;
  mcnemar_p?: number;
  nll?: number;
}

export interface Report {
  model?: string;
  facts?: { parameters?: number };
  calibration?: { temperature?: number; abstain_below?: number };
  splits?: Record<string, Split>;
  curve?: Epoch[];
  mean_mel?: MeanMel | Record<string, never>;
  robustness?: { split: string; clips: number; conditions: Record<string, Condition> };
  /** Of a gate: shares of each true state that were told as another. */
  scenes?: { confusion?: Record<string, Record<string, number>> };
}

const NAMES: Record<string, string> = {
  fault_filtered: "artist-disjoint split",
  random: "random split (artists on both sides)",
};

export const splitName = (key: string): string => NAMES[key] ?? key.replaceAll("_", " ");

/** Wilson's interval of a share at 95 % (E. B. Wilson, 1927), for reports that have none. */
export const wilson = (share: number, n: number): [number, number] => {
  const z = 1.959964;
  const middle = (share + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const half = (z / (1 + (z * z) / n)) * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n));
  return [middle - half, middle + half];
};

export const intervalOf = (split: Split): [number, number] => split.accuracy_interval_95 ?? wilson(split.accuracy, split.n);
