// One upload in the list: how far it is, then its result. Touch it for what is told on the way.
import { position, size } from "../base/text";
import { ResultView } from "./result";
import { cancel, type Item, remove, retry } from "./store";

/** What happens with it, in words, and how much of the sending is done. */
export const told = (item: Item): { words: string; share: number | null } => {
  const { progress, sent, file, trouble } = item;
  switch (item.stage) {
    case "queued":
      return { words: "waits for the uploads before it", share: null };
    case "failed":
      return { words: trouble, share: null };
    case "cancelled":
      return { words: "cancelled", share: null };
    case "done":
      return { words: "", share: null };
    case "sending":
      if (trouble) return { words: trouble, share: null };
      if (progress?.state === "waiting") {
        const place = progress.position ?? 0;
        return { words: place <= 1 ? "next in the daemon's queue" : `number ${place} in the daemon's queue`, share: 0 };
      }
      if (progress?.state === "hearing" && (progress.heard_s ?? 0) > 0) {
        return { words: `heard ${position(progress.heard_s!)}`, share: file.size > 0 ? Math.min(1, sent / file.size) : null };
      }
      return { words: `sending, ${size(sent)} of ${size(file.size)}`, share: file.size > 0 ? Math.min(1, sent / file.size) : null };
  }
};

export const ItemView = ({ item }: { item: Item }) => {
  const { words, share } = told(item);
  const busy = item.stage === "queued" || item.stage === "sending";
  return (
    <article class="panel upload" data-stage={item.stage} aria-label={item.file.name}>
      <div class="panel-head">
        <h2 class="file-name">{item.file.name}</h2>
        <span class={item.stage === "failed" ? "trouble" : "fine-print"} role={busy ? undefined : "status"}>
          {item.result ? `${position(item.result.duration_s)} · ${size(item.result.bytes)}` : words}
        </span>
        <div class="buttons">
          {busy && (
            <button type="button" class="small" onClick={() => cancel(item.id)}>
              Cancel
            </button>
          )}
          {(item.stage === "failed" || item.stage === "cancelled") && (
            <button type="button" class="small" onClick={() => retry(item.id)}>
              Try again
            </button>
          )}
          {!busy && (
            <button type="button" class="small" onClick={() => remove(item.id)} aria-label={`Remove ${item.file.name}`}>
              Remove
            </button>
          )}
        </div>
      </div>
      {item.stage === "sending" && (
        <progress max={1} value={share ?? undefined} aria-label={`Progress of ${item.file.name}`} />
      )}
      {item.result && <ResultView result={item.result} />}
    </article>
  );
};
