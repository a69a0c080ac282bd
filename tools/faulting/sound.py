"""Faults of the sound: its server killed, the microphone pulled out. Needs PulseAudio. Touch it for another fault of a microphone."""

import asyncio
import os
import time

NEEDS = ("pulseaudio", "pactl")
SET_UP = """\
load-module module-native-protocol-unix auth-anonymous=1
load-module module-null-sink sink_name=mic rate=48000 channels=1
set-default-sink mic
set-default-source mic.monitor
"""


class SoundServer:
    """A PulseAudio of its own, whose null sink's monitor is the default microphone."""

    def __init__(self, folder):
        self.folder = folder
        for name in ("run", "home"):
            (folder / name).mkdir(mode=0o700)
        (folder / "set-up.pa").write_text(SET_UP)
        (folder / "home" / ".asoundrc").write_text("pcm.!default { type pulse }\n")

    def env(self):
        return {
            "PULSE_SERVER": f"unix:{self.folder}/run/pulse/native",
            "XDG_RUNTIME_DIR": f"{self.folder}/run",
            "XDG_CONFIG_HOME": f"{self.folder}/home/.config",
            "HOME": f"{self.folder}/home",
        }

    async def start(self):
        env = {**os.environ, **self.env()}
        env.pop("PULSE_SERVER")
        words = ["-n", "-F", f"{self.folder}/set-up.pa", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no"]
        none = asyncio.subprocess.DEVNULL
        self.process = await asyncio.create_subprocess_exec(
            "pulseaudio", *words, "--realtime=no", "--high-priority=no", env=env, stdout=none, stderr=none
        )
        while "mic.monitor" not in await self.control("info"):
            await asyncio.sleep(0.05)

    async def control(self, *words):
        asked = await asyncio.create_subprocess_exec(
            "pactl", *words, env={**os.environ, **self.env()}, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
        return (await asked.communicate())[0].decode()

    async def kill(self):
        self.process.kill()
        await self.process.wait()


async def listened_to(world, fault, remedy):
    """Has the microphone heard, then the fault for five seconds, then its end."""
    server = SoundServer(world.folder)
    await server.start()
    try:
        await world.start("--source", "mic:", env=server.env())
        began = time.monotonic()
        await fault(server)
        ill = ("stalled", "reconnecting", "failed")
        await world.until(lambda: any(world.told("source.state", began, state) for state in ill), "the source is told to be ill")
        told = time.monotonic() - began
        await asyncio.sleep(5)
        await remedy(server)
        took = await world.well(time.monotonic())
        if not world.told("source.gap", began):
            raise AssertionError("no gap was told")
        await world.end()
    finally:
        await server.kill()
    return f"told after {told:.1f} s, gap told", took


async def sound_server_killed(world):
    """the sound server is killed (SIGKILL), and is back after 5 s"""
    return await listened_to(world, SoundServer.kill, SoundServer.start)


async def microphone_removed(world):
    """the microphone is removed, and another is plugged in after 5 s"""

    async def remove(server):
        await server.control("unload-module", "module-null-sink")

    async def plug_in(server):
        await server.control("load-module", "module-null-sink", "sink_name=other", "rate=44100", "channels=2")
        await server.control("set-default-source", "other.monitor")

    return await listened_to(world, remove, plug_in)
