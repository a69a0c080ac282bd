"""Writes a trained model's folder: networks, manifest and golden window. Touch it with the form of a folder."""

from pathlib import Path

import numpy as np

from . import calibrate, golden, gtzan
from .manifest import network_table, write
from .mel import levelled
from .runner import Runner
from .windows import softmax

TRAINING_DATA = "GTZAN, fault-filtered artist-disjoint split: 442 train clips of 30 s, selected on 197 valid clips"


def whole(network, out, frames, mels, labels):
    """Writes the one network of a window model; the manifest's tables for it."""
    tensors = "mel", [1, frames, mels], "logits", [1, labels]
    network.graph(frames, mels).save(out / "model.onnx", *tensors)
    return {"network": network_table(out / "model.onnx", *tensors)}


def in_two(network, out, mels, labels):
    """Writes encoder and head of a network that has a patch; the manifest's tables for them."""
    frames, size = network.patch["frames"], network.patch["embedding"]
    encoder, (source, answers) = ("mel", [1, frames, mels], "embedding", [1, size]), ("embeddings", ("logits", [1, labels]))
    network.encoder(frames, mels).save(out / "encoder.onnx", *encoder)
    network.head().save(out / "head.onnx", source, [1, "patches", size], *answers)
    head = network_table(out / "head.onnx", source, [1, 0, size], *answers)
    return {"patch": network.patch, "encoder": network_table(out / "encoder.onnx", *encoder), "head": head}


def export(network, out, model, select, logits, features=gtzan.FEATURES, window=gtzan.WINDOW, labels=gtzan.LABELS, **more):
    """Write the folder `out` and check that ONNX Runtime gives the network's own logits; returns (manifest, difference).

    select: `splits.Clips` that the calibration is fitted on, and logits: the network's for them. A network that has a
    patch becomes an encoder and a head, and brings its own features and window. `more` keys override those of the
    manifest, such as distilled=True.
    """
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    network.eval()
    streams = hasattr(network, "patch")
    if streams:
        features, window = network.features, network.window
        tables = in_two(network, out, features["n_mels"], len(labels))
    else:
        tables = whole(network, out, window["frames"], features["n_mels"], len(labels))

    temperature = calibrate.temperature(logits, select.target)
    threshold = calibrate.abstain_below(softmax(logits, temperature), select.target)
    accuracy = float((logits.argmax(axis=1) == select.target).mean())
    manifest = {
        "schema": 1, "id": model, "title": network.title, "kind": "encoder-head" if streams else "window", "labels": labels,
        "pretrained": False, "distilled": False, "training_data": TRAINING_DATA,
        "features": features, "window": window,
        **tables,
        "calibration": {"temperature": temperature, "abstain_below": threshold},
        "scores": {
            "valid_clips": len(select.target), "valid_accuracy": round(accuracy, 4),
            "valid_nll": round(calibrate.nll(logits, select.target, temperature), 4),
        },
    } | more  # fmt: skip
    write(out, manifest | {"golden": {"file": golden.FILE, "sha256": "", "p": [], "tolerance": 1e-4}})
    golden.add(out, manifest)

    runner = Runner(out)
    exported = np.stack([runner.logits(clip[: window["frames"]]) for clip in levelled(select.mel[:20], features)])
    worst = float(np.abs(exported - logits[:20]).max())
    if worst > 1e-3:
        raise SystemExit(f"ONNX Runtime differs from PyTorch by {worst:.2e}: expected at most 1e-3")
    return manifest, worst
