// Requests to the daemon: with the token where there is one, asking for it where one is wanted, and with errors in its words.
import { httpUrl, type Query } from "../base/url";
import { headers, request, token } from "./token";

/** What the daemon (or the way to it) said instead of an answer. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** The error in a body of ours, `{"error":{"code","message"}}`, or as good as can be said without one. */
export const refusal = (status: number, body: string): Refusal => {
  try {
    const { error } = JSON.parse(body) as { error: { code: string; message: string } };
    return new Refusal(status, error.code, error.message);
  } catch {
    return new Refusal(status, "http", `the daemon, or a proxy before it, answered with status ${status}`);
  }
};

/** The answer to a GET as text; waits for a token where one is asked for. */
export const getText = async (
  path: string,
  query: Query = {},
  signal?: AbortSignal,
): Promise<string> => {
  for (;;) {
    const used = token();
    const answer = await fetch(httpUrl(path, query), { headers: headers(), cache: "no-store", signal: signal ?? null });
    const body = await answer.text();
    if (answer.ok) return body;
    if (answer.status !== 401) throw refusal(answer.status, body);
    await request(used);
    signal?.throwIfAborted();
  }
};

export const getJson = async <T>(
  path: string,
  query: Query = {},
  signal?: AbortSignal,
): Promise<T> => JSON.parse(await getText(path, query, signal)) as T;
