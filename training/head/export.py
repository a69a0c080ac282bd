"""Writes the folder of the default model: encoder, head, manifest, golden window. Touch it with the form of the folder."""

from pathlib import Path

import numpy as np
import torch

from .. import calibrate, golden
from ..gtzan import LABELS
from ..manifest import network_table, sha256, write
from ..musicnn import embed, encoder
from ..musicnn.weights import Weights
from ..runner import Runner
from ..windows import softmax
from .network import Head

TRAINING_DATA = (
    "encoder: the Million Song Dataset's tags (musicnn 0.1.0, MSD_musicnn, ISC licence); head: GTZAN, fault-filtered "
    "artist-disjoint split, tags of 443 train clips and sound of 214 of them, selected on the 103 valid clips that exist as sound"
)


def export(out, checkpoint, residual, head, valid, lag_seconds):
    """Write the folder `out`, calibrated on `sequences.Clips` `valid`; returns (manifest, what ONNX Runtime differs by)."""
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    numbers, name = encoder.TAGS + len(residual.offset), out.name
    weights = Weights(checkpoint)
    encoder.write(weights, out / "encoder.onnx", residual.matrix, residual.offset)
    head.graph(numbers).save(out / "head.onnx", "embeddings", [1, "patches", numbers], "logits", [1, len(LABELS)])

    with torch.no_grad():
        logits = head(torch.from_numpy(valid.rows)).numpy()
    temperature = calibrate.temperature(logits, valid.target)
    frames = encoder.FRAMES + (embed.PATCHES - 1) * encoder.STRIDE
    tables = encoder.tables("encoder.onnx", sha256(out / "encoder.onnx"), numbers, encoder.state(weights))
    manifest = {
        "schema": 1, "id": name, "title": Head.title, "kind": "encoder-head", "labels": LABELS,
        "pretrained": True, "distilled": False, "training_data": TRAINING_DATA,
        "features": encoder.FEATURES,
        "window": {"frames": frames, "first": encoder.FRAMES, "stride": encoder.STRIDE, "normalise": {"kind": "none"}},
        **tables,
        "head": network_table(out / "head.onnx", "embeddings", [1, 0, numbers], "logits", [1, len(LABELS)]),
        "calibration": {
            "temperature": temperature,
            "abstain_below": calibrate.abstain_below(softmax(logits, temperature), valid.target),
            "lag_seconds": round(lag_seconds, 1),
        },
        "scores": {
            "valid_clips": len(valid.target),
            "valid_accuracy": round(float((logits.argmax(axis=1) == valid.target).mean()), 4),
            "valid_nll": round(calibrate.nll(logits, valid.target, temperature), 4),
        },
    }  # fmt: skip
    write(out, manifest | {"golden": {"file": golden.FILE, "sha256": "", "p": [], "tolerance": 1e-4}})
    golden.add(out, manifest)

    runner = Runner(out)
    p = np.stack([runner.of_embeddings(rows) for rows in valid.rows])
    worst = float(np.abs(p - softmax(logits, temperature)).max())
    if worst > 1e-3:
        raise SystemExit(f"ONNX Runtime differs from PyTorch by {worst:.2e}: expected at most 1e-3")
    return manifest, worst
