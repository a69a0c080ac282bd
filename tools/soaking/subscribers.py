"""Subscribers over SSE: one that stays and counts, others that come and go. Each makes sure that no event is missing or comes twice. Touch it
when a soak is to ask more of subscribers.
"""

import asyncio
import collections
import json
import random


async def events(port, since=None, query=""):
    """(id, event) of every SSE message of one connection, until it ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    try:
        resume = f"Last-Event-ID: {since}\r\n" if since else ""
        head = f"GET /v1/events{query} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: text/event-stream\r\n{resume}\r\n"
        writer.write(head.encode())
        status = await reader.readline()
        if b" 200 " not in status:
            raise ConnectionError(status.decode().strip())
        place, data = None, []
        while line := await reader.readline():
            # Chunk sizes stand on lines of their own and are no SSE field.
            field, _, value = line.decode().rstrip("\r\n").partition(": ")
            if field == "id":
                place = value
            elif field == "data":
                data.append(value)
            elif not line.strip() and data:
                yield place, json.loads("\n".join(data))
                data = []
    finally:
        writer.close()


class Sequence:
    """Every event's number follows the one before; a `gap` message says otherwise."""

    def __init__(self):
        self.last = None
        self.place = None
        self.faults = []

    def take(self, place, event):
        self.place = place or self.place
        seq = event.get("seq")
        if event.get("type") == "gap":
            self.faults.append(f"the log was lost: {json.dumps(event)}")
        if seq is None:
            return
        if self.last is not None and seq != self.last + 1:
            self.faults.append(f"{seq} came after {self.last}")
        self.last = seq


class Listener:
    """Stays connected and counts what the daemon tells of each source."""

    def __init__(self):
        self.sequence = Sequence()
        self.types = collections.Counter()
        self.states = collections.Counter()
        self.before = collections.Counter()
        self.newest = collections.Counter()
        self.skipped = 0
        self.latency_ms = collections.deque(maxlen=100_000)
        self.gaps = []

    async def run(self, port):
        async for place, event in events(port, since=None):
            self.take(place, event)

    def take(self, place, event):
        self.sequence.take(place, event)
        kind, source = event.get("type"), event.get("source")
        self.types[kind] += 1
        if kind == "genre.window":
            end = event["window"]["end_s"]
            if end < self.newest[source]:
                # Another run of the source begins at 0.
                self.before[source] += self.newest[source]
            self.newest[source] = end
            self.skipped += event["audio"]["skipped_hops"]
            self.latency_ms.append(event["timing"]["capture_to_emit_ms"])
        elif kind == "source.state":
            self.states[event["state"]] += 1
        elif kind == "source.gap":
            self.gaps.append(event.get("reason"))

    def heard_s(self):
        """Seconds of audio heard from all sources together."""
        return sum(self.before.values()) + sum(self.newest.values())


async def come_and_go(port, stays_s, seed, faults):
    """Connects, listens for a while, goes, and comes back where it was, again and again."""
    chance, sequence = random.Random(seed), Sequence()
    while True:
        try:
            async with asyncio.timeout(chance.expovariate(1 / stays_s)):
                async for place, event in events(port, since=sequence.place):
                    sequence.take(place, event)
                    if sequence.faults:
                        faults += sequence.faults
                        return
        except TimeoutError:
            pass
        await asyncio.sleep(chance.expovariate(10 / stays_s))
