// Precision, recall and F1 of each genre, with F1 as a bar.
import { theme } from "../base/theme";
import { percent } from "../base/text";
import { colourOf } from "../draw/genres";
import { Swatch } from "../draw/swatch";
import type { Split } from "./types";

export const GenreTable = ({ split, labels }: { split: Split; labels: readonly string[] }) => (
  <div class="scroll-x tall" tabIndex={0} role="group" aria-label="Figures of each genre">
    <table class="genre-table">
      <caption>Of each genre</caption>
      <thead>
        <tr>
          <th scope="col">genre</th>
          <th scope="col" class="number">clips</th>
          <th scope="col" class="number">precision</th>
          <th scope="col" class="number">recall</th>
          <th scope="col">F1</th>
        </tr>
      </thead>
      <tbody>
        {Object.entries(split.genres ?? {}).map(([label, of]) => (
          <tr key={label}>
            <th scope="row">
              <Swatch label={label} labels={labels} /> {label}
            </th>
            <td class="number">{of.clips}</td>
            <td class="number">{percent(of.precision)}</td>
            <td class="number">{percent(of.recall)}</td>
            <td>
              <span class="f1">
                <span class="f1-track" aria-hidden="true">
                  <span style={{ width: `${of.f1 * 100}%`, background: colourOf(label, theme.value, labels) }} />
                </span>
                {of.f1.toFixed(2)}
              </span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  </div>
);
