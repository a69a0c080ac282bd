"""A real Mosquitto that comes and goes, and a client of it that misses nothing. Touch it when an outage needs more of MQTT."""

import asyncio
import contextlib
import json
import os
import shutil
import time

NAME = "witness"


def mosquitto():
    """Debian has it in /usr/sbin, which is not on everybody's path."""
    return shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def without_mosquitto(_=None):
    return None if mosquitto() else "mosquitto is missing"


class Broker:
    """Keeps its sessions on the disk, so that a subscriber that was there once gets what came while it was not."""

    def __init__(self, folder, port):
        self.folder, self.port = folder / "broker", port
        self.folder.mkdir()
        # Started by root it becomes somebody else, who keeps its database here.
        self.folder.chmod(0o777)
        folder.chmod(0o755)
        text = f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence true\npersistence_location {self.folder}/\nmax_queued_messages 0\n"
        (self.folder / "mosquitto.conf").write_text(text)

    async def start(self):
        """Returns when it listens."""
        command = [mosquitto(), "-c", str(self.folder / "mosquitto.conf")]
        self.process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.DEVNULL)
        for _ in range(1000):
            with contextlib.suppress(OSError):
                (await asyncio.open_connection("127.0.0.1", self.port))[1].close()
                return
            await asyncio.sleep(0.01)
        raise RuntimeError("mosquitto does not listen")

    async def stop(self):
        """SIGTERM: it writes its sessions down."""
        self.process.terminate()
        await self.process.wait()


def packet(kind, body):
    """One of MQTT 3.1.1, of less than 128 bytes."""
    return bytes([kind, len(body)]) + body


def words(text):
    return len(text).to_bytes(2) + text.encode()


class Client:
    """A subscriber of `PREFIX/#` with a session that stays; keeps every JSON message, and when it came."""

    def __init__(self, port, prefix="genrecast"):
        self.port, self.prefix, self.said = port, prefix, []

    async def connect(self):
        """Connects as who it was before; CONNECT without the flag of a clean session, for a minute without a ping."""
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.writer.write(packet(0x10, words("MQTT") + bytes([4, 0]) + (300).to_bytes(2) + words(NAME)))
        kind, answer = await self.read()
        if kind != 0x20 or answer[1] != 0:
            raise RuntimeError(f"mosquitto refuses: {answer}")

    async def subscribe(self):
        self.writer.write(packet(0x82, (1).to_bytes(2) + words(f"{self.prefix}/#") + b"\x01"))
        while (await self.read())[0] != 0x90:
            pass

    async def read(self):
        kind, length, shift = (await self.reader.readexactly(1))[0], 0, 0
        while True:
            byte = (await self.reader.readexactly(1))[0]
            length |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return kind & 0xF0 if kind >> 4 != 3 else kind, await self.reader.readexactly(length)

    async def listen(self):
        """Takes and acknowledges what comes, until the connection ends."""
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            while True:
                kind, body = await self.read()
                if kind >> 4 != 3:
                    continue
                topic, rest = body[2 : 2 + int.from_bytes(body[:2])], body[2 + int.from_bytes(body[:2]) :]
                if kind & 0x06:
                    self.writer.write(packet(0x40, rest[:2]))
                    rest = rest[2:]
                if topic.endswith((b"/event", b"/gap")):
                    self.said.append((time.monotonic(), json.loads(rest)))

    def leave(self):
        """As the process would that is killed: the session stays."""
        self.writer.transport.abort()
