// The shell: which view is shown, the connection's state, light and dark, and the question for the token.
// Views other than the live one are fetched when they are first looked at. Touch it to add a view: a line in VIEWS.
import { signal } from "@preact/signals";
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { CHOICES, choice, choose } from "./base/theme";
import { Connection } from "./live/connection";
import { Live } from "./live/view";
import { TokenQuestion } from "./token_question";

interface View {
  name: string;
  load: () => Promise<ComponentType>;
}

const VIEWS: Record<string, View> = {
  live: { name: "Live", load: () => Promise.resolve(Live) },
  classify: { name: "Classify", load: async () => (await import("./upload/view")).Upload },
  models: { name: "Models", load: async () => (await import("./models/view")).Models },
};

/** The view's name stands behind the #, so that it works under any path and never reaches a server. */
const here = (): string => {
  const name = location.hash.slice(1).split("/")[0]!;
  return name in VIEWS ? name : "live";
};
const shown = signal(here());
addEventListener("hashchange", () => (shown.value = here()));

const loaded = new Map<string, ComponentType>([["live", Live]]);

const Shown = ({ name }: { name: string }) => {
  const [, again] = useState(0);
  const [trouble, setTrouble] = useState("");
  useEffect(() => {
    // The live view has a title of its own.
    if (name !== "live") document.title = `${VIEWS[name]!.name} – genrecast`;
    if (loaded.has(name)) return;
    VIEWS[name]!.load().then(
      (view) => {
        loaded.set(name, view);
        again((n) => n + 1);
      },
      () => setTrouble("This part of the page could not be fetched. Is the daemon there? Loading the page anew tries again."),
    );
  }, [name]);
  const Part = loaded.get(name);
  if (Part) return <Part />;
  return <p class="empty" role="status">{trouble || "…"}</p>;
};

const ThemeSwitch = () => (
  <label class="theme-switch">
    <span class="hidden">Theme</span>
    <select value={choice.value} onChange={(event) => choose(event.currentTarget.value as (typeof CHOICES)[number])}>
      {CHOICES.map((name) => (
        <option key={name} value={name}>
          {name === "auto" ? "as the system" : name}
        </option>
      ))}
    </select>
  </label>
);

/** To the content, without touching the address, which names the view. */
const skip = (event: MouseEvent): void => {
  event.preventDefault();
  document.getElementById("main")!.focus();
};

export const App = () => (
  <>
    <a class="skip" href="#main" onClick={skip}>
      Skip to the content
    </a>
    <header>
      <span class="brand" aria-label="genrecast">
        genre<span>cast</span>
      </span>
      <nav aria-label="Views">
        {Object.entries(VIEWS).map(([name, view]) => (
          <a key={name} href={`#${name}`} aria-current={shown.value === name ? "page" : undefined}>
            {view.name}
          </a>
        ))}
      </nav>
      <span class="header-end">
        <Connection />
        <ThemeSwitch />
      </span>
    </header>
    <main id="main" tabIndex={-1}>
      <Shown key={shown.value} name={shown.value} />
    </main>
    <TokenQuestion />
  </>
);
