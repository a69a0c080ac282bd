// A source's state in words, with a sign that is not a colour only. Touch it for another state.
import type { SourceStateName } from "../wire";
import type { SourceView } from "./model";

const STATES: Record<SourceStateName, [sign: string, words: string, mood: string]> = {
  starting: ["◌", "starting", "waits"],
  live: ["●", "live", "good"],
  silent: ["○", "silent", "waits"],
  stalled: ["◐", "stalled", "bad"],
  reconnecting: ["↻", "reconnecting", "waits"],
  failed: ["✕", "failed", "bad"],
  ended: ["■", "ended", "waits"],
};

export const stateOf = (view: SourceView): SourceStateName => view.state?.state ?? view.info?.state ?? "starting";

/** `stale` while the daemon cannot be asked: then it is what was last known. */
export const StateChip = ({ state, stale = false }: { state: SourceStateName; stale?: boolean }) => {
  const [sign, words, mood] = stale ? ["◌", `last known: ${state}`, "waits"] : (STATES[state] ?? ["?", state, "waits"]);
  return (
    <span class={`chip ${mood}`} data-state={state}>
      <span aria-hidden="true">{sign}</span> {words}
    </span>
  );
};

/** Why a source is not as it should be, and what to do about it. */
export const Trouble = ({ view }: { view: SourceView }) => {
  const { reason, remedy } = view.state ?? view.info ?? {};
  if (!reason && !remedy) return null;
  return (
    <p class="trouble">
      {reason && <span>{reason}. </span>}
      {remedy && <strong>{remedy}</strong>}
    </p>
  );
};
