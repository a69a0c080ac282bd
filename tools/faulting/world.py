"""A daemon under test, what it tells, and how long until it is well again. Touch it when every fault is to be judged otherwise."""

import asyncio
import collections
import contextlib
import json
import os
import time
from pathlib import Path

from tools.soaking import process, subscribers

# How long anything may take to be told or to be well again.
PATIENCE_S = 60
# What the memory may have grown by in the end, in MB: allocators keep some of what a burst took.
GROWTH_MB = 48


class Failure(Exception):
    """What was expected did not come."""


class Witness(subscribers.Listener):
    """The subscriber that stays: it keeps every state and gap, and when each window came."""

    def __init__(self):
        super().__init__()
        self.said = []
        self.windows = collections.deque(maxlen=10_000)

    def take(self, place, event):
        super().take(place, event)
        if event.get("type") in ("source.state", "source.gap"):
            self.said.append((time.monotonic(), event))
        elif event.get("type") == "genre.window":
            self.windows.append((time.monotonic(), event))


class World:
    """One daemon, from before the fault to its end."""

    def __init__(self, program, flags, folder):
        self.program, self.flags, self.folder = program, flags, Path(folder)
        self.state = self.folder / "state"
        self.state.mkdir(exist_ok=True)
        self.daemon = None

    async def start(self, *words, env=None, windows=3):
        """Starts it and waits until it tells genres."""
        environment = {**{k: v for k, v in os.environ.items() if not k.startswith("GENRECAST_")}, **(env or {})}
        self.daemon, self.witness = process.Daemon(self.program, self.state, [*self.flags, *words], environment), Witness()
        self.port = await asyncio.wait_for(self.daemon.start(), PATIENCE_S)
        self.listening = asyncio.create_task(self.witness.run(self.port))
        await self.until(lambda: len(self.witness.windows) >= windows, "windows come")
        self.before = self.daemon.usage()

    async def until(self, condition, what, within=PATIENCE_S):
        """Seconds until it holds."""
        began = time.monotonic()
        while not condition():
            if not self.daemon.is_alive():
                raise Failure(f"the daemon ended: {''.join(self.daemon.log[-5:])}")
            if time.monotonic() - began > within:
                raise Failure(f"not within {within} s: {what}; its log: {''.join(self.daemon.log[-5:])}")
            await asyncio.sleep(0.02)
        return time.monotonic() - began

    async def well(self, since, windows=3):
        """Seconds from `since` until a window came that begins to be heard again, of `windows` that follow each other."""
        await self.until(lambda: len([1 for at, _ in self.witness.windows if at > since]) >= windows, "windows come again")
        return next(at for at, _ in self.witness.windows if at > since) - since

    def told(self, kind, since=0.0, state=None):
        """The events of that type, and state, that came since then."""
        return [event for at, event in self.witness.said if at >= since and event["type"] == kind and state in (None, event.get("state"))]

    async def get(self, path):
        """(status, JSON) of a GET."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nConnection: close\r\n\r\n".encode())
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
            return int(head.split(b" ")[1]), json.loads(body)
        finally:
            writer.close()

    async def history(self):
        """(state, trouble) of the history."""
        detail = (await self.get("/healthz"))[1]["detail"]["history"]
        return detail.get("state"), detail.get("trouble")

    async def history_is(self, *states):
        """Seconds until the history is in one of these states."""
        began = time.monotonic()
        while (now := await self.history())[0] not in states:
            if time.monotonic() - began > PATIENCE_S:
                raise Failure(f"not within {PATIENCE_S} s: the history is {' or '.join(states)}; it is {now}")
            await asyncio.sleep(0.05)
        return time.monotonic() - began

    async def end(self):
        """Ends it cleanly and judges what holds after every fault: alive, memory and descriptors bounded, no event missing."""
        if (await self.get("/livez"))[0] != 200:
            raise Failure("/livez is not 200")
        after = self.daemon.usage()
        if after.rss_mb > self.before.rss_mb + GROWTH_MB:
            raise Failure(f"memory grew from {self.before.rss_mb:.0f} to {after.rss_mb:.0f} MB")
        if after.descriptors > self.before.descriptors + 6 or after.threads > self.before.threads + 4:
            raise Failure(f"from {self.before} to {after}")
        status = await self.daemon.end()
        await self.listening
        if self.witness.sequence.faults:
            raise Failure(f"the sequence is broken: {self.witness.sequence.faults[:3]}")
        if status != 0:
            raise Failure(f"it ended with {status}: {''.join(self.daemon.log[-5:])}")
        return after.rss_mb - self.before.rss_mb

    async def kill(self):
        """Whatever happened, nothing of it stays."""
        if self.daemon and self.daemon.is_alive():
            self.daemon.process.kill()
            await self.daemon.process.wait()
        if self.daemon and hasattr(self, "listening"):
            self.listening.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await self.listening
