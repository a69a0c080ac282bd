// Every source at a glance, to choose the one that is looked at. Shown where there are several.
import { theme } from "../base/theme";
import { colourOf } from "../draw/genres";
import { Swatch } from "../draw/swatch";
import { chosen, link, useModel } from "./store";
import { StateChip, stateOf, Trouble } from "./state";

export const Sources = ({ current }: { current: string }) => {
  const model = useModel();
  return (
    <div class="sources" role="radiogroup" aria-label="Source">
      {model.sources.map((view) => {
        const label = view.window?.stable.label;
        return (
          <label
            key={view.name}
            class={view.name === current ? "source-card current" : "source-card"}
            style={{ borderColor: view.name === current && label ? colourOf(label, theme.value, model.labels) : "" }}
          >
            <input
              type="radio"
              name="source"
              class="hidden"
              checked={view.name === current}
              onChange={() => (chosen.value = view.name)}
            />
            <span class="source-name">{view.name}</span>
            <span class="source-now">
              {label && (
                <span class="source-genre">
                  <Swatch label={label} labels={model.labels} />
                  {label}
                </span>
              )}
              <StateChip state={stateOf(view)} stale={link.value.state !== "open"} />
            </span>
            {view.name !== current && <Trouble view={view} />}
          </label>
        );
      })}
    </div>
  );
};
