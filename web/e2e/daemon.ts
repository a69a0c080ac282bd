// A real daemon for the tests: started on a free port with a real clip, asked over HTTP, ended with its test.
// GENRECAST is the binary (default: the debug build), GENRECAST_TEST_DATA the folder of clips (default: the demo reel).
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

export const ROOT = join(import.meta.dirname, "../..");
const TARGET = process.env["CARGO_TARGET_DIR"] ?? join(ROOT, "target");
export const BINARY = process.env["GENRECAST"] ?? join(TARGET, "debug/genrecast");
const MODELS = join(ROOT, "models");
export const REEL = join(ROOT, "demo/reel.ogg");

/** A clip of this genre from the data folder, else the reel. */
export const clip = (name: string): string => {
  const data = process.env["GENRECAST_TEST_DATA"];
  const path = data ? join(data, "gtzan_audio_flac", name) : "";
  return existsSync(path) ? path : REEL;
};

/** A daemon to ask. */
export class Remote {
  constructor(
    readonly port: number,
    protected readonly log: readonly string[] = [],
  ) {}

  get url(): string {
    return `http://127.0.0.1:${this.port}/`;
  }

  async get<T>(path: string): Promise<T> {
    const answer = await fetch(this.url + path);
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  }

  /** Waits until a condition on what the daemon answers holds. */
  async until<T>(path: string, holds: (answer: T) => boolean, seconds = 50): Promise<T> {
    const end = Date.now() + seconds * 1000;
    for (;;) {
      const answer = await this.get<T>(path);
      if (holds(answer)) return answer;
      if (Date.now() > end) throw new Error(`${path} after ${seconds} s: ${JSON.stringify(answer)}\n${this.log.slice(-5).join("\n")}`);
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
  }
}

/** One of a test's own. */
export class Daemon extends Remote {
  private constructor(
    private readonly child: ChildProcess,
    private readonly state: string,
    port: number,
    log: string[],
  ) {
    super(port, log);
  }

  /** Starts one and waits until it listens. */
  static async start(sources: readonly string[], env: Record<string, string> = {}): Promise<Daemon> {
    const state = mkdtempSync(join(tmpdir(), "genrecast-page-"));
    const flags = ["run", "--models", MODELS, "--listen", "127.0.0.1:0", "--state-dir", state];
    const child = spawn(BINARY, [...flags, ...sources.flatMap((uri) => ["--source", uri])], {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, GENRECAST_LOG__FORMAT: "json", ...env },
    });
    // A test that runs out of time must leave nothing behind either.
    const kill = (): void => void child.kill("SIGKILL");
    process.once("exit", kill);
    child.once("exit", () => process.off("exit", kill));
    const log: string[] = [];
    const port = await new Promise<number>((resolve, reject) => {
      createInterface({ input: child.stderr! }).on("line", (line) => {
        if (log.push(line) > 200) log.shift();
        const found = /listening on http:\/\/[\d.]+:(\d+)/.exec(line);
        if (found) resolve(Number(found[1]));
      });
      child.once("error", reject);
      child.once("exit", (code) => reject(new Error(`${BINARY} ended with ${code}:\n${log.join("\n")}`)));
    });
    return new Daemon(child, state, port, log);
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null) {
      const ended = new Promise((resolve) => this.child.once("exit", resolve));
      this.child.kill("SIGTERM");
      await ended;
    }
    rmSync(this.state, { recursive: true, force: true });
  }
}

interface Now {
  sources: { source: string; window?: { stable: { label: string } } }[];
}

/** Until every source has a genre. */
export const heard = (daemon: Remote): Promise<Now> =>
  daemon.until<Now>("v1/now", (now) => now.sources.length > 0 && now.sources.every((of) => of.window));

/** What `genrecast classify` says of a file: the likeliest label. */
export const topOf = (path: string): string => {
  const said = execFileSync(BINARY, ["classify", path, "--json", "--models", MODELS], { maxBuffer: 1 << 26 });
  return (JSON.parse(said.toString()) as { top: { label: string }[] }).top[0]!.label;
};
