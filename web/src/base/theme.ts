// Light or dark: what the system prefers, unless the switch said otherwise. Touch it for another theme.
import { effect, signal } from "@preact/signals";

export type Choice = "auto" | "light" | "dark";
export const CHOICES: readonly Choice[] = ["auto", "light", "dark"];
const KEY = "genrecast.theme";

const kept = (): Choice => {
  try {
    const value = localStorage.getItem(KEY);
    return value === "light" || value === "dark" ? value : "auto";
  } catch {
    return "auto"; // Storage may be forbidden; the switch then holds until the page is left.
  }
};

export const choice = signal<Choice>(kept());
const prefersDark = matchMedia("(prefers-color-scheme: dark)");

/** What is shown; drawings on a canvas follow it. */
export const theme = signal<"light" | "dark">("light");

const settle = (): void => {
  theme.value = choice.value === "auto" ? (prefersDark.matches ? "dark" : "light") : choice.value;
};
prefersDark.addEventListener("change", settle);

effect(() => {
  settle();
  document.documentElement.dataset["theme"] = theme.value;
});

export const choose = (next: Choice): void => {
  choice.value = next;
  try {
    if (next === "auto") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, next);
  } catch {
    // As above.
  }
};
