// What comes between the page and the daemon: a line cut for ten seconds, a proxy under a sub-path, a token.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { accessible, DESKTOP, launch, open, painted } from "./browser";
import { Daemon, heard, REEL } from "./daemon";
import { underPath, Wire } from "./proxy";
import { shared } from "./shared";

const GENRE = '#genre:not([data-label=""])';
let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

interface Told {
  type: string;
  seq: number;
}
interface Row {
  label: string;
  start: string;
}

describe("a line that is cut for ten seconds", () => {
  it("loses no event, takes none twice and leaves no hole in the timeline", async () => {
    // Four times as fast, so that the genre changes while nobody listens.
    const daemon = await Daemon.start([`file:${REEL}?loop=true&speed=4`]);
    const wire = await Wire.to(daemon.port);
    const { page, close } = await open(browser, DESKTOP);
    const got: Told[] = [];
    page.on("websocket", (socket) =>
      socket.on("framereceived", ({ payload }) => {
        if (typeof payload !== "string") return;
        const told = JSON.parse(payload) as Told;
        if (told.seq !== undefined && told.type !== "snapshot") got.push(told);
      }),
    );
    try {
      await heard(daemon);
      await page.goto(`http://127.0.0.1:${wire.port}/`);
      await page.waitForSelector(GENRE);
      await expect.poll(() => got.length, { timeout: 20_000 }).toBeGreaterThan(3);
      wire.cut();
      await page.waitForSelector('[data-link="lost"]');
      await page.waitForTimeout(10_000);
      const before = got.at(-1)!.seq;
      wire.mend();
      await page.waitForSelector('[data-link="open"]', { timeout: 20_000 });
      await expect.poll(() => got.at(-1)!.seq, { timeout: 20_000 }).toBeGreaterThan(before + 5);

      const numbers = got.map((told) => told.seq);
      expect(numbers).toEqual(Array.from(numbers, (_, n) => numbers[0]! + n));

      // What the page's timeline has is what the history has, up to what has just begun.
      await page.click("text=As a table");
      const rows = (): Promise<string[]> =>
        page.$$eval(".as-table tbody tr", (all) => all.map((row) => row.children[1]!.textContent ?? ""));
      const kept = async (): Promise<string[]> => {
        const { segments } = await daemon.get<{ segments: Row[] }>("v1/history/segments?from=-1h");
        return segments.toSorted((a, b) => Date.parse(b.start) - Date.parse(a.start)).map((of) => of.label);
      };
      await expect.poll(async () => JSON.stringify(await rows()) === JSON.stringify(await kept()), { timeout: 15_000 }).toBe(true);
      expect((await rows()).length).toBeGreaterThan(1);
    } finally {
      await close();
      wire.close();
      await daemon.stop();
    }
  });
});

describe("under a sub-path behind a proxy", () => {
  it("everything works", async () => {
    const proxy = await underPath(shared().port, "/music/now/");
    const { page, complaints, close } = await open(browser, DESKTOP);
    try {
      await page.goto(proxy.url);
      await page.waitForSelector(GENRE, { timeout: 40_000 });
      await expect.poll(async () => (await painted(page, ".spectrogram")).share, { timeout: 15_000 }).toBeGreaterThan(0.01);
      await page.click("nav >> text=Models");
      await page.waitForSelector("#model-cnn .heat");
      expect(complaints).toEqual([]);
    } finally {
      await close();
      proxy.close();
    }
  });
});

describe("a daemon with a token", () => {
  it("is asked for it, tells a wrong one, and keeps the right one for this tab only", async () => {
    const work = mkdtempSync(join(tmpdir(), "genrecast-token-"));
    const file = join(work, "token");
    writeFileSync(file, "a-long-secret-of-the-test\n", { mode: 0o600 });
    const daemon = await Daemon.start([`file:${REEL}?loop=true`], { GENRECAST_SERVER__TOKEN_FILE: file });
    const { page, complaints, close } = await open(browser, DESKTOP, [/401/, /4401|4408|WebSocket/]);
    const asked: string[] = [];
    page.on("request", (request) => asked.push(request.url()));
    page.on("websocket", (socket) => asked.push(socket.url()));
    try {
      await page.goto(daemon.url);
      await page.waitForSelector("dialog[open]", { timeout: 15_000 });
      await accessible(page);
      await page.fill("#token", "not-the-one");
      await page.keyboard.press("Enter");
      await page.waitForSelector("text=That one was not right", { timeout: 15_000 });
      await page.fill("#token", "a-long-secret-of-the-test");
      await page.keyboard.press("Enter");
      await page.waitForSelector(GENRE, { timeout: 40_000 });
      await expect.poll(async () => (await painted(page, ".spectrogram")).share, { timeout: 15_000 }).toBeGreaterThan(0.01);
      expect(await page.locator("dialog[open]").count()).toBe(0);
      await page.reload();
      await page.waitForSelector(GENRE);
      const kept = await page.evaluate(() => [JSON.stringify(localStorage), document.cookie, location.href].join());
      expect(kept).not.toContain("secret");
      expect(asked.filter((url) => url.includes("secret"))).toEqual([]);
      expect(complaints).toEqual([]);
    } finally {
      await close();
      await daemon.stop();
      rmSync(work, { recursive: true });
    }
  });
});
