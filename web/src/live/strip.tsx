// One source's strip of the timeline: drawing it, and the hand on it (drag moves, wheel with Ctrl or two fingers zoom, hover tells).
import { useRef, useState } from "preact/hooks";
import { theme } from "../base/theme";
import { clockTime, duration } from "../base/text";
import { Canvas, type Draw } from "../draw/canvas";
import { inkOn } from "../draw/colour";
import { colourOf, lookOf } from "../draw/genres";
import { tile } from "../draw/pattern";
import { move, type Place, zoom } from "./range";
import { type Range, runs } from "./runs";
import type { Span } from "./segments";
import { model } from "./store";

interface Props {
  label: string;
  spans: readonly Span[];
  range: Range;
  now: number;
  place: Place;
  setPlace: (place: Place) => void;
}

/** A label is written where it has room. */
const PADDING = 7;

const drawing = ({ spans, range, now }: Props): Draw => (pen, width, height) => {
  pen.font = "500 12px system-ui, sans-serif";
  pen.textBaseline = "middle";
  for (const run of runs(spans, range, Math.round(width), now)) {
    const colour = colourOf(run.label, theme.value, model.labels);
    const ink = inkOn(colour);
    const room = run.to - run.from;
    pen.fillStyle = colour;
    pen.fillRect(run.from, 0, room, height);
    const pattern = tile(pen, lookOf(run.label, model.labels).pattern, ink);
    if (pattern !== null) {
      pen.fillStyle = pattern;
      pen.fillRect(run.from, 0, room, height);
    }
    const text = pen.measureText(run.label).width;
    if (room > text + 2 * PADDING) {
      // A ground of its own, so that the pattern does not run through the letters.
      pen.fillStyle = colour;
      pen.fillRect(run.from + PADDING - 3, height / 2 - 9, text + 6, 18);
      pen.fillStyle = ink;
      pen.fillText(run.label, run.from + PADDING, height / 2 + 1);
    }
  }
};

export const Strip = (props: Props) => {
  const { range, now, place, setPlace } = props;
  const box = useRef<HTMLDivElement>(null);
  const fingers = useRef(new Map<number, number>());
  const [hover, setHover] = useState<number | null>(null);
  const part = (event: MouseEvent): number => {
    const { left, width } = box.current!.getBoundingClientRect();
    return (event.clientX - left) / width;
  };

  const onMove = (event: PointerEvent): void => {
    const at = part(event);
    const before = fingers.current.get(event.pointerId);
    if (before === undefined) return setHover(at);
    const others = [...fingers.current].filter(([id]) => id !== event.pointerId).map(([, x]) => x);
    fingers.current.set(event.pointerId, at);
    const [other] = others;
    if (other === undefined) return setPlace(move(place, before - at, now));
    const [old, next] = [Math.abs(before - other), Math.abs(at - other)];
    if (old > 0.02 && next > 0.02) setPlace(zoom(place, old / next, (at + other) / 2, now));
  };
  const onWheel = (event: WheelEvent): void => {
    // Without Ctrl the page scrolls, as everywhere; touchpads send Ctrl when two fingers pinch.
    if (!event.ctrlKey && Math.abs(event.deltaX) <= Math.abs(event.deltaY)) return;
    event.preventDefault();
    if (event.ctrlKey) setPlace(zoom(place, Math.exp(event.deltaY / 200), part(event), now));
    else setPlace(move(place, event.deltaX / 1000, now));
  };
  const lift = (event: PointerEvent): void => {
    fingers.current.delete(event.pointerId);
    if (event.type === "pointerleave") setHover(null);
  };

  const at = hover === null ? 0 : range.from + hover * (range.to - range.from);
  const span = hover === null ? undefined : props.spans.findLast((of) => of.start <= at && at < (of.end ?? now));
  return (
    <div
      ref={box}
      class="strip"
      onPointerDown={(event) => {
        box.current!.setPointerCapture(event.pointerId);
        fingers.current.set(event.pointerId, part(event));
        setHover(part(event));
      }}
      onPointerMove={onMove}
      onPointerUp={lift}
      onPointerCancel={lift}
      onPointerLeave={lift}
      onWheel={onWheel}
    >
      <Canvas draw={drawing(props)} label={props.label} />
      {span && (
        <div class="tip" style={{ left: `${Math.min(85, Math.max(15, hover! * 100))}%` }}>
          <strong>{span.label}</strong>{" "}
          {span.confidence !== null && span.confidence !== undefined && `${Math.round(span.confidence * 100)} % · `}
          {clockTime(span.start)} – {span.end === null ? "now" : clockTime(span.end)} ·{" "}
          {duration(((span.end ?? now) - span.start) / 1000)}
        </div>
      )}
    </div>
  );
};
