"""Has one daemon hear many sources at once and compares every window with what `classify` gives for the file on the CPU.

Prints a line of a Markdown table; the exit status is 1 where a window is missing, a hop was skipped, or a probability differs by more
than 1e-3. `benches/gpu.sh` runs it; touch it when more is to be seen of sources that share a device.
"""

import argparse
import contextlib
import json
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

LIMIT_S = 120


def classified(args, sound):
    """{end of the window: {genre: p}} of a file on the CPU."""
    command = [args.genrecast, "classify", *args.common, "--device", "cpu", "--top", "10", "--json", sound]
    windows = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["windows"]
    return {round(w["end_s"], 3): {score["label"]: score["p"] for score in w["top"]} for w in windows}


def configuration(args, names):
    files = [f'[[source]]\nname = "{name}"\nuri = "file:{sound}?speed={args.speed:g}"\n' for name, sound in names.items()]
    return "\n".join(['[server]\nlisten = "127.0.0.1:0"\n', *files])


def have_ended(log, count):
    """Whether all sources of the daemon that writes this log have ended."""
    address = re.search(r"listening on (http://[0-9.:]+)", log.read_text())
    if not address:
        return False
    with contextlib.suppress(OSError), urllib.request.urlopen(f"{address[1]}/v1/sources", timeout=5) as answer:
        states = [source["state"] for source in json.load(answer)["sources"]]
        return len(states) == count and set(states) == {"ended"}
    return False


def hear(args, names, folder):
    """The windows of a daemon that hears these sources to their ends: what `genrecast history` gives."""
    config, state, log = folder / "config.toml", folder / "state", folder / "log"
    config.write_text(configuration(args, names))
    state.mkdir()
    command = [args.genrecast, "run", *args.common[2:], "--config", config, "--device", args.device, "--state-dir", state]
    with log.open("w") as stderr:
        daemon = subprocess.Popen(command, stderr=stderr)
    try:
        deadline = time.monotonic() + LIMIT_S
        while not have_ended(log, len(names)):
            if daemon.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"together: the sources did not come to their ends:\n{log.read_text()[-2000:]}")
            time.sleep(0.2)
    finally:
        daemon.send_signal(signal.SIGTERM)
        try:
            daemon.wait(timeout=30)
        except subprocess.TimeoutExpired:
            daemon.kill()
            raise
    command = [args.genrecast, "history", "--state-dir", state, "--type", "genre.window", "--format", "jsonl"]
    return [json.loads(line) for line in subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--genrecast", required=True)
    parser.add_argument("--models", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--sources", type=int, default=64)
    parser.add_argument("--speed", type=float, default=10)
    parser.add_argument("sound", nargs="+")
    args = parser.parse_args()
    args.common = ["--config", "/dev/null", "--models", args.models, "--runtime", "onnxruntime", "--model", args.model]
    sounds = [str(Path(sound).resolve()) for sound in args.sound]
    names = {f"s{n}": sounds[n % len(sounds)] for n in range(args.sources)}
    expected = {sound: classified(args, sound) for sound in sounds}
    with tempfile.TemporaryDirectory() as folder:
        events = hear(args, names, Path(folder))
    largest, missing, devices, inference, skipped = 0.0, [], set(), [], 0
    heard = {name: {} for name in names}
    for event in events:
        heard[event["source"]][round(event["window"]["end_s"], 3)] = {score["label"]: score["p"] for score in event["top"]}
        devices.add(event["model"]["device"])
        inference.append(event["timing"]["infer_ms"])
        skipped += event["audio"]["skipped_hops"]
    for name, sound in names.items():
        if heard[name].keys() != expected[sound].keys():
            missing.append(name)
        for end, p in heard[name].items():
            largest = max([largest, *(abs(p[genre] - expected[sound].get(end, {}).get(genre, 9.0)) for genre in p)])
    if not events:
        raise SystemExit("together: the daemon recorded no window")
    inference.sort()
    p50, p99 = statistics.median(inference), inference[len(inference) * 99 // 100]
    print(f"| {args.model} | {args.sources} | {len(events)} | {p50} / {p99} | {skipped} | {largest:.1e} |")
    if missing or skipped or devices != {args.device} or largest > 1e-3:
        print(f"**not as it should be**: other windows of {len(missing)} sources, {skipped} hops skipped, device {devices}, difference {largest:.1e}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
