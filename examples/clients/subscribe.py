"""Prints each change of genre, and misses none: after a lost connection it goes on where it was.

    pip install websockets
    python subscribe.py ws://127.0.0.1:8470/v1/events [SOURCE …]

Copy it and touch `tell`. GENRECAST_TOKEN holds the token where the daemon asks for one.
"""

import json
import os
import sys
import time
from urllib.parse import urlencode

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.sync.client import connect


def tell(event):
    before = event["from"]["label"] if "from" in event else "(begin)"
    print(f"{event['to']['start']} {event['source']}: {before} -> {event['to']['label']}", flush=True)


def place_after(message, place):
    """EPOCH:SEQ up to which everything has been served: what `since` takes."""
    kind, epoch = message["type"], message.get("epoch")
    if "next_epoch" in message:
        return f"{message['next_epoch']}:0"
    seq = message.get({"gap": "to_seq", "heartbeat": "cursor", "hello": None}.get(kind, "seq"))
    return place if seq is None else f"{epoch}:{seq}"


def follow(address, **wanted):
    """Every message that passes the filter, for ever."""
    headers = {"Authorization": f"Bearer {token}"} if (token := os.environ.get("GENRECAST_TOKEN")) else None
    place, wait = None, 0.5
    while True:
        query = urlencode({**wanted, **({"since": place} if place else {})}, safe=":,")
        try:
            with connect(f"{address}?{query}", subprotocols=["genrecast.v1.json"], additional_headers=headers) as messages:
                for text in messages:
                    message, wait = json.loads(text), 0.5
                    if message["type"] == "gap" and message["to_seq"] >= message["from_seq"]:
                        print(f"missing: {message['reason']}", file=sys.stderr)
                    if message.get("code") == "future_cursor":
                        place = None  # the daemon's past is gone
                        break
                    yield message
                    place = place_after(message, place)
        except InvalidStatus as refused:
            if refused.response.status_code < 500:
                sys.exit(refused.response.body.decode())
        except (ConnectionClosed, InvalidHandshake, OSError) as lost:
            print(f"lost: {lost}", file=sys.stderr)
        time.sleep(wait)
        wait = min(wait * 2, 30)


if __name__ == "__main__":
    sources = {"sources": ",".join(sys.argv[2:])} if sys.argv[2:] else {}
    for said in follow(sys.argv[1] if sys.argv[1:] else "ws://127.0.0.1:8470/v1/events", types="genre.changed", **sources):
        if said["type"] == "genre.changed":
            tell(said)
