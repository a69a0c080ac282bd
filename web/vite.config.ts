// How the page is built: relative addresses only, so that it works under any path, and no inline script or style,
// so that the daemon's Content-Security-Policy can forbid them. `npm run dev` passes /v1 on to a daemon.
import { defineConfig } from "vitest/config";

const daemon = process.env["GENRECAST_URL"] ?? "http://127.0.0.1:8470";

export default defineConfig({
  base: "./",
  build: {
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
  server: { proxy: { "/v1": { target: daemon, ws: true }, "/healthz": daemon } },
  test: { include: ["src/**/*.test.ts"] },
});
