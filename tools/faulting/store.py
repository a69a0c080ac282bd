"""Faults of what lies on a disk: no room, a damaged history, another model file. Touch it for another fault of a file."""

import asyncio
import os
import shutil
import subprocess
import time

DEMO = ("--source", "file:demo/reel.ogg?loop=true")


def is_root(_=None):
    """Only root can make a small disk."""
    return None if os.geteuid() == 0 else "only root can mount a small disk"


async def disk_full(world):
    """the disk with the history is full for 5 s"""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", world.state], check=True)
    try:
        await world.start(*DEMO)
        ballast, size = world.state / "ballast", 1 << 20
        with ballast.open("ab", buffering=0) as file:
            while size > 512:
                try:
                    if file.write(bytes(size)) < size:
                        size //= 2
                except OSError:
                    size //= 2
        began = time.monotonic()
        told = await world.history_is("failing")
        await asyncio.sleep(5)
        seen = len([1 for at, _ in world.witness.windows if at > began])
        ballast.unlink()
        took = await world.history_is("recording")
        await world.well(time.monotonic())
        await world.end()
    finally:
        subprocess.run(["umount", "-l", world.state], check=False)
    return f"told after {told:.1f} s, {seen} windows meanwhile, all recorded after", took


def set_aside(world):
    return [path for path in world.state.iterdir() if ".damaged-" in path.name]


async def database_corrupted(world):
    """the history of an earlier run is overwritten at random while this one writes to it"""
    await world.start(*DEMO)
    await world.end()
    await world.start(*DEMO)
    with (world.state / "history.db").open("r+b") as file:
        size = file.seek(0, 2)
        file.seek(0)
        file.write(os.urandom(size))
    began = time.monotonic()
    await world.well(began)
    state, trouble = await world.history()
    await world.end()
    await world.start(*DEMO)
    took = await world.history_is("recording")
    aside = set_aside(world)
    if not aside:
        raise AssertionError("the damaged file was not kept aside")
    await world.well(time.monotonic())
    await world.end()
    return f"events go on (the history is {trouble or state}); the damaged file ({aside[0].stat().st_size} bytes) is kept aside, a new one begun", took


async def model_changed(world):
    """a byte of the model's files is changed while it runs"""
    models = world.folder / "models"
    shutil.copytree("models", models)
    networks = {path: path.read_bytes() for path in models.glob("*/*.onnx")}
    env = {"GENRECAST_MODEL__FOLDER": str(models)}
    await world.start(*DEMO, env=env)
    for path, whole in networks.items():
        path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    began = time.monotonic()
    await world.well(began)
    await world.end()
    refused = await asyncio.create_subprocess_exec(*world.daemon.command, env=world.daemon.env, stderr=asyncio.subprocess.PIPE)
    said = (await asyncio.wait_for(refused.communicate(), 60))[1].decode()
    if refused.returncode == 0 or "sha256" not in said.lower():
        raise AssertionError(f"a start on another file was not refused ({refused.returncode}): {said}")
    for path, whole in networks.items():
        path.write_bytes(whole)
    began = time.monotonic()
    await world.start(*DEMO, env=env, windows=1)
    took = time.monotonic() - began
    await world.end()
    return f"goes on with what it had read; a start is refused (status {refused.returncode}: sha256 differs)", took
