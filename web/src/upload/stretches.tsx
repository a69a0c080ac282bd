// The stable genre over a file as a strip, like one of the live timeline.
import { theme } from "../base/theme";
import { position } from "../base/text";
import { Canvas, type Draw } from "../draw/canvas";
import { inkOn } from "../draw/colour";
import { colourOf, lookOf } from "../draw/genres";
import { tile } from "../draw/pattern";
import type { Stretch } from "./types";

interface Props {
  segments: readonly Stretch[];
  duration: number;
  labels: readonly string[];
  name: string;
}

export const Stretches = ({ segments, duration, labels, name }: Props) => {
  const draw: Draw = (pen, width, height) => {
    pen.font = "500 12px system-ui, sans-serif";
    pen.textBaseline = "middle";
    for (const { start_s, end_s, label } of segments) {
      const [from, to] = [(start_s / duration) * width, (end_s / duration) * width];
      const colour = colourOf(label, theme.value, labels);
      const pattern = tile(pen, lookOf(label, labels).pattern, inkOn(colour));
      for (const fill of [colour, pattern]) {
        if (fill === null) continue;
        pen.fillStyle = fill;
        pen.fillRect(from, 0, Math.max(1, to - from), height);
      }
      const text = pen.measureText(label).width;
      if (to - from > text + 14) {
        pen.fillStyle = colour;
        pen.fillRect(from + 4, height / 2 - 9, text + 6, 18);
        pen.fillStyle = inkOn(colour);
        pen.fillText(label, from + 7, height / 2 + 1);
      }
    }
  };
  const words = segments.map((of) => `${of.label} from ${position(of.start_s)} to ${position(of.end_s)}`).join(", ");
  return (
    <div class="stretches">
      <span class="fine-print">{name ? `${name}: ` : ""}the stable genre, told as it would be live: only what lasts and is sure enough</span>
      <Canvas draw={draw} label={`Stable genre, ${name} ${words || "none"}`} stamp={segments} />
    </div>
  );
};
