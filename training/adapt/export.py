"""Writes the adapted encoder into the default model's folder, with golden window, report, card and pictures.

The head's calibration stays as well: what it says of stored tags, which no encoder of ours gave, must not change. What a new
temperature would gain is told in the report. Touch it with the form of the folder.
"""

import json
from pathlib import Path

import numpy as np
import torch

from .. import calibrate, changes, evaluate, golden, inputs, report
from ..head.export import TRAINING_DATA
from ..manifest import load, sha256, write
from ..musicnn import encoder
from ..runner import Runner
from ..windows import softmax

ADAPTED = (
    "; the encoder then distilled, from its own answers to clean sound, on degraded sound of these 214 clips and of free music "
    "from Debian's packages"
)


def heard(out, data):
    """(embeddings of each valid clip's first window, genres) by the folder's encoder."""
    runner, audio, rows, genres = Runner(out), Path(data) / "gtzan_audio", [], []
    frames = runner.manifest["window"]["frames"]
    for _, genre, columns in inputs.audio_clips(audio, audio / "list.csv", "valid", runner.manifest):
        rows.append(runner.embeddings(columns[:frames]))
        genres.append(genre)
    return rows, genres


def calibration(out, rows, genres):
    """(temperature and threshold, logits, targets) of the head on the embeddings `rows`."""
    runner = Runner(out)
    uncalibrated = [np.log(np.maximum(runner.of_embeddings(row), 1e-12)) * runner.manifest["calibration"]["temperature"] for row in rows]
    logits, target = np.stack(uncalibrated), np.array([runner.labels.index(genre) for genre in genres])
    temperature = calibrate.temperature(logits, target)
    threshold = calibrate.abstain_below(softmax(logits, temperature), target)
    return {"temperature": temperature, "abstain_below": threshold}, logits, target


def lead(out, rows, genres):
    """What `changes.measure` tells of the valid clips: seconds until a new genre leads."""
    runner = Runner(out)
    return changes.measure(rows, genres, runner.labels, runner.of_embeddings, changes.Timing.of(runner.manifest), pairs=200)


def export(out, weights, matrix, offset, data, settings, facts):
    """Write the folder `out` anew around an encoder's `weights`; its head stays as it is."""
    out = Path(out)
    manifest = load(out)
    before = json.loads((out / "report.json").read_text(encoding="utf-8"))
    encoder.write(weights, out / "encoder.onnx", matrix, offset)
    manifest |= encoder.tables("encoder.onnx", sha256(out / "encoder.onnx"), encoder.TAGS + len(matrix), encoder.state(weights))
    manifest |= {"distilled": True, "training_data": TRAINING_DATA + ADAPTED}
    write(out, manifest)
    rows, genres = heard(out, data)
    told, logits, target = calibration(out, rows, genres)
    joined = lead(out, rows, genres)
    manifest["calibration"]["lag_seconds"] = round(joined["model"]["for_good"]["median"], 1)
    temperature = manifest["calibration"]["temperature"]
    facts = facts | {"fitted_anew": told | {"valid_nll": round(calibrate.nll(logits, target, told["temperature"]), 4)}}
    manifest["scores"] = {
        "valid_clips": len(target),
        "valid_accuracy": round(float((logits.argmax(axis=1) == target).mean()), 4),
        "valid_nll": round(calibrate.nll(logits, target, temperature), 4),
    }
    golden.add(out, manifest)
    audio = Path(data) / "gtzan_audio"
    figure = evaluate.run(out, audio=audio, listing=audio / "list.csv", split="valid")
    report.write(
        out, manifest, {k: v for k, v in figure.items() if k not in ("model", "per_clip")},
        seeds=before["seeds"], curve=before["curve"], mean_mel=before["mean_mel"],
        settings=before["training"] | {"adaptation": settings},
        facts=before["facts"] | {"torch": torch.__version__.split("+")[0], "change": joined, "adaptation": facts},
    )  # fmt: skip
