"""What goes wrong while a soak runs, as chance has it: reloads, stations that fall silent or cut off, subscribers that send garbage or never
read. Touch it when something else is to go wrong.
"""

import asyncio
import collections
import os
import random
import signal


class Trouble:
    """Does one thing every so many seconds, on average."""

    def __init__(self, daemon, port, stations, config, every_s, seed=0):
        self.daemon, self.port, self.stations, self.config, self.every_s = daemon, port, stations, config, every_s
        self.chance = random.Random(seed)
        self.done = collections.Counter()
        self.connections = []

    async def run(self):
        while True:
            await asyncio.sleep(self.chance.expovariate(1 / self.every_s))
            what = self.chance.choice([self.reload, self.cut_off, self.garbage, self.never_read])
            self.done[what.__name__] += 1
            await what()

    async def reload(self):
        """A setting of the configuration changes, and is read again."""
        fresh = self.config.with_suffix(".new")
        fresh.write_text(f"[server]\nheartbeat_seconds = {self.chance.randint(5, 30)}\n")
        fresh.rename(self.config)
        self.daemon.process.send_signal(signal.SIGHUP)

    async def cut_off(self):
        """A station cuts the daemon off."""
        self.stations.cut_off(self.chance)

    async def garbage(self):
        """Somebody sends what is no HTTP."""
        _, writer = await self.connect()
        writer.write(os.urandom(self.chance.randint(1, 100_000)))

    async def never_read(self):
        """Somebody subscribes to all there is and reads nothing."""
        _, writer = await self.connect()
        writer.write(f"GET /v1/events?top_k=2 HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nAccept: text/event-stream\r\n\r\n".encode())

    async def connect(self):
        """A connection that is cut when four more have come."""
        made = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 10)
        self.connections.append(made[1])
        if len(self.connections) > 4:
            self.connections.pop(0).transport.abort()
        return made
