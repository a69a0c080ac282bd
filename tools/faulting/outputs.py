"""Faults of those who are told of events: a broker and a web server that are not there, then come. Touch it for another fault of one."""

import asyncio
import contextlib
import json
import socket
import statistics
import time

from . import broker
from .store import DEMO

AWAY_S = 10
# How much later than with everybody there an event may come, in milliseconds: a hop of the scheduler.
LATER_MS = 50


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Receiver:
    """A web server that takes whatever is posted to it."""

    def __init__(self, port):
        self.port, self.said = port, []

    async def start(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", self.port)

    async def serve(self, reader, writer):
        with contextlib.suppress(asyncio.IncompleteReadError, OSError, asyncio.CancelledError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                length = int(head.split("content-length: ")[1].split("\r\n")[0])
                self.said.append((time.monotonic(), json.loads(await reader.readexactly(length))))
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        writer.close()


async def on_time(world, began, ended):
    """Medians, in milliseconds, of how late events were while somebody was away, and after; no hop is skipped."""
    await world.well(ended, windows=8)
    away = [event["timing"]["capture_to_emit_ms"] for at, event in world.witness.windows if began <= at < ended]
    after = [event["timing"]["capture_to_emit_ms"] for at, event in world.witness.windows if at >= ended]
    away, after = statistics.median(away), statistics.median(after)
    if away > 2 * after + LATER_MS or world.witness.skipped or world.witness.gaps:
        raise AssertionError(f"{away:.0f} ms late while away, {after:.0f} ms after; skipped {world.witness.skipped}, gaps {world.witness.gaps}")
    return f"events {away:.0f} ms after their sound, {after:.0f} ms when it was there again"


def compare(world, said):
    """How many came of those that the witness heard, and how many are told as lost; fails unless these are all, in order."""
    told = [event for _, event in said]
    lost = [(gap["from_seq"], gap["to_seq"]) for gap in told if gap["type"] == "gap"]
    came = [event["seq"] for event in told if event["type"] == "genre.window"]
    once = list(dict.fromkeys(came))
    if once != sorted(once):
        raise AssertionError(f"out of order: {once}")
    wanted = [event["seq"] for _, event in world.witness.windows if event["seq"] <= once[-1]]
    missing = [seq for seq in wanted if seq not in set(once)]
    if untold := [seq for seq in missing if not any(first <= seq <= last for first, last in lost)]:
        raise AssertionError(f"lost and not told: {untold}; told {lost}")
    if len(missing) != sum(gap["dropped"] for gap in told if gap["type"] == "gap"):
        raise AssertionError(f"{len(missing)} are lost, told otherwise: {[gap for gap in told if gap['type'] == 'gap']}")
    return len(once), len(missing)


async def started(world, text):
    """A daemon with these lines of configuration, which has told some windows to nobody for a while; when it began."""
    config = world.folder / "config.toml"
    config.write_text(text)
    await world.start(*DEMO, "--config", str(config))
    began = time.monotonic()
    await asyncio.sleep(AWAY_S)
    return began


async def broker_absent(world):
    """the MQTT broker (Mosquitto) is not there at the start, and comes after 10 s"""
    made = broker.Broker(world.folder, free_port())
    client = broker.Client(made.port)
    try:
        # It subscribes before all, so that the broker keeps for it what comes.
        await made.start()
        await client.connect()
        await client.subscribe()
        client.leave()
        await made.stop()
        began = await started(world, f'[mqtt]\nurl = "mqtt://127.0.0.1:{made.port}"\ntypes = ["genre.window"]\n')
        await made.start()
        ended = time.monotonic()
        await client.connect()
        listening = asyncio.create_task(client.listen())
        await world.until(lambda: any(at > ended for at, _ in client.said), "the broker is told")
        took = client.said[0][0] - ended
        late = await on_time(world, began, ended)
        newest = world.witness.windows[-1][1]["seq"]
        await world.until(lambda: client.said[-1][1].get("seq", 0) >= newest, "the newest is told")
        came, missing = compare(world, client.said)
        await world.end()
        await made.stop()
        await listening
    finally:
        if hasattr(made, "process") and made.process.returncode is None:
            made.process.kill()
            await made.process.wait()
    if missing:
        raise AssertionError(f"{missing} lost within the bound of the queue")
    return f"{came} windows in order, none lost; {late}", took


async def webhook_absent(world):
    """the server of two webhooks is not there at the start, and comes after 10 s; one of them holds 5 events only"""
    long, short = Receiver(free_port()), Receiver(free_port())
    hook = '[[webhook]]\nname = "{name}"\nurl = "http://127.0.0.1:{port}/"\ntypes = ["genre.window"]\nqueue = {queue}\n'
    text = hook.format(name="long", port=long.port, queue=1000) + hook.format(name="short", port=short.port, queue=5)
    began = await started(world, text)
    await long.start()
    await short.start()
    ended = time.monotonic()
    await world.until(lambda: long.said and short.said, "both are told")
    took = max(long.said[0][0], short.said[0][0]) - ended
    late = await on_time(world, began, ended)
    newest = world.witness.windows[-1][1]["seq"]
    await world.until(lambda: min(long.said[-1][1].get("seq", 0), short.said[-1][1].get("seq", 0)) >= newest, "the newest is told")
    came, missing = compare(world, long.said)
    short_came, short_missing = compare(world, short.said)
    await world.end()
    for one in (long, short):
        one.server.close()
    if missing or not short_missing:
        raise AssertionError(f"of a queue of 1000 {missing} are lost, of one of 5 {short_missing}")
    return f"{came} windows in order, none lost; with a queue of 5 {short_came}, and {short_missing} told as lost; {late}", took
