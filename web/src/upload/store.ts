// The list of uploads: a few are sent at once, the others wait here, and each can be cancelled. Touch it when the order or
// the number of uploads changes.
import { signal } from "@preact/signals";
import { ulid } from "../base/ulid";
import { classify, Later } from "./send";
import type { ModelEntry, Progress, Result } from "./types";

export type Stage = "queued" | "sending" | "done" | "failed" | "cancelled";

export interface Item {
  id: string;
  file: File;
  models: readonly string[];
  stage: Stage;
  sent: number;
  progress: Progress | null;
  result: Result | null;
  trouble: string;
}

/** Sent at once: a browser has six connections to a host, and the events and columns need some. */
const AT_ONCE = 2;
/** Items kept in the list; the oldest that are over go first. */
const MOST = 60;

export const items = signal<readonly Item[]>([]);
export const models = signal<readonly ModelEntry[]>([]);
export const wanted = signal<readonly string[]>([]);

const running = new Map<string, AbortController>();

const change = (id: string, news: Partial<Item>): void => {
  items.value = items.value.map((item) => (item.id === id ? { ...item, ...news } : item));
};

/** Takes in files, each with the models that are wanted now. */
export const add = (files: Iterable<File>): void => {
  const fresh = Array.from(files, (file): Item => ({
    id: ulid(), file, models: wanted.value, stage: "queued", sent: 0, progress: null, result: null, trouble: "",
  }));
  const all = [...fresh.reverse(), ...items.value];
  let surplus = all.length - MOST;
  const over = (item: Item): boolean => item.stage !== "queued" && item.stage !== "sending";
  items.value = all.reverse().filter((item) => !(over(item) && surplus-- > 0)).reverse();
  next();
};

export const cancel = (id: string): void => {
  running.get(id)?.abort();
  if (items.value.some((item) => item.id === id && item.stage === "queued")) change(id, { stage: "cancelled" });
};

export const remove = (id: string): void => {
  cancel(id);
  items.value = items.value.filter((item) => item.id !== id);
};

/** Once more, under a number of its own. */
export const retry = (id: string): void => {
  const item = items.value.find((of) => of.id === id);
  if (item === undefined) return;
  change(id, { id: ulid(), stage: "queued", sent: 0, progress: null, trouble: "" });
  next();
};

const next = (): void => {
  while (running.size < AT_ONCE) {
    // The oldest first; the newest stand above.
    const item = items.value.findLast((of) => of.stage === "queued" && !running.has(of.id));
    if (item === undefined) return;
    const control = new AbortController();
    running.set(item.id, control);
    void run(item, control.signal).finally(() => {
      running.delete(item.id);
      next();
    });
  }
};

const run = async (item: Item, signal: AbortSignal): Promise<void> => {
  change(item.id, { stage: "sending" });
  for (;;) {
    try {
      const result = await classify(
        {
          id: item.id,
          file: item.file,
          models: item.models,
          onSent: (sent) => change(item.id, { sent }),
          onProgress: (progress) => change(item.id, { progress }),
        },
        signal,
      );
      return change(item.id, { stage: "done", result });
    } catch (error) {
      if (signal.aborted) return change(item.id, { stage: "cancelled" });
      const trouble = error instanceof Error ? error.message : String(error);
      if (!(error instanceof Later)) return change(item.id, { stage: "failed", trouble });
      change(item.id, { sent: 0, progress: null, trouble: `${trouble} (tried again in ${error.seconds} s)` });
      await pause(error.seconds * 1000, signal);
      change(item.id, { trouble: "" });
    }
  }
};

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
