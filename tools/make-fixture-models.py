#!/usr/bin/env python3
"""Writes the toy models that tests run: tests/fixtures/models/toy-window and toy-encoder.

Their weights are random but fixed, scaled so that different sounds score
differently. Needs numpy, onnx 1.23.2 and onnxruntime 1.31.1. Run it from
anywhere: tools/make-fixture-models.py
"""

import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from training import golden, mel, synthetic  # noqa: E402
from training.graph import Graph  # noqa: E402
from training.manifest import sha256, write  # noqa: E402
from training.runner import Runner  # noqa: E402

FEATURES = {
    "sample_rate": 16000, "n_fft": 512, "hop": 256, "window": "hann", "pad": "reflect",
    "n_mels": 96, "mel_scale": "slaney", "mel_norm": "slaney", "fmin": 0.0, "fmax": 8000.0,
    "rounding": "float16", "log": {"kind": "log10", "scale": 10000.0},
}  # fmt: skip
MELS = FEATURES["n_mels"]


def normal(rng, *shape, scale=1.0):
    """Random weights whose layer keeps about the size of its input."""
    fan_in = int(np.prod(shape[1:]))
    return (rng.standard_normal(shape) * scale / np.sqrt(fan_in)).astype(np.float32)


def encoder(graph, rng, frames, channels):
    """[1, frames, mels] to [1, channels]: two strided convolutions over time, then the mean."""
    x = graph.node("Transpose", ["mel"], "by_mel", perm=[0, 2, 1])
    x = graph.conv(x, normal(rng, 8, MELS, 7), np.zeros(8), "conv1", strides=[4])
    x = graph.relu(x, "relu1")
    x = graph.conv(x, normal(rng, channels, 8, 5, scale=2.0), np.zeros(channels), "conv2", strides=[3])
    x = graph.node("Tanh", [x], "tanh")
    x = graph.node("ReduceMean", [x], "mean", axes=[2], keepdims=0)
    return x


def describe(folder, name, kind, labels, window, tables):
    manifest = {
        "schema": 1, "id": name, "title": "Toy model for tests: random weights", "kind": kind, "labels": labels,
        "pretrained": False, "distilled": False, "training_data": "none: random weights",
        "features": FEATURES, "window": window, **tables,
        "calibration": {"temperature": 1.0, "abstain_below": 0.2},
    }  # fmt: skip
    write(folder, manifest)
    golden.add(folder, manifest)


def table(folder, file, source, shape_in, sink, shape_out):
    return {
        "file": file,
        "sha256": sha256(folder / file),
        "input": {"name": source, "shape": shape_in},
        "output": {"name": sink, "shape": shape_out},
    }


def toy_window(root):
    folder, frames, labels = root / "toy-window", 124, ["a", "b", "c", "d"]
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.Generator(np.random.PCG64(1))
    graph = Graph("toy-window")
    x = encoder(graph, rng, frames, 16)
    graph.linear(x, normal(rng, 4, 16, scale=10.0), normal(rng, 4), "logits")
    graph.save(folder / "model.onnx", "mel", [1, frames, MELS], "logits", [1, 4])
    window = {"frames": frames, "first": 31, "stride": 31, "normalise": {"kind": "standardise", "floor_db": 80.0}}
    network = table(folder, "model.onnx", "mel", [1, frames, MELS], "logits", [1, 4])
    describe(folder, "toy-window", "window", labels, window, {"network": network})
    return folder


def toy_encoder(root):
    folder, labels, size, hidden = root / "toy-encoder", ["a", "b", "c"], 16, 8
    frames, stride, patches = 187, 61, 28
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.Generator(np.random.PCG64(2))
    graph = Graph("toy-encoder")
    graph.node("Identity", [encoder(graph, rng, frames, size)], "embedding")
    graph.save(folder / "encoder.onnx", "mel", [1, frames, MELS], "embedding", [1, size])
    graph = Graph("toy-head")
    x = graph.node("Transpose", ["embeddings"], "steps_first", perm=[1, 0, 2])
    w, r = normal(rng, 4 * hidden, size, scale=6.0)[None], normal(rng, 4 * hidden, hidden)[None]
    x = graph.lstm(x, w, r, np.zeros((1, 8 * hidden)), "lstm", whole_sequence=False)
    graph.linear(x, normal(rng, 3, hidden, scale=4.0), normal(rng, 3), "logits")
    graph.save(folder / "head.onnx", "embeddings", [1, "patches", size], "logits", [1, 3])
    window = {
        "frames": frames + (patches - 1) * stride, "first": frames, "stride": stride, "normalise": {"kind": "none"},
    }  # fmt: skip
    tables = {
        "patch": {"frames": frames, "stride": stride, "embedding": size},
        "encoder": table(folder, "encoder.onnx", "mel", [1, frames, MELS], "embedding", [1, size]),
        "head": table(folder, "head.onnx", "embeddings", [1, 0, size], "logits", [1, 3]),
    }
    describe(folder, "toy-encoder", "encoder-head", labels, window, tables)
    return folder


if __name__ == "__main__":
    for folder in (toy_window(ROOT / "tests/fixtures/models"), toy_encoder(ROOT / "tests/fixtures/models")):
        runner = Runner(folder)
        print(folder.name, "golden p", runner.manifest["golden"]["p"])
        columns = mel.columns(synthetic.sound(16000, 30.0, 3), FEATURES)
        for end in range(400, len(columns), 300):
            print("  p after", end, "columns", runner.probabilities(columns[:end]).round(3))
