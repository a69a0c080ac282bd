// Debian's Chromium for the tests, and pages that keep what must not happen: errors on the console, requests to other hosts.
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { expect } from "vitest";
import { ROOT } from "./daemon";

const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];

export const launch = (more: string[] = []): Promise<Browser> =>
  chromium.launch({ executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium", args: [...FLAGS, ...more] });

export const DESKTOP: BrowserContextOptions = { viewport: { width: 1440, height: 900 }, colorScheme: "light" };
export const PHONE: BrowserContextOptions = {
  viewport: { width: 390, height: 844 }, colorScheme: "dark", deviceScaleFactor: 2, hasTouch: true, isMobile: true,
};

export interface Watched {
  page: Page;
  /** What went wrong so far. */
  complaints: string[];
  close: () => Promise<void>;
}

/** A new page; `allowed` are complaints that a test provokes itself. */
export const open = async (browser: Browser, options: BrowserContextOptions, allowed: RegExp[] = []): Promise<Watched> => {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const complaints: string[] = [];
  const complain = (text: string): void => {
    if (!allowed.some((pattern) => pattern.test(text))) complaints.push(text);
  };
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complain(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => complain(`thrown: ${error.message}`));
  const foreign = (address: string): void => {
    const { hostname, protocol } = new URL(address);
    if (hostname !== "127.0.0.1" && !["blob:", "data:"].includes(protocol)) complain(`foreign request: ${address}`);
  };
  page.on("request", (request) => foreign(request.url()));
  page.on("websocket", (socket) => foreign(socket.url()));
  return { page, complaints, close: () => context.close() };
};

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface Finding {
  id: string;
  impact: string | null;
  help: string;
  nodes: { html: string; failureSummary?: string }[];
}

/** Fails on what axe-core calls serious or critical. */
export const accessible = async (page: Page): Promise<void> => {
  // Through the debugger, so that the page's own policy need not allow it.
  await page.evaluate(axe);
  const findings = (await page.evaluate(
    "axe.run(document, { resultTypes: ['violations'] }).then((result) => result.violations)",
  )) as Finding[];
  const serious = findings.filter((of) => of.impact === "serious" || of.impact === "critical");
  const told = serious.map((of) => `${of.id}: ${of.help}\n${of.nodes.slice(0, 4).map((n) => `${n.html}\n${n.failureSummary ?? ""}`).join("\n")}`);
  expect(told, told.join("\n\n")).toEqual([]);
};

const PICTURES = join(process.env["CARGO_TARGET_DIR"] ?? join(ROOT, "target"), "page");

/** Keeps a picture among the artefacts. */
export const picture = async (page: Page, name: string, fullPage = true): Promise<string> => {
  mkdirSync(PICTURES, { recursive: true });
  const path = join(PICTURES, `${name}.png`);
  await page.screenshot({ path, fullPage });
  return path;
};

/** Colours of a canvas that are not its background, and the share of its pixels that are painted. */
export const painted = (page: Page, selector: string): Promise<{ colours: number; share: number }> =>
  page.evaluate((wanted) => {
    const canvas = document.querySelector<HTMLCanvasElement>(wanted)!;
    // Read from a copy: reading the canvas itself would change how the browser keeps it, and the browser says so.
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true })!;
    copy.drawImage(canvas, 0, 0);
    const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
    const colours = new Set<number>();
    let count = 0;
    for (let at = 0; at < data.length; at += 4) {
      if (data[at + 3] === 0) continue;
      count += 1;
      colours.add((data[at]! << 16) | (data[at + 1]! << 8) | data[at + 2]!);
    }
    return { colours: colours.size, share: count / (data.length / 4) };
  }, selector);
