// The models view: all on one scale, then a card for each. Reports are fetched one after the other when the view is opened.
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { getJson } from "../net/http";
import "../style/models.css";
import type { ModelEntry } from "../upload/types";
import { Card } from "./card";
import { Overview } from "./overview";
import type { Report } from "./types";

const models = signal<readonly ModelEntry[]>([]);
const reports = signal<ReadonlyMap<string, Report>>(new Map());
const trouble = signal("");

/** The configured one first. */
const order = (a: ModelEntry, b: ModelEntry): number =>
  Number(b.configured) - Number(a.configured) || a.id.localeCompare(b.id);

const load = async (): Promise<void> => {
  if (models.value.length > 0) return;
  try {
    const answer = await getJson<{ models: ModelEntry[] }>("v1/models");
    const genres = answer.models.filter((of) => of.role !== "gate").sort(order);
    models.value = [...genres, ...answer.models.filter((of) => of.role === "gate")];
    for (const of of models.value.filter((entry) => entry.has_report !== false)) {
      const report = await getJson<Report>(`v1/models/${encodeURIComponent(of.id)}/report`);
      reports.value = new Map(reports.value).set(of.id, report);
    }
  } catch (error) {
    trouble.value = error instanceof Error ? error.message : String(error);
  }
};

export const Models = () => {
  useEffect(() => void load(), []);
  return (
    <>
      <h1 class="hidden">Models</h1>
      {trouble.value && <p class="trouble">{trouble.value}</p>}
      <Overview models={models.value} reports={reports.value} />
      {models.value.map((of) => (
        <Card key={of.id} model={of} report={reports.value.get(of.id)} />
      ))}
    </>
  );
};
