"""Faults of a station: its server killed, a connection that stays open and says nothing more. Touch it for another fault of a station."""

import asyncio
import contextlib
import time

from tools.soaking import station

NEEDS = ("ffmpeg",)


class Station(station.Stations):
    """One that can be killed, come back on its port, and fall silent."""

    def __init__(self, clips):
        super().__init__(clips, speed=1.5)
        self.silenced, self.port = set(), 0

    async def start(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", self.port)
        self.port = self.server.sockets[0].getsockname()[1]
        return self.port

    async def serve(self, reader, writer):
        # The end of the run finds some still playing.
        with contextlib.suppress(asyncio.CancelledError):
            await super().serve(reader, writer)

    async def may_send(self, writer):
        while writer in self.silenced:
            await asyncio.sleep(0.1)

    def silence(self):
        """Who is connected now hears nothing more, and is not told."""
        self.silenced = set(self.writers)

    def kill(self):
        self.server.close()
        for writer in tuple(self.writers):
            writer.transport.abort()


async def on_the_air(world, clips):
    """A station and a daemon that hears it."""
    made = Station(clips)
    await made.start()
    await world.start("--source", f"http://127.0.0.1:{made.port}/")
    return made


async def radio_server_killed(world, clips):
    """the station's server is killed, and is back after 5 s"""
    made = await on_the_air(world, clips)
    began = time.monotonic()
    made.kill()
    await world.until(lambda: world.told("source.state", began, "reconnecting"), "reconnecting is told")
    told = time.monotonic() - began
    await asyncio.sleep(5)
    await made.start()
    took = await world.well(time.monotonic())
    if not world.told("source.gap", began):
        raise AssertionError("no gap was told")
    await world.end()
    made.kill()
    return f"reconnecting told after {told:.1f} s (what was buffered plays on), gap told", took


async def half_open(world, clips):
    """the station's connection stays open and sends nothing more"""
    made = await on_the_air(world, clips)
    began = time.monotonic()
    made.silence()
    ill = ("stalled", "reconnecting")
    await world.until(lambda: any(world.told("source.state", began, state) for state in ill), "the stall is told")
    told = time.monotonic() - began
    took = await world.well(time.monotonic())
    await world.end()
    made.kill()
    return f"told after {told:.1f} s, connected anew", took
