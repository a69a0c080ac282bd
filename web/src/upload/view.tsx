// The upload view: where files are dropped or chosen, which models hear them, and the list of what became of them.
import { useEffect, useRef, useState } from "preact/hooks";
import { getJson } from "../net/http";
import "../style/upload.css";
import { ItemView } from "./item";
import { add, items, models, wanted } from "./store";
import type { ModelEntry } from "./types";

/** Asks which models there are, once; the configured one is wanted unless something else is chosen. */
const useModels = (): string => {
  const [trouble, setTrouble] = useState("");
  useEffect(() => {
    if (models.value.length > 0) return;
    getJson<{ models: ModelEntry[] }>("v1/models").then(
      (answer) => {
        models.value = answer.models.filter((of) => (of.role ?? "genre") === "genre");
        wanted.value = models.value.filter((of) => of.configured).map((of) => of.id);
      },
      (error: unknown) => setTrouble(error instanceof Error ? error.message : String(error)),
    );
  }, []);
  return trouble;
};

const Drop = () => {
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  useEffect(() => {
    // A file that misses the field would else replace the page.
    const stop = (event: DragEvent): void => event.preventDefault();
    addEventListener("dragover", stop);
    addEventListener("drop", stop);
    return () => {
      removeEventListener("dragover", stop);
      removeEventListener("drop", stop);
    };
  }, []);
  return (
    <div
      class={over ? "drop over" : "drop"}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        add(event.dataTransfer?.files ?? []);
      }}
    >
      <p class="drop-title">Drop music here</p>
      <p class="fine-print">WAV, FLAC, MP3, Ogg Vorbis, Opus, AAC/M4A. The daemon hears it and keeps nothing of it.</p>
      <button type="button" class="primary" onClick={() => input.current!.click()}>
        Choose files
      </button>
      <input
        ref={input}
        id="files"
        type="file"
        class="hidden"
        multiple
        tabIndex={-1}
        aria-label="Files to classify"
        onChange={(event) => {
          add(event.currentTarget.files ?? []);
          event.currentTarget.value = "";
        }}
      />
    </div>
  );
};

const Choice = () => (
  <fieldset class="choice">
    <legend>Heard by</legend>
    {models.value.map((of) => {
      const on = wanted.value.includes(of.id);
      return (
        <label key={of.id} class={on ? "pick on" : "pick"} title={of.title}>
          <input
            type="checkbox"
            checked={on}
            disabled={on && wanted.value.length === 1}
            onChange={() =>
              (wanted.value = models.value.map((other) => other.id).filter((id) => wanted.value.includes(id) !== (id === of.id)))
            }
          />
          {of.id}
          {of.configured && <span class="fine-print"> configured</span>}
        </label>
      );
    })}
    {models.value.length > 1 && (
      <button type="button" class="small" onClick={() => (wanted.value = models.value.map((of) => of.id))}>
        All, side by side
      </button>
    )}
  </fieldset>
);

export const Upload = () => {
  const trouble = useModels();
  return (
    <>
      <h1 class="hidden">Classify files</h1>
      <Drop />
      {models.value.length > 0 && <Choice />}
      {trouble && <p class="trouble">{trouble}</p>}
      {items.value.map((item) => (
        <ItemView key={item.id} item={item} />
      ))}
    </>
  );
};
