// The mean mel picture of each genre: what its training clips have in common, half a minute from left to right.
import { useEffect, useRef } from "preact/hooks";
import { melImage } from "../draw/palette";
import type { MeanMel } from "./types";

/** The lines of a picture as columns × bands bytes, column by column. */
export const columnsOf = (lines: readonly string[], steps: number): Uint8Array => {
  const data = new Uint8Array(steps * lines.length);
  lines.forEach((line, band) => {
    for (let step = 0; step < steps; step += 1) {
      data[step * lines.length + band] = Number.parseInt(line.slice(2 * step, 2 * step + 2), 16) || 0;
    }
  });
  return data;
};

const Picture = ({ label, lines, steps }: { label: string; lines: readonly string[]; steps: number }) => {
  const ref = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const canvas = ref.current!;
    canvas.width = steps;
    canvas.height = lines.length;
    canvas.getContext("2d")!.putImageData(melImage(columnsOf(lines, steps), steps, lines.length), 0, 0);
  }, [lines]);
  return (
    <figure>
      <canvas ref={ref} role="img" aria-label={`Mean mel picture of ${label}`} />
      <figcaption>{label}</figcaption>
    </figure>
  );
};

export const MeanMels = ({ mel }: { mel: MeanMel }) => (
  <div class="mean-mels">
    {Object.entries(mel.genres).map(([label, lines]) => (
      <Picture key={label} label={label} lines={lines} steps={mel.steps} />
    ))}
  </div>
);
