"""The subscriber from outside: when each event came, by this machine's clock. Touch it when other events are to be judged."""

import asyncio
import collections
import datetime
import json
import time


class Client(asyncio.Protocol):
    """Takes every event over server-sent events. It speaks HTTP/1.0, so that the events come without chunks around them."""

    def __init__(self):
        self.buffer, self.last_seq, self.connected, self.lost = bytearray(), None, asyncio.Event(), False
        self.model = None
        self.begin()

    def begin(self):
        """Forgets what came before."""
        self.windows = collections.Counter()
        self.ends = {}
        self.hops_s = []
        self.inside_ms, self.outside_ms, self.on_the_way_ms, self.infer_ms = [], [], [], []
        self.faults, self.gaps = [], []
        self.events = 0

    @classmethod
    async def subscribe(cls, port):
        _, client = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        await asyncio.wait_for(client.connected.wait(), 30)
        return client

    def connection_made(self, transport):
        transport.write(b"GET /v1/events HTTP/1.0\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n")

    def connection_lost(self, _error):
        self.lost = True

    def data_received(self, data):
        now = time.time()
        self.buffer += data
        *messages, rest = bytes(self.buffer).split(b"\n\n")
        if not messages:
            return
        self.buffer = bytearray(rest)
        for message in messages:
            if not self.connected.is_set():
                head, _, message = message.partition(b"\r\n\r\n")
                if b" 200 " not in head.split(b"\r\n")[0]:
                    raise ConnectionError(f"expected 200 for /v1/events, and {head.decode(errors='replace')} came")
                self.connected.set()
            fields = [line.removeprefix(b"data: ") for line in message.split(b"\n") if line.startswith(b"data: ")]
            if fields:
                self.take(json.loads(b"\n".join(fields)), now)

    def take(self, event, now):
        kind, source, seq = event.get("type"), event.get("source"), event.get("seq")
        if seq is not None:
            if self.last_seq is not None and seq != self.last_seq + 1:
                self.faults.append(f"event {seq} came after {self.last_seq}")
            self.last_seq = seq
            self.events += 1
        if kind == "genre.window":
            self.window(event, source, now)
        elif kind == "source.gap":
            self.gaps.append(f"{source}: {event['reason']} ({event['to_s'] - event['from_s']:.2f} s)")
        elif kind == "gap":
            self.faults.append(f"the client was too slow, or events are gone: {json.dumps(event)}")

    def window(self, event, source, now):
        self.windows[source] += 1
        self.model = f"{event['model']['id']} ({event['model']['runtime']}, {event['model']['device']})"
        before, self.ends[source] = self.ends.get(source), event["window"]["end_s"]
        if before is not None:
            self.hops_s.append(self.ends[source] - before)
        self.inside_ms.append(event["timing"]["capture_to_emit_ms"])
        self.infer_ms.append(event["timing"]["infer_ms"])
        self.outside_ms.append((now - seconds(event["window"]["end"])) * 1000)
        self.on_the_way_ms.append((now - seconds(event["time"])) * 1000)


def seconds(text):
    """Seconds since 1970 of a time as events have it."""
    return datetime.datetime.fromisoformat(text).timestamp()
