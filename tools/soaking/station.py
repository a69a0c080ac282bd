"""Radio stations on loopback that never end: MP3 with ICY titles, so many times as fast as it plays. Touch it when a soak is to hear something
else, or when stations are to fail in another way.
"""

import asyncio
import random
import subprocess

BITRATE = 128_000
METADATA_EVERY = 16_000
# What is sent at once, in seconds of real time.
TICK = 0.05


def encode(clip):
    """A clip as the bytes of a constant 128 kbit/s MP3 without tags, so that any number of them joined is one stream."""
    command = ["ffmpeg", "-v", "error", "-i", str(clip), "-ac", "2", "-ar", "44100", "-b:a", f"{BITRATE}", "-write_xing", "0"]
    return subprocess.run([*command, "-id3v2_version", "0", "-f", "mp3", "-"], check=True, capture_output=True).stdout


def metadata(title):
    """ICY metadata: a length in 16 bytes, then the text."""
    text = f"StreamTitle='{title}';".encode()
    blocks = -(-len(text) // 16)
    return bytes([blocks]) + text.ljust(blocks * 16, b"\0")


class Stations:
    """Serves /0, /1, …: each from another clip on, `speed` times as fast as it plays."""

    def __init__(self, clips, speed, drop_every_s=None, seed=0):
        self.clips, self.speed, self.drop_every_s = clips, speed, drop_every_s
        self.chance = random.Random(seed)
        self.connections = self.dropped = 0
        self.writers = set()

    async def start(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        return self.server.sockets[0].getsockname()[1]

    async def stop(self):
        self.server.close()

    async def serve(self, reader, writer):
        self.connections += 1
        try:
            request = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
            first = int(request.split(b" ")[1].strip(b"/").split(b"?")[0] or 0)
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: audio/mpeg\r\nicy-name: soak\r\nicy-br: 128\r\n"
                b"icy-metaint: %d\r\nConnection: close\r\n\r\n" % METADATA_EVERY
            )
            self.writers.add(writer)
            await self.play(writer, first)
        except (OSError, EOFError, ValueError, asyncio.IncompleteReadError, asyncio.TimeoutError):
            pass
        finally:
            self.writers.discard(writer)
            writer.close()

    def cut_off(self, chance):
        """One of those that listen, as chance has it."""
        if self.writers:
            self.dropped += 1
            chance.choice(sorted(self.writers, key=id)).transport.abort()

    async def play(self, writer, first):
        clock = asyncio.get_running_loop().time
        began, sent = clock(), 0
        ends = began + self.chance.expovariate(1 / self.drop_every_s) if self.drop_every_s else float("inf")
        for chunk, title in self.chunks(first):
            await self.may_send(writer)
            writer.write(chunk + metadata(title) if title else chunk + b"\0")
            await writer.drain()
            sent += METADATA_EVERY
            ahead = sent * 8 / BITRATE / self.speed - (clock() - began)
            if ahead > TICK:
                await asyncio.sleep(ahead)
            elif ahead < -5:
                # The daemon was slower for so long: what was missed is not made up for.
                began = clock() - sent * 8 / BITRATE / self.speed
            if clock() >= ends:
                self.dropped += 1
                return

    async def may_send(self, writer):
        """Returns when the station may send again: at once. For stations that are to fall silent."""

    def chunks(self, first):
        """Pieces of METADATA_EVERY bytes, with the title where another clip has begun, without end."""
        pending, title = b"", None
        while True:
            name, data = self.clips[first % len(self.clips)]
            pending, title, first = pending + data, name, first + 1
            while len(pending) >= METADATA_EVERY:
                yield pending[:METADATA_EVERY], title
                pending, title = pending[METADATA_EVERY:], None
