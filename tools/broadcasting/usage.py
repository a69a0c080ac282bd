"""What processes and their threads take, from /proc. Touch it when something else of a process is to be told."""

import collections
import os
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Thread:
    """Seconds since it began."""

    name: str
    cpu_s: float
    waited_s: float
    switches: int


@dataclass
class Usage:
    """What a process has taken up to a moment."""

    cpu_s: float
    rss_mb: float
    descriptors: int
    threads: dict[int, Thread] = field(default_factory=dict)


def cpu_s(pid):
    """CPU seconds of a process, threads that have ended included."""
    times = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(times[11]) + int(times[12])) / TICKS


def status(folder):
    return dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())


def of_process(pid):
    folder, threads = Path(f"/proc/{pid}"), {}
    for task in (folder / "task").iterdir():
        try:
            # Nanoseconds on a core, and ready but without one: exact, where `stat` counts in hundredths.
            ran, waited, _ = (task / "schedstat").read_text().split()
            lines = status(task)
        except (FileNotFoundError, ProcessLookupError):
            continue
        switches = int(lines["voluntary_ctxt_switches"]) + int(lines["nonvoluntary_ctxt_switches"])
        threads[int(task.name)] = Thread(lines["Name"].strip(), int(ran) / 1e9, int(waited) / 1e9, switches)
    rss = int(status(folder)["VmRSS"].split()[0]) / 1024
    return Usage(cpu_s(pid), rss, len(os.listdir(folder / "fd")), threads)


def group(name):
    """What threads are counted under: `src-jazz` is one of `src-*`."""
    head, dash, _ = name.partition("-")
    return {"net": "net", "genrecast": "main"}.get(head, f"{head}-*" if dash else name)


def groups(before, after):
    """Per group of threads: how many, and what they took between two moments."""
    sums = collections.defaultdict(lambda: {"threads": 0, "cpu_s": 0.0, "busiest_cpu_s": 0.0, "waited_s": 0.0, "switches": 0})
    for number, thread in after.threads.items():
        then = before.threads.get(number) or Thread(thread.name, 0.0, 0.0, 0)
        took, of = thread.cpu_s - then.cpu_s, sums[group(thread.name)]
        of["threads"] += 1
        of["cpu_s"] += took
        of["busiest_cpu_s"] = max(of["busiest_cpu_s"], took)
        of["waited_s"] += thread.waited_s - then.waited_s
        of["switches"] += thread.switches - then.switches
    return dict(sums)


@dataclass
class Machine:
    """Seconds of all cores together since it was started."""

    busy_s: float
    stolen_s: float


def machine():
    user, nice, system, idle, iowait, irq, softirq, stolen = map(int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9])
    return Machine((user + nice + system + irq + softirq) / TICKS, stolen / TICKS)


def memory_available_mb():
    lines = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
    return int(lines["MemAvailable"].split()[0]) / 1024


def most_descriptors(pid):
    line = next(line for line in Path(f"/proc/{pid}/limits").read_text().splitlines() if line.startswith("Max open files"))
    return int(line.split()[3])


class Metrics(collections.Counter):
    """Sums over all sources of what /metrics tells, and the largest of each as `largest`."""

    def __init__(self, port):
        super().__init__()
        self.largest = collections.Counter()
        # Whatever proxy the environment names: it is for others.
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
            lines = answer.read().decode().splitlines()
        for line in lines:
            if not line.startswith("#") and line:
                name, _, value = line.rpartition(" ")
                name = name.partition("{")[0]
                self[name] += float(value)
                self.largest[name] = max(self.largest[name], float(value))
