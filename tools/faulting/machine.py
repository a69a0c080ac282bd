"""Faults of the machine and its keeper: the clock set, no CPU left, reloads without end. Touch it for another fault of the machine."""

import asyncio
import ctypes.util
import glob
import os
import signal
import statistics
import sys
import time

from .store import DEMO

HOUR = 3600
STARVED_S, STORM = 15, 300


def libfaketime():
    found = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
    return found[0] if found else ctypes.util.find_library("faketime")


def without_faketime(_=None):
    return None if libfaketime() else "libfaketime (package faketime) is missing"


async def clock_stepped(world):
    """the clock is set an hour ahead, then an hour back"""
    clock = world.folder / "clock"
    clock.write_text("+0")
    env = {
        "LD_PRELOAD": libfaketime(), "FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }  # fmt: skip
    await world.start(*DEMO, env=env)
    longest = 0.0
    for step in (HOUR, -HOUR):
        began = time.monotonic()
        clock.write_text(f"{step:+d}")
        longest = max(longest, await world.well(began, windows=5))
    stamped = [event["time"] for _, event in world.witness.windows]
    if stamped[0][:13] == max(stamped)[:13]:
        raise AssertionError("the clock did not step: no event bears another hour")
    starts = [event["window"]["end_s"] for _, event in world.witness.windows]
    apart = [b - a for a, b in zip(starts, starts[1:])]
    if world.witness.gaps or world.witness.skipped or max(apart) > 1.5 * statistics.median(apart):
        raise AssertionError(f"gaps {world.witness.gaps}, skipped {world.witness.skipped}, windows {max(apart):.2f} s apart")
    await world.end()
    return "no gap, no window missing, stream time goes on evenly", longest


async def cpu_starved(world):
    """as many busy programs as there are cores, twice, for 15 s"""
    await world.start(*DEMO)
    began = time.monotonic()
    loop = [sys.executable, "-c", "while True: pass"]
    busy = [await asyncio.create_subprocess_exec(*loop) for _ in range(2 * (os.cpu_count() or 1))]
    try:
        await asyncio.sleep(STARVED_S)
    finally:
        for one in busy:
            one.kill()
            await one.wait()
    late = [event["timing"]["capture_to_emit_ms"] for at, event in world.witness.windows if at > began]
    took = await world.well(time.monotonic())
    skipped, gaps = world.witness.skipped, len(world.witness.gaps)
    await world.end()
    return f"{len(late)} windows meanwhile, median {statistics.median(late):.0f} ms after the sound; {skipped} hops skipped, {gaps} gaps, told", took


async def reload_storm(world):
    """300 SIGHUPs as fast as they can be sent, a source added and removed by turns"""
    config = world.folder / "config.toml"
    first = '[[source]]\nname = "one"\nuri = "file:demo/reel.ogg?loop=true"\n'
    second = first + '[[source]]\nname = "two"\nuri = "file:demo/reel.ogg?loop=true"\n'
    config.write_text(first)
    await world.start("--config", str(config))
    began = time.monotonic()
    for turn in range(STORM):
        fresh = config.with_suffix(".new")
        fresh.write_text(second if turn % 2 == 0 else first)
        fresh.rename(config)
        world.daemon.process.send_signal(signal.SIGHUP)
        await asyncio.sleep(0.01)
    took = await world.well(time.monotonic())
    ended = sum(event["source"] == "two" for event in world.told("source.state", began, "ended"))
    gaps = [event for event in world.told("source.gap", began) if event["source"] == "one"]
    if not ended or gaps or world.witness.skipped:
        raise AssertionError(f"reloads {ended}, gaps {gaps}, skipped {world.witness.skipped}")
    await world.end()
    return f"the other source came and went {ended} times (signals in between are one); the first without gap or skipped hop", took
