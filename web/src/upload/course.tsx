// How likely each genre is, window by window over a file: those that ever matter, as lines.
import { useMemo } from "preact/hooks";
import { theme } from "../base/theme";
import { percent, position } from "../base/text";
import { colourOf } from "../draw/genres";
import { type Line, Plot } from "../draw/plot";
import type { Heard } from "./types";

/** Lines at most; more could not be told apart. */
const MOST = 5;
const DASHES: (number[] | undefined)[] = [undefined, [8, 4], [2, 3], [10, 3, 2, 3], [4, 4]];

interface Props {
  heard: Heard;
  duration: number;
  labels: readonly string[];
  name: string;
}

/** The labels with the highest mean probability over the windows. */
export const leading = (heard: Heard, most: number): string[] => {
  const sums = new Map<string, number>();
  for (const { top } of heard.windows) for (const { label, p } of top) sums.set(label, (sums.get(label) ?? 0) + p);
  return [...sums].sort((a, b) => b[1] - a[1]).slice(0, most).map(([label]) => label);
};

export const Course = ({ heard, duration, labels, name }: Props) => {
  const shown = theme.value;
  const xs = useMemo(() => heard.windows.map((window) => window.end_s), [heard]);
  const lines = useMemo(
    () =>
      leading(heard, MOST).map((label, place): Line => {
        const dash = DASHES[place];
        return {
          label,
          colour: colourOf(label, shown, labels),
          ...(dash ? { dash } : {}),
          values: heard.windows.map((window) => window.top.find((of) => of.label === label)?.p ?? 0),
        };
      }),
    [heard, shown],
  );
  if (xs.length < 2) return null;
  return (
    <figure class="course">
      <figcaption class="fine-print">{name ? `${name}: ` : ""}probability of the window that ends there</figcaption>
      <Plot
        xs={xs}
        lines={lines}
        height={190}
        label={`Probabilities over ${position(duration)}: mostly ${lines.map((line) => line.label).join(", ")}`}
        xLabel="at"
        xText={position}
        yText={percent}
        yRange={[0, 1]}
      />
    </figure>
  );
};
