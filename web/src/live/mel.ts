// The stream of mel columns: what the daemon's frames say, and a bounded queue of columns that are not drawn yet.
// Touch it when `genrecast.mel.v1` changes.

export interface MelHead {
  type: "mel";
  source: string;
  sample_rate: number;
  bands: number;
  hop_s: number;
  min_db: number;
  max_db: number;
  scale?: string;
}

export interface MelFrame {
  /** Of the first column, in the source's stream. */
  index: number;
  bands: number;
  /** Column by column, lowest band first. */
  data: Uint8Array;
}

const HEAD = 12;

/** Reads a binary frame; null for one that is not whole. */
export const readFrame = (buffer: ArrayBuffer): MelFrame | null => {
  if (buffer.byteLength < HEAD) return null;
  const view = new DataView(buffer);
  const [columns, bands] = [view.getUint16(8, true), view.getUint16(10, true)];
  if (bands === 0 || buffer.byteLength !== HEAD + columns * bands) return null;
  return { index: Number(view.getBigUint64(0, true)), bands, data: new Uint8Array(buffer, HEAD) };
};

/** Most columns that wait to be drawn: four seconds of the default model's. */
export const MOST_WAITING = 256;

/** A column that never came. */
export const LOST = null;

export class MelQueue {
  private waiting: (Uint8Array | null)[] = [];
  private next: number | null = null;

  get length(): number {
    return this.waiting.length;
  }

  /** Another stream begins: its numbers have nothing to do with those before. */
  restart(): void {
    this.next = null;
  }

  push(frame: MelFrame): void {
    if (this.next !== null && frame.index > this.next) {
      const lost = Math.min(MOST_WAITING, frame.index - this.next);
      for (let n = 0; n < lost; n += 1) this.waiting.push(LOST);
    }
    const columns = frame.data.length / frame.bands;
    for (let n = 0; n < columns; n += 1) {
      // What was drawn already is not drawn again.
      if (this.next !== null && frame.index + n < this.next) continue;
      this.waiting.push(frame.data.subarray(n * frame.bands, (n + 1) * frame.bands));
    }
    this.next = Math.max(this.next ?? 0, frame.index + columns);
    if (this.waiting.length > MOST_WAITING) this.waiting.splice(0, this.waiting.length - MOST_WAITING);
  }

  take(count: number): (Uint8Array | null)[] {
    return this.waiting.splice(0, count);
  }
}
