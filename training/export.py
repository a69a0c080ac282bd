"""Writes a trained window model's folder: network, manifest and golden window. Touch it with the form of a folder."""

from pathlib import Path

import numpy as np

from . import calibrate, golden, gtzan
from .manifest import sha256, write
from .runner import Runner
from .windows import softmax

TRAINING_DATA = "GTZAN, fault-filtered artist-disjoint split: 442 train clips of 30 s, selected on 197 valid clips"


def export(network, out, model, select, logits, features=gtzan.FEATURES, window=gtzan.WINDOW, labels=gtzan.LABELS, **more):
    """Write the folder `out` and check that ONNX Runtime gives the network's own logits; returns (manifest, difference).

    select: `splits.Clips` that the calibration is fitted on, and logits: the network's for them. `more` keys override
    those of the manifest, such as distilled=True.
    """
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    network.eval()
    frames, mels = window["frames"], features["n_mels"]
    shape_in, shape_out = [1, frames, mels], [1, len(labels)]
    file = out / "model.onnx"
    network.graph(frames, mels).save(file, "mel", shape_in, "logits", shape_out)

    temperature = calibrate.temperature(logits, select.target)
    threshold = calibrate.abstain_below(softmax(logits, temperature), select.target)
    accuracy = float((logits.argmax(axis=1) == select.target).mean())
    manifest = {
        "schema": 1, "id": model, "title": network.title, "kind": "window", "labels": labels,
        "pretrained": False, "distilled": False, "training_data": TRAINING_DATA,
        "features": features, "window": window,
        "network": {
            "file": file.name, "sha256": sha256(file),
            "input": {"name": "mel", "shape": shape_in}, "output": {"name": "logits", "shape": shape_out},
        },
        "calibration": {"temperature": temperature, "abstain_below": threshold},
        "scores": {
            "valid_clips": len(select.target), "valid_accuracy": round(accuracy, 4),
            "valid_nll": round(calibrate.nll(logits, select.target, temperature), 4),
        },
    } | more  # fmt: skip
    write(out, manifest | {"golden": {"file": golden.FILE, "sha256": "", "p": [], "tolerance": 1e-4}})
    golden.add(out, manifest)

    runner = Runner(out)
    exported = np.stack([runner.logits(clip) for clip in select.mel[:20]])
    worst = float(np.abs(exported - logits[:20]).max())
    if worst > 1e-3:
        raise SystemExit(f"ONNX Runtime differs from PyTorch by {worst:.2e}: expected at most 1e-3")
    return manifest, worst
