// Training curves of the chosen seed: losses on the left axis, accuracy on the right one.
import { useMemo } from "preact/hooks";
import { theme } from "../base/theme";
import { percent } from "../base/text";
import { ink } from "../draw/canvas";
import { type Line, Plot } from "../draw/plot";
import type { Epoch } from "./types";

const KEYS: readonly [keyof Epoch, string, string, number[] | undefined][] = [
  ["train_loss", "loss, train", "--soft", undefined],
  ["valid_nll", "loss, valid", "--accent", [7, 4]],
  ["valid_accuracy", "accuracy, valid", "--good", [2, 3]],
];

export const Curves = ({ curve }: { curve: readonly Epoch[] }) => {
  const shown = theme.value;
  const xs = useMemo(() => curve.map((of) => of.epoch), [curve]);
  const lines = useMemo(
    () =>
      KEYS.filter(([key]) => curve.some((of) => of[key] !== undefined)).map(([key, label, colour, dash]): Line => ({
        label,
        colour: ink(colour),
        ...(dash ? { dash } : {}),
        values: curve.map((of) => of[key] ?? null),
        scale: key === "valid_accuracy" ? "second" : "y",
      })),
    [curve, shown],
  );
  const accuracy = lines.some((line) => line.scale === "second");
  const last = curve.at(-1);
  return (
    <Plot
      xs={xs}
      lines={lines}
      height={210}
      label={`Training curves over ${last?.epoch ?? 0} epochs; last training loss ${last?.train_loss?.toFixed(2) ?? "unknown"}`}
      xLabel="epoch"
      xText={(x) => String(Math.round(x))}
      yText={(y) => y.toFixed(2)}
      {...(accuracy ? { secondText: percent } : {})}
    />
  );
};
