// The live view as a whole: which source is looked at, and in what order its parts stand.
import { useEffect } from "preact/hooks";
import { chosen, link, start, useModel } from "./store";
import { Hero } from "./hero";
import { Sources } from "./sources";
import { Spectrogram } from "./spectrogram";
import { Timeline } from "./timeline";
import { TrackList } from "./track_list";

export const Live = () => {
  useEffect(start, []);
  const model = useModel();
  const view = model.sources.find((of) => of.name === chosen.value) ?? model.sources[0];
  const label = view?.window?.stable.label;
  useEffect(() => {
    document.title = label ? `${label} – genrecast` : "genrecast";
  }, [label]);
  if (view === undefined) {
    return (
      <section class="empty">
        <h1 class="quiet-title">{link.value.state === "open" ? "No source yet" : "Looking for the daemon …"}</h1>
        <p>
          {link.value.state === "open"
            ? "Name one in the configuration, or start it with --source."
            : link.value.state === "lost" && `${link.value.why}; trying again.`}
        </p>
      </section>
    );
  }
  return (
    <>
      <h1 class="hidden">Live</h1>
      {model.sources.length > 1 && <Sources current={view.name} />}
      <Hero view={view} />
      <Spectrogram key={view.name} source={view.name} />
      <Timeline />
      <TrackList />
      <p class="hidden" role="status" aria-live="polite" id="spoken">
        {model.spoken}
      </p>
    </>
  );
};
