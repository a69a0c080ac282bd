// A canvas that is as sharp as the screen and redrawn when its size, the theme or what it shows has changed.
// Touch it when drawings need something of all of them.
import { useEffect, useRef } from "preact/hooks";
import { theme } from "../base/theme";

export type Draw = (pen: CanvasRenderingContext2D, width: number, height: number) => void;

interface Props {
  draw: Draw;
  label: string;
  class?: string;
  /** Read, so that the caller's changes redraw. */
  stamp?: unknown;
}

export const Canvas = ({ draw, label, class: name, stamp }: Props) => {
  const ref = useRef<HTMLCanvasElement>(null);
  const latest = useRef(draw);
  latest.current = draw;
  const paint = (): void => {
    const canvas = ref.current;
    if (!canvas || canvas.clientWidth === 0) return;
    const ratio = devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    const pen = canvas.getContext("2d")!;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    latest.current(pen, width, height);
  };
  useEffect(paint, [draw, stamp, theme.value]);
  useEffect(() => {
    const watch = new ResizeObserver(paint);
    watch.observe(ref.current!);
    return () => watch.disconnect();
  }, []);
  return <canvas ref={ref} class={name ?? ""} role="img" aria-label={label} />;
};

/** A colour of the style sheet. */
export const ink = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
