// Times of day below the timeline, as many as have room.
import { useEffect, useRef, useState } from "preact/hooks";
import { clockTime, dayName, minuteTime } from "../base/text";
import { DAY, ticks } from "./range";
import type { Range } from "./runs";

/** Pixels from one to the next, at least. */
const ROOM = 66;

export const Ticks = ({ range }: { range: Range }) => {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(600);
  useEffect(() => {
    const watch = new ResizeObserver(() => setWidth(box.current?.clientWidth ?? 600));
    watch.observe(box.current!);
    return () => watch.disconnect();
  }, []);
  const whole = range.to - range.from;
  return (
    <div class="ticks" ref={box} aria-hidden="true">
      {ticks(range, (whole / width) * ROOM).map(({ at, step }) => {
        const words = step < 60_000 ? clockTime(at) : step < DAY ? minuteTime(at) : dayName(at);
        const share = (at - range.from) / whole;
        if (share < 0.03 || share > 0.97) return null;
        return (
          <span key={at} style={{ left: `${share * 100}%` }}>
            {words}
          </span>
        );
      })}
    </div>
  );
};
