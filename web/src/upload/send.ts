// One upload: sends a file's bytes, tells how far it is, and gives the answer. XMLHttpRequest, because fetch does not tell
// how much of a body has been sent. Touch it when `POST /v1/classify` changes.
import { httpUrl } from "../base/url";
import { getJson, Refusal, refusal } from "../net/http";
import { headers, request, token } from "../net/token";
import type { Progress, Result } from "./types";

export interface Wish {
  id: string;
  file: File;
  models: readonly string[];
  onSent: (bytes: number) => void;
  onProgress: (progress: Progress) => void;
}

/** Between two questions how far it is, in ms. */
const ASK_EACH = 400;

/** Seconds after which a refusal may be tried again, where the daemon said so. */
export class Later extends Refusal {
  constructor(
    said: Refusal,
    readonly seconds: number,
  ) {
    super(said.status, said.code, said.message);
  }
}

const once = (wish: Wish, signal: AbortSignal): Promise<XMLHttpRequest> =>
  new Promise((resolve, reject) => {
    const sending = new XMLHttpRequest();
    const query = { name: wish.file.name, model: wish.models, top: 10, mel: 1, id: wish.id };
    sending.open("POST", httpUrl("v1/classify", query));
    for (const [name, value] of Object.entries(headers())) sending.setRequestHeader(name, value);
    sending.setRequestHeader("Content-Type", wish.file.type || "application/octet-stream");
    sending.upload.onprogress = (event) => wish.onSent(event.loaded);
    sending.onload = () => resolve(sending);
    sending.onerror = () => reject(new Refusal(0, "lost", "the connection ended before the answer came"));
    sending.onabort = () => reject(new DOMException("cancelled", "AbortError"));
    signal.addEventListener("abort", () => sending.abort(), { once: true });
    sending.send(wish.file);
  });

/** Asks again and again how far it is, until `signal`. */
const follow = async (wish: Wish, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted) {
    await new Promise((resolve) => setTimeout(resolve, ASK_EACH));
    if (signal.aborted) return;
    try {
      wish.onProgress(await getJson<Progress>(`v1/classify/${wish.id}`, {}, signal));
    } catch {
      // Unknown as long as its first bytes are under way; the answer itself tells what is wrong.
    }
  }
};

/**
 * Has a file classified.
 * @throws Refusal when the daemon takes it not; Later when it may be tried again; an AbortError when `signal` ended it.
 */
export const classify = async (wish: Wish, signal: AbortSignal): Promise<Result> => {
  for (;;) {
    signal.throwIfAborted();
    const used = token();
    const over = new AbortController();
    void follow(wish, over.signal);
    let answer: XMLHttpRequest;
    try {
      answer = await once(wish, signal);
    } finally {
      over.abort();
    }
    if (answer.status === 200) return JSON.parse(answer.responseText) as Result;
    const said = refusal(answer.status, answer.responseText);
    if (answer.status !== 401) {
      const after = Number(answer.getResponseHeader("Retry-After"));
      throw answer.status === 503 && after > 0 ? new Later(said, after) : said;
    }
    await request(used);
  }
};
