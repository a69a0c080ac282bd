// A confusion matrix as a heat map: a table whose cells are coloured by the share of their row, so that it can be read aloud.
import { theme } from "../base/theme";
import { inkOn, mix } from "../draw/colour";

/** A share of nothing, and of everything. */
const ENDS = { light: ["#efece5", "#2446a8"], dark: ["#25272d", "#8fb0ff"] } as const;

interface Props {
  labels: readonly string[];
  columns?: readonly string[];
  /** Counts or shares, a row for each true label. */
  rows: readonly (readonly number[])[];
  caption: string;
  /** How a cell is written. */
  text: (value: number) => string;
}

export const HeatMap = ({ labels, columns = labels, rows, caption, text }: Props) => (
  <div class="scroll-x" tabIndex={0} role="group" aria-label={caption}>
    <table class="heat">
      <caption>{caption}</caption>
      <thead>
        <tr>
          <td />
          {columns.map((label) => (
            <th key={label} scope="col">
              <span>{label}</span>
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row, at) => {
          const sum = row.reduce((a, b) => a + b, 0) || 1;
          return (
            <tr key={labels[at]}>
              <th scope="row">{labels[at]}</th>
              {row.map((value, column) => {
                const share = value / sum;
                const ground = mix(ENDS[theme.value][0], ENDS[theme.value][1], share);
                const right = labels[at] === columns[column];
                return (
                  <td
                    key={columns[column]}
                    class={right ? "right" : ""}
                    style={{ background: ground, color: value === 0 ? "transparent" : inkOn(ground) }}
                    title={`${labels[at]} named ${columns[column]}: ${text(value)}`}
                  >
                    {text(value)}
                  </td>
                );
              })}
            </tr>
          );
        })}
      </tbody>
    </table>
  </div>
);
