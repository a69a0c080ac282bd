// Probability bars, one a label. Touch it when a distribution is shown otherwise.
import { theme } from "../base/theme";
import { percent } from "../base/text";
import type { Score } from "../wire";
import { colourOf } from "./genres";
import { Swatch } from "./swatch";

interface Props {
  scores: readonly Score[];
  labels?: readonly string[];
  /** The one to stand out. */
  best?: string | undefined;
  title: string;
}

export const Bars = ({ scores, labels = [], best, title }: Props) => (
  <ul class="bars" aria-label={title}>
    {scores.map(({ label, p }) => (
      <li key={label} class={label === best ? "bar best" : "bar"} data-label={label} data-p={p.toFixed(4)}>
        <Swatch label={label} labels={labels} />
        <span class="bar-label">{label}</span>
        <span class="bar-track" aria-hidden="true">
          <span
            class="bar-fill"
            style={{ transform: `translateX(${-100 * (1 - Math.max(p, 0.004))}%)`, background: colourOf(label, theme.value, labels) }}
          />
        </span>
        <span class="bar-value">{percent(p)}</span>
      </li>
    ))}
  </ul>
);
