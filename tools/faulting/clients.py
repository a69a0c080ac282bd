"""Faults of subscribers: a thousand at once, garbage and frames too large. Touch it for another thing that clients do wrong."""

import asyncio
import os
import time

from .store import DEMO

UPGRADE = (
    "GET /v1/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
AT_ONCE, TIMES = 1000, 3


async def one(port):
    """A subscriber that is there for its first event; the status it was answered with, 0 for none."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return 0
    try:
        writer.write(f"GET /v1/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: text/event-stream\r\n\r\n".encode())
        status = int((await asyncio.wait_for(reader.readline(), 30)).split(b" ")[1])
        if status == 200:
            await asyncio.wait_for(reader.readuntil(b"data:"), 30)
        return status
    except (OSError, asyncio.IncompleteReadError, IndexError):
        return 0
    finally:
        writer.transport.abort()


async def thousand_subscribers(world):
    """1,000 subscribers connect and leave at once, three times"""
    # All of them come from one address here.
    await world.start(*DEMO, env={"GENRECAST_SERVER__MAX_CONNECTIONS_PER_ADDRESS": "2000"})
    counts = {}
    for _ in range(TIMES):
        for status in await asyncio.gather(*(one(world.port) for _ in range(AT_ONCE))):
            counts[status] = counts.get(status, 0) + 1
    began = time.monotonic()
    if set(counts) - {200, 429, 503}:
        raise AssertionError(f"answers: {counts}")
    took = await world.well(began)
    await world.until(lambda: world.daemon.usage().descriptors <= world.before.descriptors + 6, "their descriptors are closed")
    if world.witness.gaps or world.witness.skipped:
        raise AssertionError(f"gaps {world.witness.gaps}, skipped {world.witness.skipped}")
    await world.end()
    answers = ", ".join(f"{n} × {status}" for status, n in sorted(counts.items()))
    return f"answers: {answers}; no gap, no skipped hop", took


async def upgraded(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(UPGRADE.format(port=port).encode())
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
    if b" 101 " not in head:
        raise AssertionError(head.decode())
    return reader, writer


async def closed_with(reader):
    """The code of the close frame that comes, None if the connection just ends."""
    try:
        while True:
            first, second = await asyncio.wait_for(reader.readexactly(2), 30)
            length = second & 127
            if length == 126:
                length = int.from_bytes(await reader.readexactly(2))
            elif length == 127:
                length = int.from_bytes(await reader.readexactly(8))
            payload = await reader.readexactly(length)
            if first & 15 == 8:
                return int.from_bytes(payload[:2]) if payload else 1005
    except (asyncio.IncompleteReadError, OSError):
        return None


def frame(opcode, payload, length=None):
    """A masked frame (of key 0), that may say another length than it has."""
    length = len(payload) if length is None else length
    head = bytes([0x80 | opcode])
    if length < 126:
        head += bytes([0x80 | length])
    elif length < 1 << 16:
        head += bytes([0x80 | 126]) + length.to_bytes(2)
    else:
        head += bytes([0x80 | 127]) + length.to_bytes(8)
    return head + bytes(4) + payload


async def send(writer, data, times):
    try:
        for _ in range(times):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass


async def garbage(world):
    """subscribers send bytes at random, binary frames, text that is no message, frames of 64 MiB"""
    await world.start(*DEMO)
    codes = []
    for first, more, times in (
        (os.urandom(4096), b"", 0),
        (frame(2, b"binary"), b"", 0),
        (frame(1, b"{not json"), b"", 0),
        (frame(1, b"\xff\xfe"), b"", 0),
        (frame(1, b"", 64 << 20), bytes(1 << 16), 1024),
        (frame(2, b"", 1 << 62), bytes(1 << 16), 1024),
    ):
        reader, writer = await upgraded(world.port)
        writer.write(first)
        sending = asyncio.create_task(send(writer, more, times))
        codes.append(await closed_with(reader))
        writer.transport.abort()
        await asyncio.wait([sending])
    took = await world.well(time.monotonic())
    if world.witness.gaps or world.witness.skipped:
        raise AssertionError(f"gaps {world.witness.gaps}, skipped {world.witness.skipped}")
    grown = await world.end()
    return f"closed with {', '.join(str(code) for code in codes)}; memory {grown:+.1f} MB", took
