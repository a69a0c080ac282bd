"""One event to all who are connected, by Python's `websockets` and its `broadcast`: benches/fan_out.rs starts it and says when.

Prints its port; for each line on standard input it publishes and prints the nanoseconds since 1970 at which it did.
"""

import asyncio
import json
import resource
import sys
import time

from websockets.asyncio.server import broadcast, serve

EVENT = {
    "type": "genre.window", "v": 1, "seq": 1, "epoch": "01J9ZK3V5Y8Q0W2E4R6T8Y0V2A", "time": "2026-11-26T09:00:00.000Z", "source": "radio",
    "window": {"start": "1970-01-01T00:00:00Z", "end": "1970-01-01T00:00:00Z", "start_s": 0.0, "end_s": 29.9, "seconds": 29.9},
    "provisional": False, "state": "signal", "top": [{"label": label, "p": 0.25} for label in ("jazz", "blues", "rock", "pop")],
    "stable": {"label": "jazz", "since": "1970-01-01T00:00:00Z"},
    "audio": {"native_hz": 44100, "rms_dbfs": -18.2, "clipped": 0, "gap_ms": 0, "skipped_hops": 0},
    "timing": {"capture_to_emit_ms": 41, "infer_ms": 6}, "model": {"id": "crnn", "sha256": "00", "device": "cpu", "runtime": "tract"},
}  # fmt: skip


async def main():
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    async def stay(connection):
        # The greeting says that it is among those who are broadcast to.
        await connection.send("{}")
        await connection.wait_closed()

    async with serve(stay, "127.0.0.1", 0, compression=None, ping_interval=None, backlog=1024) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        lines = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
        seq = 0
        while await lines.readline():
            now, seq = time.time_ns(), seq + 1
            broadcast(server.connections, json.dumps({**EVENT, "seq": seq}, separators=(",", ":")))
            print(now, flush=True)


asyncio.run(main())
