// Times of day below the timeline, as many as have room.
import { useEffect, useRef, useState } from "preact/hooks";
import { clockTime, dayName, minuteTime, weekday } from "../base/text";
import { DAY, ticks } from "./range";
import type { Range } from "./runs";

/** Pixels from one to the next, at least: of times of day, and of days. */
const ROOM = 66;
const DAY_ROOM = 96;

const isMidnight = (at: number): boolean => new Date(at).getHours() === 0 && new Date(at).getMinutes() === 0;

export const Ticks = ({ range }: { range: Range }) => {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(600);
  useEffect(() => {
    const watch = new ResizeObserver(() => setWidth(box.current?.clientWidth ?? 600));
    watch.observe(box.current!);
    return () => watch.disconnect();
  }, []);
  const whole = range.to - range.from;
  const least = whole > 3 * DAY ? Math.max(DAY, (whole / width) * DAY_ROOM) : (whole / width) * ROOM;
  return (
    <div class="ticks" ref={box} aria-hidden="true">
      {ticks(range, least).map(({ at, step }) => {
        const time = step < 60_000 ? clockTime(at) : isMidnight(at) ? weekday(at) : minuteTime(at);
        const words = step < DAY ? time : dayName(at);
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
