"""`genrecast classify` beside librosa, torch and essentia with ONNX Runtime in Python on the same file, encoder and head: tools/bench-peers calls it."""

import argparse
import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
WAYS = ("librosa", "torch", "essentia")


def used(command, **more):
    """(CPU seconds of a process from its start to its end, what it printed)."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **more)
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    if status:
        sys.exit(f"{command[0]} ended with {os.waitstatus_to_exitcode(status)}: {' '.join(map(str, command))}")
    return usage.ru_utime + usage.ru_stime, said


def ours(program, model, path, gate):
    environment = {**os.environ, "GENRECAST_GATE__MODEL": gate, "GENRECAST_MODEL__THREADS": "1"}
    command = [program, "classify", "--json", "--runtime", "onnxruntime", "--models", model.parent, "--model", model.name, path]
    cpu, said = used(command, env={k: v for k, v in environment.items() if v})
    return {"all": cpu, "process": cpu}, shown((one["label"], one["p"]) for one in json.loads(said)["top"])


def shown(probabilities):
    label, p = max(probabilities, key=lambda one: one[1])
    return f"{label} {p:.2f}"


def theirs(way, model, path):
    cpu, said = used([sys.executable, HERE / "hear.py", way, model, path])
    told = json.loads(said)
    steps = told["cpu_s"]
    return {"all": sum(steps.values()), "process": cpu, **steps}, shown(told["p"].items())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program", type=Path)
    parser.add_argument("--clips", type=Path, required=True, help="a folder of music, of which ten minutes are made")
    parser.add_argument("--model", type=Path, default=HERE.parents[1] / "models/musicnn-crnn")
    parser.add_argument("--stateless", type=Path, help="the same model with an encoder that keeps nothing, which computes each patch whole")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=600.0)
    arguments = parser.parse_args()
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    print(f"{cpu}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp3"
        mp3(arguments.clips, arguments.seconds, path, Path(folder))
        ways = {"genrecast": lambda: ours(arguments.program, arguments.model, path, "off")}
        ways["genrecast with its gate"] = lambda: ours(arguments.program, arguments.model, path, "")
        models = {"each patch whole": arguments.stateless, "our encoder with what it keeps": arguments.model}
        for way in WAYS:
            if not importlib.util.find_spec(way):
                print(f"skipped: {way} is not installed")
                continue
            for words, model in models.items():
                # How the network is run is the same whatever made its columns.
                if model and (words.startswith("our") or way == "librosa"):
                    ways[f"{way} + ONNX Runtime, {words}"] = lambda way=way, model=model: theirs(way, model, path)
        turns, tops = {name: [] for name in ways}, {}
        for round_ in range(arguments.rounds):
            # Each round begins with another one, so that none always follows the same.
            order = list(ways)
            for name in order[round_ % len(order) :] + order[: round_ % len(order)]:
                steps, tops[name] = ways[name]()
                turns[name].append(steps)
        report(turns, tops, arguments)


def mp3(clips, seconds, path, folder):
    """So many seconds of MP3 at 128 kbit/s and 44.1 kHz, of these clips over and over."""
    files = sorted(file for file in clips.rglob("*") if file.suffix in (".flac", ".wav", ".mp3", ".ogg", ".au"))
    if not files:
        sys.exit(f"--clips: no clip (flac, wav, mp3, ogg, au) in {clips}; name a folder with some")
    wanted = [files[n * max(1, len(files) // 20) % len(files)].resolve() for n in range(int(seconds // 5) + 1)]
    (folder / "list").write_text("".join(f"file '{file}'\n" for file in wanted))
    command = ["ffmpeg", "-v", "error", "-f", "concat", "-safe", "0", "-i", folder / "list", "-t", str(seconds), "-ar", "44100", "-ac", "2"]
    subprocess.run([*command, "-b:a", "128k", path], check=True)


def report(turns, tops, arguments):
    median = {name: {step: statistics.median(turn[step] for turn in list_) for step in list_[0]} for name, list_ in turns.items()}
    # Ours is the whole process. Of the others first what they do with the file, then with their imports and the loading of networks.
    own = median["genrecast"]["all"]
    print(f"\n{arguments.seconds:g} s of MP3 (128 kbit/s), {arguments.model.name}, one thread, {arguments.rounds} rounds in turns; medians")
    print("| | CPU s | range | of it decoding, columns, encoder, head | genrecast is faster by | CPU s of the process, faster by | most likely |")
    print("|---|---|---|---|---|---|---|")
    for name, steps in median.items():
        parts = ", ".join(f"{steps[step]:.2f}" for step in ("decode", "columns", "encoder", "head") if step in steps)
        low, high = (of(turn["all"] for turn in turns[name]) for of in (min, max))
        print(f"| {name} | {steps['all']:.2f} | {low:.2f}–{high:.2f} | {parts} | {steps['all'] / own:.2f} "
              f"| {steps['process']:.2f}, {steps['process'] / own:.2f} | {tops[name]} |")


if __name__ == "__main__":
    main()
