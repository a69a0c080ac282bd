// One WebSocket that comes back: waits between tries, asks for the token when the daemon closes for want of one, notices
// a line that went dead. What is said on it is up to the caller. Touch it when connecting or closing works otherwise.
import { request, token, whenGiven } from "./token";

export type Link =
  | { state: "connecting" }
  | { state: "open" }
  | { state: "lost"; why: string; retryAt: number }
  | { state: "token" };

export interface Wishes {
  /** Address of the next connection; asked anew each time, since it may hold a cursor. */
  url: () => string;
  protocol: string;
  onText: (text: string) => void;
  onBinary?: (data: ArrayBuffer) => void;
  onLink: (link: Link) => void;
  /** Longest silence on a line that lives, in ms; 0 for none. Asked at each message. */
  silence?: () => number;
}

const FIRST_WAIT = 500;
const LONGEST_WAIT = 10_000;

/** What closes for want of a token (4408) or for a wrong one (4401). One that does not open this (4403) may open the rest of the page. */
const wantsToken = (code: number): boolean => code === 4401 || code === 4408;

const why = (event: CloseEvent): string => {
  if (event.code === 1013) return "the daemon has as many listeners as it takes";
  if (event.code === 4403) return "your token does not open what plays live";
  if (event.reason) return event.reason;
  return event.code === 1006 ? "the connection was lost" : `the connection was closed (${event.code})`;
};

export class Socket {
  private socket: WebSocket | null = null;
  private wait = FIRST_WAIT;
  private timer = 0;
  private watchdog = 0;
  private ended = false;
  private used: string | null = null;
  private readonly deaf: () => void;

  constructor(private readonly wishes: Wishes) {
    addEventListener("online", this.hurry);
    document.addEventListener("visibilitychange", this.hurry);
    this.deaf = whenGiven(this.authenticate);
    this.connect();
  }

  /** Ends it for good. */
  close(): void {
    this.ended = true;
    removeEventListener("online", this.hurry);
    document.removeEventListener("visibilitychange", this.hurry);
    this.deaf();
    clearTimeout(this.timer);
    clearTimeout(this.watchdog);
    this.socket?.close();
    this.socket = null;
  }

  /** Drops the connection and makes another at once. */
  again(): void {
    this.drop();
    this.connect();
  }

  /** Shows the token: when the line is open, or when it is given while the daemon waits for it. */
  private readonly authenticate = (): void => {
    const present = token();
    if (present === null || this.used !== null || this.socket?.readyState !== WebSocket.OPEN) return;
    this.used = present;
    this.socket.send(JSON.stringify({ type: "auth", token: present }));
  };

  private readonly hurry = (): void => {
    if (this.timer === 0 || this.ended || document.hidden) return;
    clearTimeout(this.timer);
    this.connect();
  };

  private drop(): void {
    const old = this.socket;
    this.socket = null;
    old?.close();
    clearTimeout(this.timer);
    clearTimeout(this.watchdog);
  }

  private connect(): void {
    if (this.ended) return;
    this.timer = 0;
    this.wishes.onLink({ state: "connecting" });
    this.used = null;
    const socket = new WebSocket(this.wishes.url(), this.wishes.protocol);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    this.watch(socket);
    socket.onopen = this.authenticate;
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (this.socket !== socket) return;
      this.wait = FIRST_WAIT;
      this.watch(socket);
      if (typeof data === "string") this.wishes.onText(data);
      else this.wishes.onBinary?.(data);
    };
    socket.onclose = (event) => {
      if (this.socket !== socket) return;
      this.socket = null;
      clearTimeout(this.watchdog);
      if (wantsToken(event.code)) void this.askForToken(this.used);
      else this.lost(why(event));
    };
  }

  private async askForToken(used: string | null): Promise<void> {
    this.wishes.onLink({ state: "token" });
    await request(used);
    this.connect();
  }

  private lost(reason: string): void {
    const wait = this.wait * (0.8 + 0.4 * Math.random());
    this.wait = Math.min(LONGEST_WAIT, this.wait * 2);
    this.wishes.onLink({ state: "lost", why: reason, retryAt: Date.now() + wait });
    this.timer = setTimeout(() => this.connect(), wait) as unknown as number;
  }

  /** A line on which nothing comes for too long is dead, whatever the browser thinks of it. */
  private watch(socket: WebSocket): void {
    clearTimeout(this.watchdog);
    const silence = this.wishes.silence?.() ?? 0;
    if (silence === 0) return;
    this.watchdog = setTimeout(() => {
      if (this.socket !== socket) return;
      this.drop();
      this.lost("nothing came any more");
    }, silence) as unknown as number;
  }
}
