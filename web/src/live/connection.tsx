// How the line to the daemon is, in the page's head: said when it changes, with the seconds to the next try.
import { useEffect, useState } from "preact/hooks";
import { link, start, useModel } from "./store";

export const Connection = () => {
  const [, tick] = useState(0);
  const now = link.value;
  useEffect(start, []);
  useEffect(() => {
    if (now.state !== "lost") return;
    const timer = setInterval(() => tick((n) => n + 1), 500);
    return () => clearInterval(timer);
  }, [now.state]);
  const model = useModel();
  const engine = model.engine ? `${model.engine.id} on ${model.engine.device} (${model.engine.runtime})` : "";
  const missed = model.missed > 0 && `${model.missed} events missed`;
  const title = [model.version && `genrecast ${model.version}`, engine, missed, model.error].filter(Boolean).join("\n");
  return (
    <span class={`connection ${now.state}`} title={title} data-link={now.state}>
      <span class="dot" aria-hidden="true" />
      <span role="status">
        {now.state === "open" && "connected"}
        {now.state === "connecting" && "connecting"}
        {now.state === "token" && "token wanted"}
        {now.state === "lost" && "connection lost"}
      </span>
      {now.state === "lost" && (
        <span aria-hidden="true" title={now.why}>
          , again in {Math.max(0, Math.ceil((now.retryAt - Date.now()) / 1000))} s
        </span>
      )}
    </span>
  );
};
