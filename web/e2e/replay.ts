// Replays two hours of a daemon's events in a few seconds: everything else is passed on to the real daemon, and the events are
// its own, each with a number, a time and probabilities of its own. A WebSocket server of the few lines that takes.
import { createHash } from "node:crypto";
import { createServer, request } from "node:http";
import type { AddressInfo, Socket } from "node:net";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** A text frame, unmasked, as servers send it. */
const frame = (text: string): Buffer => {
  const body = Buffer.from(text);
  const head =
    body.length < 126 ? Buffer.from([0x81, body.length]) : Buffer.from([0x81, 126, body.length >> 8, body.length & 255]);
  return Buffer.concat([head, body]);
};

interface Window {
  epoch: string;
  seq: number;
  time: string;
  source: string;
  window: { start: string; end: string };
  top: { label: string; p: number }[];
  stable: { label: string; since: string; since_seq?: number };
}

/** Seconds between windows, and between changes of the genre. */
const CHANGE_EACH = 120;

export class Replay {
  private socket: Socket | null = null;
  private stable = { label: "", since: "", since_seq: 0 };
  private seq: number;
  private second = 0;

  private constructor(
    private readonly hello: string,
    private readonly pattern: Window,
    private readonly labels: string[],
    readonly url: string,
    readonly close: () => void,
  ) {
    this.seq = pattern.seq;
  }

  static async of(port: number): Promise<Replay> {
    const base = `http://127.0.0.1:${port}/`;
    const now = (await (await fetch(`${base}v1/now?top_k=32`)).json()) as {
      labels: string[]; model: object; version: string; epoch: string; sources: { source: string; window: Window }[];
    };
    const pattern = now.sources[0]!.window;
    const hello = JSON.stringify({
      type: "hello", v: 1, version: now.version, epoch: now.epoch, sources: now.sources.map((of) => of.source),
      labels: now.labels, model: now.model, limits: { heartbeat_s: 600 },
    });
    const server = createServer((asked, answer) => {
      const headers = { ...asked.headers, host: `127.0.0.1:${port}` };
      const far = request({ port, host: "127.0.0.1", path: asked.url, method: asked.method, headers }, (came) => {
        answer.writeHead(came.statusCode!, came.headers);
        came.pipe(answer);
      });
      far.on("error", () => answer.destroy());
      asked.pipe(far);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const close = (): void => {
      server.closeAllConnections();
      server.close();
      replay.socket?.destroy();
    };
    const replay = new Replay(hello, pattern, now.labels, `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, close);
    server.on("upgrade", (asked, socket: Socket) => {
      if (!asked.url?.startsWith("/v1/events")) return void socket.destroy();
      const key = createHash("sha1").update(`${asked.headers["sec-websocket-key"]}${GUID}`).digest("base64");
      socket.write(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
          `Sec-WebSocket-Accept: ${key}\r\nSec-WebSocket-Protocol: genrecast.v1.json\r\n\r\n`,
      );
      socket.on("error", () => socket.destroy());
      socket.write(frame(replay.hello));
      replay.socket = socket;
    });
    return replay;
  }

  /** Sends so many seconds of events: a window each, and now and then a change of the genre. */
  async send(seconds: number): Promise<void> {
    const begin = Date.parse(this.pattern.time);
    for (let n = 0; n < seconds; n += 1, this.second += 1) {
      const time = new Date(begin + this.second * 1000).toISOString();
      const logged = { v: 1, epoch: this.pattern.epoch, source: this.pattern.source, time };
      if (this.second % CHANGE_EACH === 0) {
        const label = this.labels[(this.second / CHANGE_EACH) % this.labels.length]!;
        const { label: before, since } = this.stable;
        const from = before ? { label: before, start: since, end: time, confidence: 0.8 } : undefined;
        this.seq += 1;
        this.stable = { label, since: time, since_seq: this.seq };
        this.write({ type: "genre.changed", ...logged, seq: this.seq, from, to: { label, start: time } });
        this.seq += 1;
        this.write({ type: "track.started", ...logged, seq: this.seq, title: `Title ${this.second}`, start: time });
      }
      const weights = this.labels.map((_, place) => 1.01 + Math.sin(this.second / 7 + place * 1.7));
      const sum = weights.reduce((a, b) => a + b);
      const top = this.labels.map((label, place) => ({ label, p: weights[place]! / sum })).sort((a, b) => b.p - a.p);
      this.seq += 1;
      const window = { ...this.pattern.window, end: time };
      const alive = this.write({ ...this.pattern, ...logged, seq: this.seq, window, top, stable: this.stable });
      if (!alive) await new Promise((resolve) => this.socket!.once("drain", resolve));
      // The page shall draw in between, as it would.
      if (n % 20 === 19) await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  private write(message: object): boolean {
    return this.socket!.write(frame(JSON.stringify(message)));
  }

  /** The number of the last event sent. */
  get last(): number {
    return this.seq;
  }
}
