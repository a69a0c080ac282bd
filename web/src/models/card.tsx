// One model's card, drawn from its report.json alone. What a report lacks is left out. Touch it for another figure.
import { useState } from "preact/hooks";
import { count, percent, percent1 } from "../base/text";
import { getText } from "../net/http";
import type { ModelEntry } from "../upload/types";
import { Curves } from "./curves";
import { GenreTable } from "./genre_table";
import { HeatMap } from "./heat_map";
import { MeanMels } from "./mean_mel";
import { Robustness } from "./robustness";
import { intervalOf, type MeanMel, type Report, type Split, splitName } from "./types";

interface Props {
  model: ModelEntry;
  report: Report | undefined;
}

const facts = (model: ModelEntry, report: Report | undefined): string =>
  [
    (model.parameters ?? report?.facts?.parameters) !== undefined &&
      `${count((model.parameters ?? report?.facts?.parameters)!)} weights`,
    model.pretrained && "pretrained encoder",
    model.distilled && "distilled",
    model.labels && `${model.labels.length} labels`,
    report?.calibration?.abstain_below !== undefined && `unknown below ${percent(report.calibration.abstain_below)}`,
  ]
    .filter(Boolean)
    .join(" · ");

const Figures = ({ split }: { split: Split }) => {
  const [low, high] = intervalOf(split);
  const more: [string, string][] = [["macro F1", split.macro_f1?.toFixed(3) ?? ""]];
  if (split.top_2 !== undefined) more.push(["in the top two", percent1(split.top_2)]);
  if (split.top_3 !== undefined) more.push(["in the top three", percent1(split.top_3)]);
  if (split.nll !== undefined) more.push(["negative log-likelihood", split.nll.toFixed(3)]);
  if (split.ece_15 !== undefined) more.push(["calibration error", split.ece_15.toFixed(3)]);
  return (
    <dl class="figures">
      <div class="main-figure">
        <dt>accuracy</dt>
        <dd>{percent1(split.accuracy)}</dd>
        <dd class="fine-print">
          {percent1(low)} to {percent1(high)}, {split.n} clips
        </dd>
      </div>
      {more
        .filter(([, value]) => value !== "")
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
};

const Splits = ({ splits, labels }: { splits: Record<string, Split>; labels: readonly string[] }) => {
  const keys = Object.keys(splits);
  const [key, setKey] = useState(keys[0]!);
  const split = splits[key] ?? splits[keys[0]!]!;
  return (
    <>
      {keys.length > 1 && (
        <div class="buttons" role="group" aria-label="Split">
          {keys.map((of) => (
            <button key={of} type="button" class="small" aria-pressed={of === key} onClick={() => setKey(of)}>
              {splitName(of)}
            </button>
          ))}
        </div>
      )}
      {keys.length === 1 && <p class="fine-print">{splitName(key)}</p>}
      <Figures split={split} />
      <div class="columns">
        {split.confusion && (
          <HeatMap
            labels={split.confusion.labels}
            rows={split.confusion.rows_true_columns_named}
            caption="Who is taken for whom: a row for each true genre, a column for what was named"
            text={String}
          />
        )}
        {split.genres && <GenreTable split={split} labels={labels} />}
      </div>
    </>
  );
};

/** CARD.md as it is, fetched when it is asked for. */
const CardText = ({ id }: { id: string }) => {
  const [text, setText] = useState("");
  const load = (open: boolean): void => {
    if (!open || text !== "") return;
    getText(`v1/models/${encodeURIComponent(id)}/card`).then(setText, (error: unknown) => setText(String(error)));
  };
  return (
    <details class="as-table" onToggle={(event) => load((event.currentTarget as HTMLDetailsElement).open)}>
      <summary>The model's card in words</summary>
      <pre tabIndex={0}>{text || "…"}</pre>
    </details>
  );
};

export const Card = ({ model, report }: Props) => {
  const labels = model.labels ?? [];
  const gate = report?.scenes?.confusion;
  return (
    <article class="panel model" id={`model-${model.id}`} aria-label={model.id}>
      <div class="panel-head">
        <h2 class="model-name">{model.id}</h2>
        <span class="fine-print">{facts(model, report)}</span>
        {model.configured && <span class="chip good">configured</span>}
      </div>
      {model.title && <p class="model-title">{model.title}</p>}
      {report?.splits && <Splits splits={report.splits} labels={labels} />}
      {gate && (
        <HeatMap
          labels={Object.keys(gate)}
          rows={Object.values(gate).map((row) => Object.keys(gate).map((label) => row[label] ?? 0))}
          caption="What is taken for what, as shares of each row"
          text={(share) => (share === 0 ? "0" : percent(share))}
        />
      )}
      <div class="columns">
        {report?.curve && report.curve.length > 1 && (
          <section>
            <h3>Training</h3>
            <Curves curve={report.curve} />
          </section>
        )}
        {report?.robustness && (
          <section>
            <h3>Under degraded sound</h3>
            <Robustness of={report.robustness} />
          </section>
        )}
      </div>
      {report?.mean_mel && "genres" in report.mean_mel && (
        <section>
          <h3>What each genre looks like on average</h3>
          <MeanMels mel={report.mean_mel as MeanMel} />
        </section>
      )}
      {!report && model.has_report !== false && <p class="fine-print">…</p>}
      {model.has_report === false && <p class="fine-print">No report came with this model.</p>}
      <CardText id={model.id} />
    </article>
  );
};
