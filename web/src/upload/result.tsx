// A result: each model's verdict and five likeliest genres side by side, the genre over the time of the file, its mel picture,
// and the way to take it along as JSON.
import { useState } from "preact/hooks";
import { theme } from "../base/theme";
import { Bars } from "../draw/bars";
import { colourOf } from "../draw/genres";
import { UNKNOWN } from "../wire";
import { Course } from "./course";
import { MelPicture } from "./mel_picture";
import { models } from "./store";
import { Stretches } from "./stretches";
import type { Heard, Result } from "./types";

const TOP = 5;

const labelsOf = (heard: Heard): readonly string[] => models.value.find((of) => of.id === heard.model.id)?.labels ?? [];

const Verdict = ({ heard, several }: { heard: Heard; several: boolean }) => {
  const { label, reason } = heard.verdict;
  return (
    <section
      class="verdict"
      aria-label={`${heard.model.id}: ${label}`}
      data-model={heard.model.id}
      data-top={heard.top[0]?.label}
    >
      {several && <h3>{heard.model.id}</h3>}
      <p class={label === UNKNOWN ? "verdict-label faint" : "verdict-label"}>
        <span class="stroke" style={{ background: colourOf(label, theme.value, labelsOf(heard)) }} />
        {label}
      </p>
      {reason && <p class="fine-print">{reason}</p>}
      <Bars scores={heard.top.slice(0, TOP)} labels={labelsOf(heard)} best={heard.top[0]?.label} title="Likeliest genres" />
    </section>
  );
};

/** The result as a file to keep. */
const file = (result: Result): File =>
  new File([JSON.stringify(result, null, 1)], `${result.name || "result"}.genrecast.json`, { type: "application/json" });

const save = (result: Result): void => {
  const link = document.createElement("a");
  const content = file(result);
  link.href = URL.createObjectURL(content);
  link.download = content.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
};

/** Hands it to another program where the browser can, else puts it on the clipboard; says what it did. */
const share = async (result: Result): Promise<string> => {
  const content = file(result);
  try {
    if (navigator.canShare?.({ files: [content] })) {
      await navigator.share({ files: [content], title: `${result.name}: ${result.results[0]?.verdict.label ?? ""}` });
      return "shared";
    }
    await navigator.clipboard.writeText(await content.text());
    return "copied";
  } catch (error) {
    const changedMind = error instanceof DOMException && error.name === "AbortError";
    return changedMind ? "" : "this browser lets nothing be copied here; save it instead";
  }
};

export const ResultView = ({ result }: { result: Result }) => {
  const [said, setSaid] = useState("");
  const several = result.results.length > 1;
  return (
    <div class="result">
      <div class="verdicts">
        {result.results.map((heard) => (
          <Verdict key={heard.model.id} heard={heard} several={several} />
        ))}
      </div>
      <div class="over-time">
        {result.mel && <MelPicture mel={result.mel} name={result.name} />}
        {result.results.map((heard) => (
          <Stretches
            key={heard.model.id}
            segments={heard.segments}
            duration={result.duration_s}
            labels={labelsOf(heard)}
            name={several ? heard.model.id : ""}
          />
        ))}
        {result.results.map((heard) => (
          <Course
            key={heard.model.id}
            heard={heard}
            duration={result.duration_s}
            labels={labelsOf(heard)}
            name={several ? heard.model.id : ""}
          />
        ))}
      </div>
      {result.damage && <p class="trouble">This is what could be heard of it: {result.damage}</p>}
      <div class="buttons">
        <button type="button" class="small" onClick={() => save(result)}>
          Save as JSON
        </button>
        <button type="button" class="small" onClick={() => void share(result).then(setSaid)}>
          Share
        </button>
        <span class="fine-print" role="status">
          {said}
        </span>
      </div>
    </div>
  );
};
