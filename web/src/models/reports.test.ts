// The shapes that the models view draws are those of the reports that come along: read from models/ itself.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { columnsOf } from "./mean_mel";
import { type MeanMel, type Report, wilson } from "./types";

const folder = join(__dirname, "../../../models");
const reports = readdirSync(folder)
  .filter((id) => existsSync(join(folder, id, "report.json")))
  .map((id): [string, Report] => [id, JSON.parse(readFileSync(join(folder, id, "report.json"), "utf8")) as Report]);
const genres = reports.filter(([, report]) => report.splits);

describe("reports", () => {
  it("are there", () => {
    expect(genres.length).toBeGreaterThan(4);
  });

  it.each(genres)("%s: Wilson's interval is the one that training wrote", (_, report) => {
    for (const split of Object.values(report.splits!)) {
      const [low, high] = wilson(split.accuracy, split.n);
      expect(low).toBeCloseTo(split.accuracy_interval_95![0], 4);
      expect(high).toBeCloseTo(split.accuracy_interval_95![1], 4);
    }
  });

  it.each(genres)("%s: the confusion matrix tells the accuracy", (_, report) => {
    for (const split of Object.values(report.splits!)) {
      const rows = split.confusion!.rows_true_columns_named;
      const right = rows.reduce((sum, row, at) => sum + row[at]!, 0);
      expect(right / split.n).toBeCloseTo(split.accuracy, 4);
      expect(rows.flat().reduce((a, b) => a + b)).toBe(split.n);
    }
  });

  it.each(genres)("%s: mean mel pictures are whole", (_, report) => {
    const mel = report.mean_mel as MeanMel;
    for (const lines of Object.values(mel.genres)) {
      const data = columnsOf(lines, mel.steps);
      expect(data).toHaveLength(mel.steps * mel.bands);
      expect(data[0]).toBe(Number.parseInt(lines[0]!.slice(0, 2), 16));
      expect(data.at(-1)).toBe(Number.parseInt(lines.at(-1)!.slice(-2), 16));
    }
  });
});
