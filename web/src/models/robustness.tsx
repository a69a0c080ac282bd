// How a model fares under degraded sound, from the report's table.
import { percent1 } from "../base/text";
import type { Report } from "./types";

const points = (difference: number): string =>
  `${difference < 0 ? "−" : "+"}${Math.abs(difference * 100).toFixed(1)}`;

export const Robustness = ({ of }: { of: NonNullable<Report["robustness"]> }) => (
  <div class="scroll-x tall" tabIndex={0} role="group" aria-label="Figures under degraded sound">
    <table>
      <caption>
        {of.clips} clips ({of.split}), each degraded
      </caption>
      <thead>
        <tr>
          <th scope="col">sound</th>
          <th scope="col" class="number">accuracy</th>
          <th scope="col" class="number">points</th>
          <th scope="col" class="number">lost, gained</th>
        </tr>
      </thead>
      <tbody>
        {Object.entries(of.conditions).map(([name, condition]) => (
          <tr key={name}>
            <th scope="row">{name.replaceAll("_", " ")}</th>
            <td class="number">{percent1(condition.accuracy)}</td>
            <td class="number">{name === "clean" ? "–" : points(condition.difference)}</td>
            <td class="number">{name === "clean" ? "–" : `${condition.lost ?? "?"}, ${condition.gained ?? "?"}`}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </div>
);
