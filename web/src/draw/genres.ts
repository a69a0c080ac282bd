// A colour and a pattern for each label: told apart by colour-blind people, in light and dark, and never by colour alone.
// genres.test.ts holds the colours to that. Touch it for further labels.
import { SILENCE, UNKNOWN } from "../wire";

export type Pattern = "plain" | "rising" | "falling" | "level" | "upright" | "dots" | "grid" | "cross" | "wide" | "dashes";

export interface Look {
  light: string;
  dark: string;
  pattern: Pattern;
}

const look = (light: string, dark: string, pattern: Pattern): Look => ({ light, dark, pattern });

const LOOKS: Record<string, Look> = {
  blues: look("#0b0f65", "#5778fb", "plain"),
  classical: look("#ae8605", "#d79425", "rising"),
  country: look("#6d2a0b", "#fecd7f", "dots"),
  disco: look("#d649db", "#b769b2", "grid"),
  hiphop: look("#683c8f", "#774bb9", "falling"),
  jazz: look("#26829a", "#4bccfb", "level"),
  metal: look("#37394f", "#e6e8ff", "cross"),
  pop: look("#bd4c63", "#984a62", "wide"),
  reggae: look("#3a7000", "#50b78e", "upright"),
  rock: look("#440814", "#cd5305", "dashes"),
};

const NEUTRAL = look("#8a8780", "#84868c", "rising");
const QUIET = look("#c9c5bc", "#3a3c42", "plain");

export const GENRES = Object.keys(LOOKS);

/** A model of other labels gets the same looks, by the place of its label. */
export const lookOf = (label: string, labels: readonly string[] = []): Look => {
  if (label === UNKNOWN) return NEUTRAL;
  if (label === SILENCE) return QUIET;
  const own = LOOKS[label];
  if (own) return own;
  const place = labels.indexOf(label);
  return place < 0 ? NEUTRAL : LOOKS[GENRES[place % GENRES.length]!]!;
};

export const colourOf = (label: string, theme: "light" | "dark", labels: readonly string[] = []): string =>
  lookOf(label, labels)[theme];
