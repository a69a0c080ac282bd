"""The daemon under load: started, looked at through /proc, ended. Touch it when a soak is to watch something else of the process."""

import asyncio
import os
import re
import signal
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Usage:
    """What the process holds at a moment."""

    rss_mb: float
    descriptors: int
    threads: int
    cpu_s: float


class Daemon:
    """A genrecast that listens on a port of its own and keeps its state in `folder`, in this environment or in ours."""

    def __init__(self, program, folder, words, env=None):
        self.command = [str(program), "run", *words, "--listen", "127.0.0.1:0", "--state-dir", str(folder)]
        self.env = env
        self.log = []

    async def start(self):
        self.process = await asyncio.create_subprocess_exec(
            *self.command, stdin=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE, env=self.env
        )
        while line := (await self.process.stderr.readline()).decode(errors="replace"):
            self.log.append(line)
            if told := re.search(r"listening on http://[^ \"]*:(\d+)", line):
                self.reading = asyncio.create_task(self.read())
                return int(told[1])
        raise RuntimeError(f"genrecast ended before it listened:\n{''.join(self.log)}")

    async def read(self):
        """Keeps the end of its log."""
        while line := await self.process.stderr.readline():
            self.log = [*self.log[-200:], line.decode(errors="replace")]

    def usage(self):
        folder = Path(f"/proc/{self.process.pid}")
        status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
        times = (folder / "stat").read_text().rpartition(")")[2].split()
        ticks = os.sysconf("SC_CLK_TCK")
        return Usage(
            rss_mb=int(status["VmRSS"].split()[0]) / 1024,
            descriptors=len(os.listdir(folder / "fd")),
            threads=int(status["Threads"]),
            cpu_s=(int(times[11]) + int(times[12])) / ticks,
        )

    def is_alive(self):
        return self.process.returncode is None

    async def end(self):
        """SIGTERM; returns the exit status."""
        if self.is_alive():
            self.process.send_signal(signal.SIGTERM)
        status = await asyncio.wait_for(self.process.wait(), 30)
        await self.reading
        return status
