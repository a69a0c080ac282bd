// The end-to-end tests: a real daemon, a real browser, one file after the other, because they may share few cores.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["e2e/*.e2e.ts"],
    globalSetup: ["e2e/shared_daemon.ts"],
    fileParallelism: false,
    // Ample: a machine that builds at the same time takes several times as long.
    testTimeout: 150_000,
    hookTimeout: 120_000,
  },
});
