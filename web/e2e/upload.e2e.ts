// Uploads on a real daemon: the same answer as `genrecast classify`, whatever the format.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { accessible, DESKTOP, launch, open, painted, PHONE, picture, type Watched } from "./browser";
import { clip, REEL, topOf } from "./daemon";
import { shared } from "./shared";

const SOUND = clip("metal.00006.flac");
let browser: Browser;
const daemon = shared();
let watched: Watched;
let work: string;
let files: string[];

const ffmpeg = (...more: string[]): void => {
  execFileSync("ffmpeg", ["-v", "error", "-y", "-i", SOUND, "-t", "20", ...more]);
};

beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), "genrecast-upload-"));
  files = [join(work, "lossless.flac"), join(work, "lossy.mp3")];
  ffmpeg("-c:a", "flac", files[0]!);
  ffmpeg("-c:a", "libmp3lame", "-b:a", "128k", files[1]!);
  browser = await launch();
  watched = await open(browser, DESKTOP, [/status of 422/]);
  await watched.page.goto(`${daemon.url}#classify`);
  await watched.page.waitForSelector(".pick");
});
afterAll(async () => {
  await browser.close();
  rmSync(work, { recursive: true });
});

const over = async (name: string, stage: string): Promise<void> => {
  await watched.page.waitForSelector(`article[aria-label="${name}"][data-stage="${stage}"]`, { timeout: 120_000 });
};

describe("the upload view", () => {
  it("names the same genre as classify, for FLAC and MP3", async () => {
    await watched.page.setInputFiles("#files", files);
    for (const [place, name] of ["lossless.flac", "lossy.mp3"].entries()) {
      await over(name, "done");
      const top = await watched.page.getAttribute(`article[aria-label="${name}"] .verdict`, "data-top");
      expect(top, name).toBe(topOf(files[place]!));
      expect(await watched.page.locator(`article[aria-label="${name}"] .bar`).count()).toBe(5);
    }
  });

  it("draws the mel picture, the stable genre and the course of the probabilities", async () => {
    const article = 'article[aria-label="lossless.flac"]';
    expect((await painted(watched.page, `${article} .mel-picture`)).colours).toBeGreaterThan(40);
    expect((await painted(watched.page, `${article} .stretches canvas`)).share).toBeGreaterThan(0.5);
    expect((await painted(watched.page, `${article} .plot canvas`)).colours).toBeGreaterThan(5);
  });

  it("gives the result as JSON", async () => {
    const wanted = watched.page.waitForEvent("download");
    await watched.page.click('article[aria-label="lossless.flac"] >> text=Save as JSON');
    const result = JSON.parse(readFileSync((await (await wanted).path())!, "utf8")) as { name: string; results: unknown[] };
    expect(result.name).toBe("lossless.flac");
    expect(result.results).toHaveLength(1);
  });

  it("says what is wrong with a text that is called .mp3", async () => {
    const text = join(work, "text.mp3");
    writeFileSync(text, "This is no music.\n".repeat(200));
    await watched.page.setInputFiles("#files", text);
    await over("text.mp3", "failed");
    expect(await watched.page.textContent('article[aria-label="text.mp3"] .trouble')).toMatch(/audio|text/);
  });

  it("sets models side by side", async () => {
    for (const model of ["ffnn", "cnn"]) await watched.page.check(`.pick:text-matches("^${model}$") input`);
    copyFileSync(files[0]!, join(work, "both.flac"));
    await watched.page.setInputFiles("#files", join(work, "both.flac"));
    await over("both.flac", "done");
    const models = await watched.page.$$eval('article[aria-label="both.flac"] .verdict', (all) =>
      all.map((verdict) => (verdict as HTMLElement).dataset["model"]),
    );
    expect(models.sort()).toEqual(["cnn", "ffnn", "musicnn-crnn"]);
    await accessible(watched.page);
    await picture(watched.page, "upload-desktop-light");
  });

  it("takes what is dropped, and lets it be cancelled", async () => {
    const sound = readFileSync(REEL).toString("base64");
    const data = await watched.page.evaluateHandle((base64) => {
      const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
      const transfer = new DataTransfer();
      transfer.items.add(new File([bytes], "dropped.ogg"));
      return transfer;
    }, sound);
    await watched.page.dispatchEvent(".drop", "drop", { dataTransfer: data });
    await watched.page.click('article[aria-label="dropped.ogg"] >> text=Cancel');
    await over("dropped.ogg", "cancelled");
    await watched.page.click('[aria-label="Remove dropped.ogg"]');
    expect(await watched.page.locator('article[aria-label="dropped.ogg"]').count()).toBe(0);
  });

  it("complains of nothing, and can be used on a phone", async () => {
    expect(watched.complaints).toEqual([]);
    const phone = await open(browser, PHONE);
    await phone.page.goto(`${daemon.url}#classify`);
    await phone.page.waitForSelector(".pick");
    await accessible(phone.page);
    await picture(phone.page, "upload-phone-dark");
    expect(phone.complaints).toEqual([]);
    await phone.close();
  });
});
