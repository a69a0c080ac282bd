// The timeline: which genre when, of every source, over an hour, a day, a week or any stretch between. Moved and zoomed by
// mouse, touch, keys and buttons. What is drawn stands in strip.tsx, how a range moves in range.ts.
import { useEffect, useState } from "preact/hooks";
import { dayName, duration, minuteTime, moment } from "../base/text";
import { Swatch } from "../draw/swatch";
import { DAY, HOUR, move, type Place, rangeOf, TEN_MINUTES, WEEK, zoom } from "./range";
import { type Range, shares } from "./runs";
import { cover, daemonNow, historyTrouble, model, useModel } from "./store";
import { Strip } from "./strip";
import { Ticks } from "./ticks";

const WIDTHS: readonly [string, number][] = [["10 min", TEN_MINUTES], ["Hour", HOUR], ["Day", DAY], ["Week", WEEK]];

const KEYS: Record<string, (place: Place, now: number) => Place> = {
  ArrowLeft: (place, now) => move(place, -0.1, now),
  ArrowRight: (place, now) => move(place, 0.1, now),
  PageUp: (place, now) => move(place, -1, now),
  PageDown: (place, now) => move(place, 1, now),
  "+": (place, now) => zoom(place, 0.5, place.end === null ? 1 : 0.5, now),
  "=": (place, now) => zoom(place, 0.5, place.end === null ? 1 : 0.5, now),
  "-": (place, now) => zoom(place, 2, place.end === null ? 1 : 0.5, now),
  End: (place) => ({ width: place.width, end: null }),
};

const spoken = (range: Range): string =>
  `${dayName(range.from)} ${minuteTime(range.from)} to ${dayName(range.to)} ${minuteTime(range.to)}`;

const summary = (source: string, range: Range, now: number): string => {
  const held = shares(model.segments.spans(source), range, now).slice(0, 5);
  const words = held.map(([label, ms]) => `${label} ${duration(ms / 1000)}`).join(", ");
  return `${source}, ${spoken(range)}: ${words || "nothing known"}`;
};

export const Timeline = () => {
  const [chosen, setPlace] = useState<Place | null>(null);
  const [, tick] = useState(0);
  useModel();
  const now = daemonNow();
  const names = [...new Set([...model.sources.map((of) => of.name), ...model.segments.sources()])];
  // Until somebody chooses: an hour, or ten minutes of a daemon that has just begun.
  const oldest = Math.min(...names.map((name) => model.segments.spans(name)[0]?.start ?? Infinity));
  const place = chosen ?? { width: now - oldest < TEN_MINUTES ? TEN_MINUTES : HOUR, end: null };
  const range = rangeOf(place, now);

  useEffect(() => {
    const timer = setInterval(() => tick((n) => n + 1), 1000);
    return () => clearInterval(timer);
  }, []);
  useEffect(() => {
    const timer = setTimeout(() => void cover(range.from), 150);
    return () => clearTimeout(timer);
  }, [place.width, place.end]);

  const present = [...new Set(names.flatMap((name) => shares(model.segments.spans(name), range, now).map(([l]) => l)))];
  const onKey = (event: KeyboardEvent): void => {
    const key = KEYS[event.key];
    if (key === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    setPlace(key(place, now));
  };

  return (
    <section class="panel">
      <div class="panel-head">
        <h2>Timeline</h2>
        <span class="fine-print">{place.end === null ? `last ${duration(place.width / 1000)}` : spoken(range)}</span>
        <div class="buttons" role="group" aria-label="Stretch of time">
          {WIDTHS.map(([name, width]) => (
            <button
              key={name}
              type="button"
              class="small"
              aria-pressed={place.end === null && place.width === width}
              onClick={() => setPlace({ width, end: null })}
            >
              {name}
            </button>
          ))}
          <button type="button" class="small square" aria-label="Zoom in" onClick={() => setPlace(KEYS["+"]!(place, now))}>
            +
          </button>
          <button type="button" class="small square" aria-label="Zoom out" onClick={() => setPlace(KEYS["-"]!(place, now))}>
            −
          </button>
        </div>
      </div>
      <div
        class="timeline"
        tabIndex={0}
        role="group"
        aria-label="Timeline. Arrow keys move, plus and minus zoom, End goes to the present"
        onKeyDown={onKey}
      >
        {names.map((name) => (
          <div key={name} class="lane">
            {names.length > 1 && <span class="lane-name">{name}</span>}
            <Strip
              label={summary(name, range, now)}
              spans={model.segments.spans(name)}
              range={range}
              now={now}
              place={place}
              setPlace={setPlace}
            />
          </div>
        ))}
        <Ticks range={range} />
      </div>
      {historyTrouble.value && <p class="trouble">What was before is not known: {historyTrouble.value}</p>}
      <ul class="legend" aria-label="Genres in this stretch">
        {present.map((label) => (
          <li key={label}>
            <Swatch label={label} labels={model.labels} /> {label}
          </li>
        ))}
      </ul>
      <Recent names={names} range={range} now={now} />
    </section>
  );
};

/** The same as a table, for whoever does not see drawings. */
const Recent = ({ names, range, now }: { names: string[]; range: Range; now: number }) => {
  const [open, setOpen] = useState(false);
  const rows = !open
    ? []
    : names
        .flatMap((name) => model.segments.spans(name).map((span) => ({ name, ...span })))
        .filter((span) => span.start < range.to && (span.end ?? now) > range.from)
        .sort((a, b) => b.start - a.start)
        .slice(0, 100);
  return (
    <details class="as-table" onToggle={(event) => setOpen((event.currentTarget as HTMLDetailsElement).open)}>
      <summary>As a table</summary>
      <div class="scroll-x" tabIndex={0} role="group" aria-label="Segments">
        <table>
          <thead>
            <tr>
              <th scope="col">from</th>
              <th scope="col">genre</th>
              <th scope="col">for</th>
              {names.length > 1 && <th scope="col">source</th>}
            </tr>
          </thead>
          <tbody>
            {rows.map((span) => (
              <tr key={`${span.name} ${span.id}`}>
                <td>{moment(span.start)}</td>
                <td>{span.label}</td>
                <td>{span.end === null ? "goes on" : duration((span.end - span.start) / 1000)}</td>
                {names.length > 1 && <td>{span.name}</td>}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
};
