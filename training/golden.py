"""The golden window of a model folder: input columns and the probabilities recorded for them."""

from pathlib import Path

import numpy as np

from . import mel, synthetic
from .manifest import sha256, write
from .runner import Runner

FILE = "golden.f32"


def add(folder, manifest, seed=7, tolerance=1e-4):
    """Write golden.f32 and the manifest with its `[golden]` table, p from ONNX Runtime on the CPU."""
    features, frames = manifest["features"], manifest["window"]["frames"]
    seconds = frames * features["hop"] / features["sample_rate"]
    samples = synthetic.sound(features["sample_rate"], seconds, seed)
    columns = mel.columns(samples, features)[:frames]
    assert columns.shape == (frames, features["n_mels"])
    path = Path(folder) / FILE
    columns.astype("<f4").tofile(path)
    golden = {"file": FILE, "sha256": sha256(path), "p": [], "tolerance": tolerance}
    tables = {k: v for k, v in manifest.items() if k not in ("golden", "scores")}
    scores = {"scores": manifest["scores"]} if "scores" in manifest else {}
    write(folder, tables | {"golden": golden} | scores)
    golden["p"] = [float(np.float32(p)) for p in Runner(folder).probabilities(columns)]
    write(folder, tables | {"golden": golden} | scores)
