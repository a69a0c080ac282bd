// How heavy the page is, on the wire and in memory.
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Browser, CDPSession } from "playwright-core";
import { DESKTOP, launch, open } from "./browser";
import { heard, ROOT } from "./daemon";
import { Replay } from "./replay";
import { shared } from "./shared";

const KB = 1000;
const MB = 1e6;
let browser: Browser;
const daemon = shared();
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

describe("the page", () => {
  it("weighs at most 150 kB compressed, all its parts together", () => {
    const dist = join(ROOT, "web/dist");
    const sizes = new Map<string, number>();
    for (const name of readdirSync(dist, { recursive: true }).map(String)) {
      const path = join(dist, name);
      if (!statSync(path).isFile() || name.endsWith(".gz")) continue;
      const bare = name.replace(/\.br$/, "");
      sizes.set(bare, Math.min(sizes.get(bare) ?? Infinity, statSync(path).size));
    }
    const whole = [...sizes.values()].reduce((a, b) => a + b);
    console.log(`the whole page weighs ${(whole / KB).toFixed(1)} kB`);
    expect(sizes.size).toBeGreaterThan(4);
    expect(whole).toBeLessThan(150 * KB);
  });

  it("grows by at most 5 MB over two hours of events", { timeout: 300_000 }, async () => {
    await heard(daemon);
    const replay = await Replay.of(daemon.port);
    const { page, close } = await open(browser, DESKTOP);
    const debug: CDPSession = await page.context().newCDPSession(page);
    const heap = async (): Promise<number> => {
      await debug.send("HeapProfiler.collectGarbage");
      return (await debug.send("Runtime.getHeapUsage")).usedSize;
    };
    const shows = async (second: number): Promise<void> => {
      await page.waitForFunction((title) => document.body.textContent.includes(title), `Title ${second}`, { timeout: 150_000 });
      await page.waitForTimeout(300);
    };
    try {
      await page.goto(replay.url);
      await page.waitForSelector('[data-link="open"]');
      await replay.send(120);
      await shows(0);
      const before = await heap();
      await replay.send(7200);
      await shows(7200);
      const after = await heap();
      console.log(`heap after 2 minutes ${(before / MB).toFixed(2)} MB, after 2 hours more ${(after / MB).toFixed(2)} MB`);
      expect(after - before).toBeLessThan(5 * MB);
    } finally {
      await close();
      replay.close();
    }
  });
});
