// The scrolling picture: a canvas as wide as there are columns, moved to the left by what is new. It draws at an even
// pace from the queue, because frames come in bursts. Touch it when the picture moves otherwise.
import { MAGMA } from "../draw/palette";
import type { MelQueue } from "./mel";

/** Columns that the picture shows. */
export const SHOWN = 1024;

export class Scroll {
  private pen: CanvasRenderingContext2D;
  private frame = 0;
  private last = 0;
  private owed = 0;
  private strip: ImageData | null = null;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly queue: MelQueue,
    private bands: number,
    private hopMs: number,
  ) {
    canvas.width = SHOWN;
    canvas.height = bands;
    this.pen = canvas.getContext("2d", { alpha: true })!;
    this.pen.imageSmoothingEnabled = false;
    this.frame = requestAnimationFrame(this.step);
  }

  stop(): void {
    cancelAnimationFrame(this.frame);
  }

  /** Another stream, perhaps of another shape; the picture so far stays if the shape does. */
  shape(bands: number, hopMs: number): void {
    this.hopMs = hopMs;
    if (bands === this.bands) return;
    this.bands = bands;
    this.canvas.height = bands;
    this.strip = null;
  }

  private readonly step = (now: number): void => {
    this.frame = requestAnimationFrame(this.step);
    const passed = Math.min(200, now - (this.last || now));
    this.last = now;
    // A little faster than real time while much waits: so the picture is never long behind.
    const hurry = 1 + this.queue.length / 100;
    this.owed = Math.min(this.owed + (passed / this.hopMs) * hurry, this.queue.length);
    const count = Math.floor(this.owed);
    if (count === 0) return;
    this.owed -= count;
    this.draw(this.queue.take(count));
  };

  private draw(columns: (Uint8Array | null)[]): void {
    const count = Math.min(columns.length, SHOWN);
    if (this.strip === null || this.strip.width !== count) this.strip = new ImageData(count, this.bands);
    const pixels = new Uint32Array(this.strip.data.buffer);
    for (let x = 0; x < count; x += 1) {
      const column = columns[columns.length - count + x];
      for (let band = 0; band < this.bands; band += 1) {
        // What was lost is see-through.
        pixels[(this.bands - 1 - band) * count + x] = column ? MAGMA[column[band] ?? 0]! : 0;
      }
    }
    const { pen, canvas } = this;
    pen.globalCompositeOperation = "copy";
    pen.drawImage(canvas, -count, 0);
    pen.globalCompositeOperation = "source-over";
    pen.putImageData(this.strip, SHOWN - count, 0);
  }
}
