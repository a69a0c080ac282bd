// Prints each change of genre: node subscribe.mjs ws://127.0.0.1:8470/v1/events [SOURCE …]
// Node before 22 has no WebSocket of its own and needs `npm install ws`. GENRECAST_TOKEN holds the daemon's token.

import { follow } from "./genrecast.mjs";

const [address = "ws://127.0.0.1:8470/v1/events", ...sources] = process.argv.slice(2);
const WebSocket = globalThis.WebSocket ?? (await import("ws")).WebSocket;
const wanted = { types: ["genre.changed"], ...(sources.length > 0 && { sources }) };

function hear(message) {
  if (message.type === "error") console.error(`${message.code}: ${message.message}`);
  if (message.type !== "genre.changed") return;
  const { from, to, source } = message;
  console.log(`${to.start} ${source}: ${from?.label ?? "(begin)"} -> ${to.label}`);
}

follow(address, wanted, hear, {
  WebSocket,
  token: process.env.GENRECAST_TOKEN,
  lost: (why) => console.error(`lost: ${why}`),
});
