// All models on one scale: accuracy of each on each split, with its 95 % interval.
import { percent1 } from "../base/text";
import type { ModelEntry } from "../upload/types";
import { intervalOf, type Report, splitName } from "./types";

interface Props {
  models: readonly ModelEntry[];
  reports: ReadonlyMap<string, Report>;
}

const SPLITS = ["fault_filtered", "random"] as const;

/** To a model's card; the address stays, for it names the view. */
const jump = (event: MouseEvent, id: string): void => {
  event.preventDefault();
  document.getElementById(`model-${id}`)?.scrollIntoView();
};

export const Overview = ({ models, reports }: Props) => {
  const rows = models.filter((of) => reports.get(of.id)?.splits);
  if (rows.length === 0) return null;
  return (
    <section class="panel">
      <div class="panel-head">
        <h2>Accuracy</h2>
        <span class="fine-print">with Wilson's 95 % interval</span>
      </div>
      <ul class="key">
        {SPLITS.map((split) => (
          <li key={split} class={split}>
            <span class="mark" aria-hidden="true" /> {splitName(split)}
          </li>
        ))}
      </ul>
      <ul class="accuracies">
        {rows.map((of) => (
          <li key={of.id}>
            <a href={`#models/${of.id}`} onClick={(event) => jump(event, of.id)}>
              {of.id}
            </a>
            <div class="ranges">
              {SPLITS.map((key) => {
                const split = reports.get(of.id)!.splits![key];
                if (!split) return null;
                const [low, high] = intervalOf(split);
                const words = `${splitName(key)}: ${percent1(split.accuracy)} of ${split.n}, ${percent1(low)} to ${percent1(high)}`;
                return (
                  <div key={key} class={`range ${key}`} title={words}>
                    <span class="hidden">{words}</span>
                    <span class="range-track" aria-hidden="true">
                      <span class="whisker" style={{ left: `${low * 100}%`, width: `${(high - low) * 100}%` }} />
                      <span class="mark" style={{ left: `${split.accuracy * 100}%` }} />
                    </span>
                    <span class="range-value" aria-hidden="true">
                      {percent1(split.accuracy)} <small>of {split.n}</small>
                    </span>
                  </div>
                );
              })}
            </div>
          </li>
        ))}
      </ul>
      <p class="scale-ends" aria-hidden="true">
        <span>0 %</span>
        <span>50 %</span>
        <span>100 %</span>
      </p>
      <p class="fine-print">
        Models were not all measured on the same clips: the number behind each figure says on how many. The valid clips of the artist-disjoint split also chose settings, so its figures are a little kind. On the random split
        artists stand on both sides: it tells how a model compares with others measured so, not how it does on new music.
      </p>
    </section>
  );
};
