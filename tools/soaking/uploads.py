"""Clients that send clips: whole ones, damaged ones, none at all, and some that go away. Each answer must be one that README.md knows. Touch it
when a soak is to send something else.
"""

import asyncio
import collections
import json
import random

# What may be answered to each kind of body.
ANSWERS = {
    "clip": {200, 503},
    "half": {200, 422, 503},
    "text": {422, 503},
    "nothing": {422, 503},
    "gone": {None},
}


class Uploader:
    """Sends one clip after the other, of the kinds in turn as chance has it."""

    def __init__(self, clips, seed):
        self.clips, self.chance = clips, random.Random(seed)
        self.answers = collections.Counter()
        self.faults = []

    def body(self, kind):
        _, clip = self.chance.choice(self.clips)
        return {"clip": clip, "half": clip[len(clip) // 2 + 7 :], "text": b"not music " * 2000, "nothing": b"", "gone": clip}[kind]

    async def run(self, port):
        while True:
            kind = self.chance.choice(list(ANSWERS))
            status = await self.send(port, self.body(kind), goes=kind == "gone")
            self.answers[f"{kind} {status or 'left'}"] += 1
            if status not in ANSWERS[kind]:
                self.faults.append(f"an upload ({kind}) was answered with {status}")
            await asyncio.sleep(self.chance.expovariate(1))

    async def send(self, port, body, goes):
        """The status of the answer; None if it goes away before."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
        try:
            head = f"POST /v1/classify HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            writer.write(head.encode() + (body[: len(body) // 3] if goes else body))
            if goes:
                await asyncio.sleep(self.chance.uniform(0, 1))
                return None
            answer = await reader.read()
            head, _, content = answer.partition(b"\r\n\r\n")
            status = int(head.split(b" ")[1])
            json.loads(content)
            return status
        except ConnectionError:
            # A refusal may come while the body is still on its way, and be lost with it.
            return 503
        finally:
            writer.transport.abort()
