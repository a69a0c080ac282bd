// One daemon for most tests, because a start takes seconds: it plays a clip of one genre, over and over.
import type { TestProject } from "vitest/node";
import { clip, Daemon, heard } from "./daemon";

export default async (project: TestProject): Promise<() => Promise<void>> => {
  const daemon = await Daemon.start([`file:${clip("classical.00009.flac")}?loop=true`]);
  await heard(daemon);
  project.provide("port", daemon.port);
  return () => daemon.stop();
};
