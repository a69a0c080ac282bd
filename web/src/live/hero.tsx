// One source, large: its stable genre, since when, what is heard, and the ten bars. Touch it for what stands beside them.
import { useEffect, useState } from "preact/hooks";
import { theme } from "../base/theme";
import { clockTime, duration, moment } from "../base/text";
import { Bars } from "../draw/bars";
import { colourOf } from "../draw/genres";
import { SILENCE, UNKNOWN, type WindowEvent } from "../wire";
import { inOrder, type SourceView } from "./model";
import { StateChip, stateOf, Trouble } from "./state";
import { daemonNow, link, model } from "./store";

const HEARD: Record<WindowEvent["state"], string> = {
  music: "music",
  speech: "somebody speaks",
  mixed: "speech over music",
  noise: "neither music nor speech",
  silence: "silence",
  signal: "something to hear",
};

/** Seconds since then, counted on by itself. */
const Since = ({ at }: { at: number }) => {
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((n) => n + 1), 1000);
    return () => clearInterval(timer);
  }, []);
  return <>{duration((daemonNow() - at) / 1000)}</>;
};

/** The level, from -60 to 0 dBFS. */
const Level = ({ dbfs }: { dbfs: number | undefined }) => {
  const share = dbfs === undefined ? 0 : Math.min(1, Math.max(0, (dbfs + 60) / 60));
  return (
    <span class="level">
      <span class="level-track" aria-hidden="true">
        <span class="level-fill" style={{ transform: `scaleX(${share})` }} />
      </span>
      {dbfs === undefined ? "digital silence" : `${dbfs.toFixed(0).replace("-", "−")} dBFS`}
    </span>
  );
};

const subtitle = (label: string | undefined): string => {
  if (label === undefined) return "waiting for the first window";
  if (label === UNKNOWN) return "nothing is sure enough";
  return label === SILENCE ? "nothing can be heard" : "";
};

export const Hero = ({ view }: { view: SourceView }) => {
  const window = view.window;
  const label = window?.stable.label;
  const colour = label === undefined ? "" : colourOf(label, theme.value, model.labels);
  const since = window ? Date.parse(window.stable.since) : 0;
  const title = window?.track?.title ?? view.info?.title;
  const stale = link.value.state !== "open";
  const sub = subtitle(label);
  return (
    <section class={stale ? "hero stale" : "hero"} style={{ "--genre": colour || "transparent" }} aria-label={view.name}>
      <div class="hero-main">
        <p class="eyebrow">
          <span class="source-name">{view.name}</span>
          <StateChip state={stateOf(view)} stale={stale} />
          {window && <span class="chip plain">{HEARD[window.state] ?? window.state}</span>}
          {window?.provisional && (
            <span class="chip plain" title="Until a whole window has been heard">
              first {Math.round(window.window.seconds)} s
            </span>
          )}
        </p>
        <p class={label === undefined || label === UNKNOWN || label === SILENCE ? "genre faint" : "genre"} id="genre" data-label={label ?? ""}>
          {label ?? "listening"}
        </p>
        <p class="since">
          {sub}
          {sub && window && " · "}
          {window && (
            <>
              since <time dateTime={window.stable.since}>{moment(since)}</time>, for <Since at={since} />
            </>
          )}
        </p>
        {title && (
          <p class="now-title">
            <span class="hidden">Title: </span>
            <span aria-hidden="true">♪ </span>
            {title}
          </p>
        )}
        <Trouble view={view} />
        {window && (
          <p class="fine">
            <Level dbfs={window.audio.rms_dbfs} />
            <span>
              {window.window.seconds.toFixed(0)} s up to {clockTime(Date.parse(window.window.end))}
            </span>
          </p>
        )}
      </div>
      <Bars
        scores={inOrder(model.labels, window?.top ?? [])}
        labels={model.labels}
        best={label}
        title={`Probabilities of the window, ${view.name}`}
      />
    </section>
  );
};
