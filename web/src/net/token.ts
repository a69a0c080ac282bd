// The daemon's token: asked for when the daemon wants one, kept for this session of this tab only, and never in an address.
// Touch it when the daemon lets people in otherwise.
import { signal } from "@preact/signals";

const KEY = "genrecast.token";

/** Why the token is asked for; null while it is not. */
export const asked = signal<"missing" | "wrong" | null>(null);

let waiting: (() => void)[] = [];
const listeners = new Set<() => void>();

export const token = (): string | null => {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return held;
  }
};
let held: string | null = null;

/** Takes in what was typed, and lets go on whoever waits for it. */
export const give = (value: string): void => {
  held = value;
  try {
    sessionStorage.setItem(KEY, value);
  } catch {
    // Where storage is forbidden it is kept in memory.
  }
  asked.value = null;
  const all = waiting;
  waiting = [];
  for (const go of all) go();
  for (const tell of listeners) tell();
};

/** Calls whenever a token was given, until what it returns is called. */
export const whenGiven = (tell: () => void): (() => void) => {
  listeners.add(tell);
  return () => listeners.delete(tell);
};

/** Asks for a token, because `used` (null: none) was not good; resolves when there is another. */
export const request = (used: string | null): Promise<void> => {
  const present = token();
  if (present !== null && present !== used) return Promise.resolve();
  asked.value = used === null ? "missing" : "wrong";
  return new Promise((resolve) => waiting.push(resolve));
};

/** The header that carries it, if there is one. */
export const headers = (): Record<string, string> => {
  const value = token();
  return value === null ? {} : { Authorization: `Bearer ${value}` };
};
