// The mel picture of a whole file, as the daemon made it: at most a thousand columns.
import { useEffect, useRef } from "preact/hooks";
import { position } from "../base/text";
import { melImage } from "../draw/palette";
import type { Mel } from "./types";

export const bytesOf = (base64: string): Uint8Array => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));

export const MelPicture = ({ mel, name }: { mel: Mel; name: string }) => {
  const ref = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const canvas = ref.current!;
    canvas.width = mel.columns;
    canvas.height = mel.bands;
    if (mel.columns > 0) canvas.getContext("2d")!.putImageData(melImage(bytesOf(mel.data), mel.columns, mel.bands), 0, 0);
  }, [mel]);
  const length = position(mel.columns * mel.seconds_per_column);
  return <canvas ref={ref} class="mel-picture" role="img" aria-label={`Mel picture of ${name}, ${length} long`} />;
};
