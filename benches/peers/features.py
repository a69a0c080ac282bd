"""Our features, librosa's and torch's on the same samples, in turns: tools/bench-peers sets it up and says how to call it."""

import argparse
import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

import librosa
import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/golden"))
from librosa_reference import columns as librosa_columns  # noqa: E402

SETS = ["models/cnn", "tests/fixtures/models/toy-encoder"]
WARM_UP = 2


def music(rate, seconds):
    """Chords that fade, over noise: float32, the same everywhere."""
    t = np.arange(int(rate * seconds)) / rate
    root = 110.0 * 2.0 ** ((t // 2 * 5 % 12) / 12.0)
    tones = sum(np.sin(2 * np.pi * root * k * t) for k in (1.0, 1.26, 1.5, 2.0))
    noise = np.random.default_rng(7).uniform(-0.5, 0.5, len(t))
    return (0.1 * tones * (1.0 - t % 0.5) + 0.05 * noise).astype(np.float32)


class Ours:
    """The built example, which computes once for each line it is sent."""

    def __init__(self, program, samples, features, folder):
        self.columns_file = folder / "columns.f32"
        (folder / "samples.f32").write_bytes(samples.tobytes())
        (folder / "features.json").write_text(json.dumps(features))
        arguments = [program, folder / "samples.f32", folder / "features.json", self.columns_file]
        self.process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline().strip() != "ready":
            sys.exit(f"{program} did not start: expected 'ready'")
        self.n_mels = features["n_mels"]

    def columns(self):
        return np.fromfile(self.columns_file, np.float32).reshape(-1, self.n_mels)

    def turn(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return tuple(map(float, self.process.stdout.readline().split()))

    def end(self):
        self.process.stdin.close()
        self.process.wait()


class Peer:
    """A function from samples to columns, timed by CPU time of the process (it has one thread) and by the clock."""

    def __init__(self, function):
        self.function = function

    def columns(self):
        return self.function()

    def turn(self):
        cpu, clock = time.process_time(), time.perf_counter()
        self.function()
        return time.process_time() - cpu, time.perf_counter() - clock

    def end(self):
        pass


def torch_columns(samples, features, levelled=None):
    """torch.stft and a matrix product with librosa's filters, in float32; `levelled` brings them to one level."""
    import torch

    torch.set_num_threads(1)
    filters = torch.from_numpy(
        librosa.filters.mel(
            sr=features["sample_rate"], n_fft=features["n_fft"], n_mels=features["n_mels"], fmin=features["fmin"],
            fmax=features["fmax"], htk=features["mel_scale"] == "htk",
            norm=None if features["mel_norm"] == "none" else features["mel_norm"],
        )
    )
    window = torch.hann_window(features["n_fft"], periodic=True)
    signal, log = torch.from_numpy(samples), features["log"]

    @torch.inference_mode()
    def columns():
        spectrum = torch.stft(
            signal, features["n_fft"], features["hop"], window=window, center=True, pad_mode=features["pad"],
            return_complex=True,
        )
        power = filters @ (spectrum.real.square() + spectrum.imag.square())
        if levelled and "level" in features:
            power = torch.from_numpy(levelled(power.numpy(), **features["level"]))
        if features["rounding"] == "float16":
            power = power.half().float()
        if log["kind"] == "db":
            power = 10.0 * power.clamp(min=log["amin"]).log10()
        else:
            power = (1.0 + log["scale"] * power).log10()
        return power.T.contiguous().numpy()

    return columns


def measure(program, model, seconds, rounds):
    features = tomllib.loads((ROOT / model / "manifest.toml").read_text())["features"]
    samples = music(features["sample_rate"], seconds)
    with tempfile.TemporaryDirectory() as folder:
        ways = {"genrecast": Ours(program, samples, features, Path(folder))}
        ways["librosa"] = Peer(lambda: librosa_columns(samples, features))
        if importlib.util.find_spec("torch"):
            ways["torch"] = Peer(torch_columns(samples, features))
        ours = ways["genrecast"].columns()
        worst = {name: float(np.abs(way.columns() - ours).max()) for name, way in ways.items()}
        turns = {name: [] for name in ways}
        for round_ in range(WARM_UP + rounds):
            # Each round begins with another one, so that none always follows the same.
            order = list(ways)
            for name in order[round_ % len(order):] + order[: round_ % len(order)]:
                turn = ways[name].turn()
                if round_ >= WARM_UP:
                    turns[name].append(turn)
        for way in ways.values():
            way.end()
    print(f"\n{features['n_fft']}/{features['hop']}, {features['n_mels']} mels, {features['sample_rate']} Hz, "
          f"{seconds:g} s of float32, {rounds} rounds; medians, with the range of the CPU times")
    print("| | CPU ms | range | clock ms | × real time (CPU) | ours is faster by (CPU) | (clock) | largest difference |")
    print("|---|---|---|---|---|---|---|---|")
    ours_cpu, ours_clock = (statistics.median(t[k] for t in turns["genrecast"]) for k in (0, 1))
    for name, list_ in turns.items():
        cpu, clock = (statistics.median(t[k] for t in list_) for k in (0, 1))
        low, high = min(t[0] for t in list_), max(t[0] for t in list_)
        print(f"| {name} | {cpu * 1e3:.1f} | {low * 1e3:.1f}–{high * 1e3:.1f} | {clock * 1e3:.1f} | {seconds / cpu:.0f} "
              f"| {cpu / ours_cpu:.2f} | {clock / ours_clock:.2f} | {worst[name]:.1e} |")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=120.0)
    arguments = parser.parse_args()
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    versions = f"librosa {librosa.__version__}, numpy {np.__version__}"
    if importlib.util.find_spec("torch"):
        import torch

        versions += f", torch {torch.__version__}"
    print(f"{cpu}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; Python {platform.python_version()}, {versions}")
    for model in SETS:
        measure(arguments.program, model, arguments.seconds, arguments.rounds)


if __name__ == "__main__":
    main()
