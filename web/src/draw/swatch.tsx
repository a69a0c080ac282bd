// A small square with a label's colour and pattern, and a bar made of the same: the legend of every drawing.
import { theme } from "../base/theme";
import { inkOn } from "./colour";
import { colourOf, lookOf } from "./genres";
import { PATHS, TILE } from "./pattern";

interface Props {
  label: string;
  labels?: readonly string[];
}

export const Swatch = ({ label, labels = [] }: Props) => {
  const colour = colourOf(label, theme.value, labels);
  return (
    <svg class="swatch" viewBox={`0 0 ${2 * TILE} ${2 * TILE}`} aria-hidden="true">
      <rect width={2 * TILE} height={2 * TILE} rx="3" fill={colour} />
      {[0, 1].map((x) =>
        [0, 1].map((y) => (
          <path
            key={`${x}${y}`}
            d={PATHS[lookOf(label, labels).pattern]}
            transform={`translate(${x * TILE} ${y * TILE})`}
            stroke={inkOn(colour)}
            stroke-width="1.4"
            stroke-opacity="0.45"
          />
        )),
      )}
    </svg>
  );
};
