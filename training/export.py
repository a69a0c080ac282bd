"""Writes a trained window model's folder: network, manifest, golden window, report and card."""

from pathlib import Path

import numpy as np
import torch

from . import calibrate, data, golden, report
from .manifest import sha256, write
from .runner import Runner
from .windows import softmax

FEATURES = {
    "sample_rate": 22050, "n_fft": 2048, "hop": 1708, "window": "hann", "pad": "reflect",
    "n_mels": data.MELS, "mel_scale": "slaney", "mel_norm": "slaney", "fmin": 0.0, "fmax": 11025.0,
    "rounding": "none", "log": {"kind": "db", "amin": 1e-10},
}  # fmt: skip
WINDOW = {
    "frames": data.FRAMES, "first": data.SHORTEST, "stride": 13,
    "normalise": {"kind": "standardise", "floor_db": data.FLOOR_DB},
}  # fmt: skip
TITLES = {"crnn": "CRNN: four convolutions and two LSTM layers, trained from scratch"}


def export(network, out, model, valid, logits, settings, curve, seeds):
    """Write the folder `out` and check that ONNX Runtime gives the network's own logits."""
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    network.eval()
    shape_in, shape_out = [1, data.FRAMES, data.MELS], [1, len(data.LABELS)]
    file = out / "model.onnx"
    network.graph(data.FRAMES, data.MELS).save(file, "mel", shape_in, "logits", shape_out)

    temperature = calibrate.temperature(logits, valid[1])
    threshold = calibrate.abstain_below(softmax(logits, temperature), valid[1])
    measured = report.measure(logits, valid[1], temperature, data.LABELS)
    manifest = {
        "schema": 1, "id": model, "title": TITLES[model], "kind": "window", "labels": data.LABELS,
        "pretrained": False, "distilled": False,
        "training_data": "GTZAN, fault-filtered artist-disjoint split: 442 train clips of 30 s, selected on 197 valid clips",
        "features": FEATURES, "window": WINDOW,
        "network": {
            "file": file.name, "sha256": sha256(file),
            "input": {"name": "mel", "shape": shape_in}, "output": {"name": "logits", "shape": shape_out},
        },
        "calibration": {"temperature": temperature, "abstain_below": threshold},
        "scores": {
            "valid_clips": measured["clips"], "valid_accuracy": measured["accuracy"], "valid_nll": measured["nll"],
        },
    }  # fmt: skip
    write(out, manifest | {"golden": {"file": golden.FILE, "sha256": "", "p": [], "tolerance": 1e-4}})
    golden.add(out, manifest)

    runner = Runner(out)
    exported = np.stack([runner.logits(clip) for clip in valid[0][:20]])
    worst = float(np.abs(exported - logits[:20]).max())
    if worst > 1e-3:
        raise SystemExit(f"ONNX Runtime differs from PyTorch by {worst:.2e}: expected at most 1e-3")
    weights = sum(p.numel() for name, p in network.named_parameters() if not name.startswith("aside"))
    facts = {"torch": torch.__version__.split("+")[0], "parameters": weights, "export_max_difference": worst}
    report.write(out, manifest, measured, settings, curve, seeds, facts)
