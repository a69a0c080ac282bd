// uPlot in this page's colours: lines over time or epochs, each with a colour and a dash, redrawn with the theme.
// Touch it for what all plots share.
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import "../style/plot.css";
import { theme } from "../base/theme";
import { ink } from "./canvas";

export interface Line {
  label: string;
  colour: string;
  dash?: number[];
  values: (number | null)[];
  /** Name of the scale; the second gets an axis on the right. */
  scale?: string;
  width?: number;
}

interface Props {
  xs: number[];
  lines: Line[];
  height: number;
  /** What it shows, for whoever does not see it. */
  label: string;
  xLabel: string;
  xText: (x: number) => string;
  yText: (y: number) => string;
  yRange?: [number, number];
  secondText?: (y: number) => string;
  legend?: boolean;
}

type Text = (value: number) => string;
const written = (value: number | null | undefined, text: Text): string => (value === null || value === undefined ? "" : text(value));
const second = (text: Text) => (_: uPlot, values: number[]) => values.map(text);

const FONT = "12px system-ui, sans-serif";

export const Plot = ({ xs, lines, height, label, xLabel, xText, yText, yRange, secondText, legend = true }: Props) => {
  const box = useRef<HTMLDivElement>(null);
  const shown = theme.value;
  useEffect(() => {
    const element = box.current!;
    const axis = { stroke: ink("--soft"), font: FONT, grid: { stroke: ink("--line"), width: 1 }, ticks: { show: false } };
    const plot = new uPlot(
      {
        width: element.clientWidth || 300,
        height,
        pxAlign: 0,
        padding: [8, secondText ? 0 : 18, 0, 0],
        cursor: { y: false, drag: { x: true, y: false } },
        legend: { show: legend },
        scales: { x: { time: false }, y: yRange ? { range: yRange } : {}, ...(secondText ? { second: {} } : {}) },
        axes: [
          { ...axis, values: (_, xs) => xs.map(xText), size: 28, space: 60 },
          { ...axis, values: (_, ys) => ys.map(yText), size: 46 },
          ...(secondText
            ? [{ ...axis, scale: "second", side: 1 as const, grid: { show: false }, values: second(secondText), size: 40 }]
            : []),
        ],
        series: [
          { label: xLabel, value: (_, x) => (x === null || x === undefined ? "" : xText(x)) },
          ...lines.map((line): uPlot.Series => ({
            label: line.label,
            stroke: line.colour,
            width: line.width ?? 2,
            ...(line.dash ? { dash: line.dash } : {}),
            scale: line.scale ?? "y",
            spanGaps: true,
            points: { show: false },
            value: (_, y) => written(y, line.scale === "second" && secondText ? secondText : yText),
          })),
        ],
      },
      [xs, ...lines.map((line) => line.values)],
      element,
    );
    const watch = new ResizeObserver(() => plot.setSize({ width: element.clientWidth || 300, height }));
    watch.observe(element);
    return () => {
      watch.disconnect();
      plot.destroy();
    };
  }, [xs, lines, shown, height]);
  return <div ref={box} class="plot" role="img" aria-label={label} />;
};
