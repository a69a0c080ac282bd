// The daemon that most tests share, as one of them sees it; shared_daemon.ts starts and ends it.
import { inject } from "vitest";
import { Remote } from "./daemon";

declare module "vitest" {
  interface ProvidedContext {
    port: number;
  }
}

export const shared = (): Remote => new Remote(inject("port"));
