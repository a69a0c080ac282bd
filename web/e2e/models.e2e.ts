// The models view on the reports that the daemon serves.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { accessible, DESKTOP, launch, open, painted, PHONE, picture, type Watched } from "./browser";
import { ROOT } from "./daemon";
import { shared } from "./shared";

let browser: Browser;
const daemon = shared();
let watched: Watched;

beforeAll(async () => {
  browser = await launch();
  watched = await open(browser, DESKTOP);
  await watched.page.goto(`${daemon.url}#models`);
});
afterAll(() => browser.close());

interface Report {
  splits: Record<string, { accuracy: number; confusion: { rows_true_columns_named: number[][] } }>;
}

describe("the models view", () => {
  it("has a card for each model", async () => {
    await watched.page.waitForSelector("#model-cnn .heat");
    const { models } = await daemon.get<{ models: { id: string }[] }>("v1/models");
    for (const { id } of models) await watched.page.waitForSelector(`#model-${id}`);
    expect(models.map((of) => of.id)).toContain("musicnn-crnn");
  });

  it("shows the report's figures, of both splits", async () => {
    const report = JSON.parse(readFileSync(join(ROOT, "models/cnn/report.json"), "utf8")) as Report;
    const shown = (): Promise<number[][]> =>
      watched.page.$$eval("#model-cnn .heat tbody tr", (rows) =>
        rows.map((row) => [...row.querySelectorAll("td")].map((cell) => Number(cell.textContent))),
      );
    for (const [name, key] of [["artist-disjoint split", "fault_filtered"], ["random split", "random"]] as const) {
      await watched.page.click(`#model-cnn button:has-text("${name}")`);
      const split = report.splits[key]!;
      expect(await shown()).toEqual(split.confusion.rows_true_columns_named);
      expect(await watched.page.textContent("#model-cnn .main-figure dd")).toBe(`${(split.accuracy * 100).toFixed(1)} %`);
    }
  });

  it("draws curves and mean mel pictures", async () => {
    expect((await painted(watched.page, "#model-cnn .plot canvas")).colours).toBeGreaterThan(3);
    expect(await watched.page.locator("#model-cnn .mean-mels canvas").count()).toBe(10);
    expect((await painted(watched.page, "#model-cnn .mean-mels canvas")).colours).toBeGreaterThan(40);
  });

  it("shows the card in words", async () => {
    await watched.page.click("#model-cnn >> text=The model's card in words");
    await expect.poll(() => watched.page.textContent("#model-cnn pre")).toContain("# cnn");
  });

  it("can be read by everybody, on desktop and phone", async () => {
    await accessible(watched.page);
    await picture(watched.page, "models-desktop-light", false);
    const phone = await open(browser, PHONE);
    await phone.page.goto(`${daemon.url}#models`);
    await phone.page.waitForSelector("#model-cnn .heat");
    await accessible(phone.page);
    const wider = await phone.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(wider).toBeLessThanOrEqual(0);
    await picture(phone.page, "models-phone-dark", false);
    expect([...watched.complaints, ...phone.complaints]).toEqual([]);
    await phone.close();
  });
});
