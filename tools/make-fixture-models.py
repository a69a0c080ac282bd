#!/usr/bin/env python3
"""Writes the toy models that tests run: tests/fixtures/models/toy-window, toy-encoder and toy-stream.

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


def describe(folder, name, kind, labels, window, tables, features=FEATURES):
    manifest = {
        "schema": 1, "id": name, "title": "Toy model for tests: random weights", "kind": kind, "labels": labels,
        "pretrained": False, "distilled": False, "training_data": "none: random weights",
        "features": features, "window": window, **tables,
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


def head(folder, rng, labels, size, hidden=8):
    """Writes head.onnx: an LSTM over the embeddings, a linear layer over its last state. Returns its table."""
    graph = Graph("toy-head")
    x = graph.node("Transpose", ["embeddings"], "steps_first", perm=[1, 0, 2])
    w, r = normal(rng, 4 * hidden, size, scale=6.0)[None], normal(rng, 4 * hidden, hidden)[None]
    x = graph.lstm(x, w, r, np.zeros((1, 8 * hidden)), "lstm", whole_sequence=False)
    graph.linear(x, normal(rng, labels, hidden, scale=4.0), normal(rng, labels), "logits")
    graph.save(folder / "head.onnx", "embeddings", [1, "patches", size], "logits", [1, labels])
    return table(folder, "head.onnx", "embeddings", [1, 0, size], "logits", [1, labels])


def grid(frames, stride, patches):
    """The window of an encoder that hears patches of `frames` columns."""
    whole = frames + (patches - 1) * stride
    return {"frames": whole, "first": frames, "stride": stride, "normalise": {"kind": "none"}}


def toy_encoder(root):
    folder, labels, size = root / "toy-encoder", ["a", "b", "c"], 16
    frames, stride, patches = 187, 61, 28
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.Generator(np.random.PCG64(2))
    graph = Graph("toy-encoder")
    graph.node("Identity", [encoder(graph, rng, frames, size)], "embedding")
    graph.save(folder / "encoder.onnx", "mel", [1, frames, MELS], "embedding", [1, size])
    tables = {
        "patch": {"frames": frames, "stride": stride, "embedding": size},
        "encoder": table(folder, "encoder.onnx", "mel", [1, frames, MELS], "embedding", [1, size]),
        "head": head(folder, rng, len(labels), size),
    }
    describe(folder, "toy-encoder", "encoder-head", labels, grid(frames, stride, patches), tables)
    return folder


class Columns:
    """The first layer of toy-stream: a convolution over time that pads each patch with zeros, as musicnn's does."""

    def __init__(self, graph, mels, kernel, channels, rng):
        self.graph, self.kernel = graph, kernel
        # The padding comes after this, so it is no silence.
        self.scale, self.shift = graph.weight("scale", np.array(0.6)), graph.weight("shift", np.array(-1.2))
        self.inputs = [graph.weight("columns.weight", normal(rng, channels, mels, kernel))]
        self.inputs += [graph.weight("columns.bias", normal(rng, channels))]

    def normalised(self):
        x = self.graph.node("Transpose", ["mel"], "by_mel", perm=[0, 2, 1])
        return self.graph.node("Add", [self.graph.node("Mul", [x, self.scale], "scaled"), self.shift], "shifted")

    def __call__(self, x, name, pads):
        x = self.graph.node("Conv", [x, *self.inputs], f"{name}.conv", kernel_shape=[self.kernel], pads=pads)
        return self.graph.relu(x, name)

    def cut(self, x, name, start, end):
        """Columns `start` to `end` of [1, channels, columns]."""
        bounds = [self.graph.weight(f"{name}.{k}", np.array([v])) for k, v in (("start", start), ("end", end), ("axis", 2))]
        return self.graph.node("Slice", [x, *bounds], name)


def toy_stream(root):
    """Its encoder keeps the columns that the next patch hears again. plain.onnx is the same without a state,
    reordered.onnx has its tensors in another order than the manifest."""
    folder, labels, size, mels = root / "toy-stream", ["a", "b", "c"], 16, 32
    frames, stride, patches, kernel, channels = 187, 61, 4, 7, 6
    folder.mkdir(parents=True, exist_ok=True)
    edge = kernel // 2
    kept = frames - 2 * edge - stride
    shapes = {"mel": [1, frames, mels], "columns": [1, kept, channels], "embedding": [1, size]}

    def embedding(graph, x, rng):
        x = graph.conv(x, normal(rng, size // 2, channels, 5, scale=2.0), np.zeros(size // 2), "conv2", pads=[2, 2])
        x = graph.node("Tanh", [x], "tanh")
        pooled = [graph.node(f"Reduce{kind}", [x], kind.lower(), axes=[2], keepdims=0) for kind in ("Max", "Mean")]
        graph.node("Concat", pooled, "embedding", axis=1)

    graph, rng = Graph("toy-stream-plain"), np.random.Generator(np.random.PCG64(3))
    columns = Columns(graph, mels, kernel, channels, rng)
    embedding(graph, columns(columns.normalised(), "all", [edge, edge]), rng)
    graph.save_all(folder / "plain.onnx", [("mel", shapes["mel"])], [("embedding", shapes["embedding"])])

    graph, rng = Graph("toy-stream"), np.random.Generator(np.random.PCG64(3))
    columns = Columns(graph, mels, kernel, channels, rng)
    x = columns.normalised()
    first = columns(columns.cut(x, "first_mel", 0, 2 * edge), "first", [edge, 0])
    last = columns(columns.cut(x, "last_mel", frames - 2 * edge, frames), "last", [0, edge])
    new = columns(columns.cut(x, "new_mel", frames - stride - 2 * edge, frames), "new", [0, 0])
    inner = graph.node("Transpose", ["columns"], "kept", perm=[0, 2, 1])
    inner = graph.node("Concat", [inner, new], "inner", axis=2)
    graph.node("Transpose", [columns.cut(inner, "next", stride, stride + kept)], "columns_next", perm=[0, 2, 1])
    embedding(graph, graph.node("Concat", [first, inner, last], "all", axis=2), rng)
    graph.save_all(
        folder / "encoder.onnx",
        [("mel", shapes["mel"]), ("columns", shapes["columns"])],
        [("embedding", shapes["embedding"]), ("columns_next", shapes["columns"])],
    )
    graph.save_all(
        folder / "reordered.onnx",
        [("columns", shapes["columns"]), ("mel", shapes["mel"])],
        [("columns_next", shapes["columns"]), ("embedding", shapes["embedding"])],
    )
    encoder = table(folder, "encoder.onnx", "mel", shapes["mel"], "embedding", shapes["embedding"])
    encoder["state"] = {
        "input": {"name": "columns", "shape": shapes["columns"]},
        "output": {"name": "columns_next", "shape": shapes["columns"]},
        "warm_up": 2,
    }
    tables = {
        "patch": {"frames": frames, "stride": stride, "embedding": size},
        "encoder": encoder,
        "head": head(folder, rng, len(labels), size),
    }
    describe(
        folder, "toy-stream", "encoder-head", labels, grid(frames, stride, patches), tables, FEATURES | {"n_mels": mels}
    )
    return folder


if __name__ == "__main__":
    for make in (toy_window, toy_encoder, toy_stream):
        folder = make(ROOT / "tests/fixtures/models")
        runner = Runner(folder)
        print(folder.name, "golden p", runner.manifest["golden"]["p"])
        columns = mel.columns(synthetic.sound(16000, 30.0, 3), runner.manifest["features"])
        for end in range(400, len(columns), 300):
            print("  p after", end, "columns", runner.probabilities(columns[:end]).round(3))
