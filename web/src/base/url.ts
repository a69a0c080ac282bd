// Where the daemon's paths are: all relative to the page, so that it works behind a proxy under a sub-path.
// Touch it when an address is made otherwise.

const root = (): string => document.baseURI.split(/[?#]/)[0]!;

/** A list stands once for each of its values. */
export type Query = Record<string, string | number | readonly string[] | undefined>;

const withQuery = (path: string, query: Query): URL => {
  const url = new URL(path, root());
  for (const [key, value] of Object.entries(query)) {
    const values = Array.isArray(value) ? (value as readonly string[]) : value === undefined ? [] : [String(value)];
    for (const one of values) url.searchParams.append(key, one);
  }
  return url;
};

/** Address of a path such as `v1/now`. */
export const httpUrl = (path: string, query: Query = {}): string => withQuery(path, query).href;

/** The same path as a WebSocket's address. */
export const socketUrl = (path: string, query: Query = {}): string => {
  const url = withQuery(path, query);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
};
