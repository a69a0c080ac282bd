// Follows a daemon's events and misses none: after a lost connection it goes on where it was. For browsers, and for Node
// with a WebSocket of its own (22 and later) or with the package "ws". Copy it; subscribe.mjs and browser.html use it.

/** EPOCH:SEQ up to which everything has been served: what `since` takes. */
function placeAfter(message, place) {
  if (message.next_epoch) return `${message.next_epoch}:0`;
  const field = { gap: "to_seq", heartbeat: "cursor", hello: undefined };
  const seq = message.type in field ? message[field[message.type]] : message.seq;
  return seq === undefined ? place : `${message.epoch}:${seq}`;
}

/**
 * Calls `hear` with every message that passes the filter `wanted` (sources, types, min_p, top_k); returns what ends it.
 * `options`: `token` where the daemon asks for one; `WebSocket` where there is no global one; `lost`, called with a reason.
 */
export function follow(address, wanted, hear, options = {}) {
  const Socket = options.WebSocket ?? globalThis.WebSocket;
  let place, socket, timer, ended = false, wait = 500;

  function open() {
    socket = new Socket(address, "genrecast.v1.json");
    const say = (message) => socket.send(JSON.stringify(message));
    socket.onopen = () => {
      if (options.token) say({ type: "auth", token: options.token });
      say({ type: "subscribe", ...wanted, since: place ?? null });
    };
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      wait = 500;
      if (message.code === "future_cursor") {
        place = undefined; // the daemon's past is gone
        say({ type: "subscribe", ...wanted });
        return;
      }
      hear(message);
      place = placeAfter(message, place);
    };
    socket.onerror = () => {};
    socket.onclose = ({ code, reason }) => {
      if (ended) return;
      options.lost?.(`${code} ${reason}`);
      timer = setTimeout(open, wait);
      wait = Math.min(wait * 2, 30_000);
    };
  }

  open();
  return () => {
    ended = true;
    clearTimeout(timer);
    socket.close();
  };
}
