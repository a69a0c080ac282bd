// Titles with their genre, newest first. Shown where a source announces any.
import { useState } from "preact/hooks";
import { duration, moment, percent } from "../base/text";
import { Swatch } from "../draw/swatch";
import { useModel } from "./store";

/** Rows before somebody asks for more. */
const FEW = 8;

export const TrackList = () => {
  const [all, setAll] = useState(false);
  const model = useModel();
  const tracks = model.tracks.all();
  if (tracks.length === 0) return null;
  const several = model.sources.length > 1;
  return (
    <section class="panel">
      <div class="panel-head">
        <h2>Tracks</h2>
        <span class="fine-print">{tracks.length === 1 ? "one title" : `${tracks.length} titles`}</span>
      </div>
      <ol class="tracks">
        {tracks.slice(0, all ? undefined : FEW).map((track) => (
          <li key={`${track.source} ${track.start} ${track.title}`}>
            <time dateTime={new Date(track.start).toISOString()}>{moment(track.start)}</time>
            <span class="track-title">
              {track.title}
              {several && <span class="fine-print"> {track.source}</span>}
            </span>
            <span class="track-genre">
              {track.genre ? (
                <>
                  <Swatch label={track.genre} labels={model.labels} /> {track.genre}
                  {track.share !== null && <span class="fine-print"> for {percent(track.share)} of its music</span>}
                </>
              ) : (
                <span class="fine-print">{track.end === null ? "plays now" : "no music heard"}</span>
              )}
            </span>
            <span class="fine-print">{track.end !== null && duration((track.end - track.start) / 1000)}</span>
          </li>
        ))}
      </ol>
      {tracks.length > FEW && (
        <button type="button" class="small" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? "Fewer" : `All ${tracks.length}`}
        </button>
      )}
    </section>
  );
};
