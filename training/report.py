"""Measures a model on the validation clips and writes its report.json and CARD.md."""

import json
from pathlib import Path

import numpy as np

from .calibrate import nll
from .windows import softmax


def wilson(right, n, z=1.959964):
    """95 % interval of a share (Wilson's score interval)."""
    share = right / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return [round(float(centre - half), 4), round(float(centre + half), 4)]


def measure(logits, target, temperature, labels):
    """Accuracy, likelihood, calibration, per-genre figures and the confusion matrix."""
    p, guess = softmax(logits, temperature), logits.argmax(axis=1)
    confusion = np.zeros((len(labels), len(labels)), dtype=int)
    np.add.at(confusion, (target, guess), 1)
    genres = {}
    for i, label in enumerate(labels):
        hit, named, true = int(confusion[i, i]), int(confusion[:, i].sum()), int(confusion[i].sum())
        precision, recall = hit / max(named, 1), hit / max(true, 1)
        f1 = 2 * precision * recall / max(precision + recall, 1e-12)
        genres[label] = {"clips": true, "precision": round(precision, 4), "recall": round(recall, 4), "f1": round(f1, 4)}
    top, right = p.max(axis=1), guess == target
    bins = np.minimum((top * 15).astype(int), 14)
    ece = sum(abs(right[bins == b].mean() - top[bins == b].mean()) * (bins == b).mean() for b in set(bins))
    return {
        "clips": len(target),
        "accuracy": round(float(right.mean()), 4),
        "accuracy_interval_95": wilson(int(right.sum()), len(target)),
        "nll": round(nll(logits, target, temperature), 4),
        "nll_uncalibrated": round(nll(logits, target, 1.0), 4),
        "ece_15": round(float(ece), 4),
        "macro_f1": round(float(np.mean([g["f1"] for g in genres.values()])), 4),
        "genres": genres,
        "confusion": {"labels": labels, "rows_true_columns_named": confusion.tolist()},
    }


def write(out, manifest, measured, settings, curve, seeds, facts):
    """Write both files into the model folder."""
    content = {
        "model": manifest["id"], "facts": facts, "settings": settings, "calibration": manifest["calibration"],
        "valid": measured, "best_valid_nll_per_seed": seeds, "curve": curve,
    }  # fmt: skip
    text = json.dumps(content, indent=1)
    Path(out, "report.json").write_text(text + "\n", encoding="utf-8")
    Path(out, "CARD.md").write_text(card(manifest, measured, settings, facts), encoding="utf-8")


def card(manifest, measured, settings, facts):
    """The model card as Markdown."""
    low, high = measured["accuracy_interval_95"]
    calibration = manifest["calibration"]
    lines = [
        f"# {manifest['id']}", "", f"{manifest['title']}.", "",
        f"- Labels: {', '.join(manifest['labels'])}.",
        f"- Trained on: {manifest['training_data']}.",
        f"- {facts['parameters']} weights; trained with PyTorch {facts['torch']}, {sum(settings['epochs'])} epochs, "
        f"seeds {', '.join(map(str, settings['seeds']))}; seed {settings['chosen_seed']} was chosen.",
        "- Weights hold no recordings: the clips themselves are not part of this project.", "",
        "## Measured on the valid clips", "",
        "The same clips chose the epoch and the seed and fitted the calibration, so these figures are somewhat kind.", "",
        f"- Accuracy {measured['accuracy']:.1%} of {measured['clips']} clips (95 % interval {low:.1%} to {high:.1%}), "
        f"macro F1 {measured['macro_f1']:.3f}.",
        f"- Mean negative log-likelihood {measured['nll']:.3f} (before calibration {measured['nll_uncalibrated']:.3f}); "
        f"expected calibration error over 15 bins {measured['ece_15']:.3f}.",
        f"- Temperature {calibration['temperature']}; a top probability under {calibration['abstain_below']} is told as unknown.",
        "", "| genre | clips | precision | recall | F1 |", "|---|---|---|---|---|",
    ]  # fmt: skip
    for label, g in measured["genres"].items():
        lines.append(f"| {label} | {g['clips']} | {g['precision']:.2f} | {g['recall']:.2f} | {g['f1']:.2f} |")
    lines += ["", "Rows are the true genre, columns the named one:", ""]
    labels = measured["confusion"]["labels"]
    lines += ["| | " + " | ".join(labels) + " |", "|---" * (len(labels) + 1) + "|"]
    for label, row in zip(labels, measured["confusion"]["rows_true_columns_named"]):
        lines.append(f"| {label} | " + " | ".join(map(str, row)) + " |")
    lines += [
        "", "## Limits", "",
        "GTZAN is small, old, Western and partly mislabelled; its ten genres are not a taxonomy of music. "
        "The model always names one of them, for speech and noise too: the daemon's gate and its threshold "
        "for unknown are there for that. Curve, settings and all figures: report.json.", "",
        "This file and report.json are written by training/report.py.",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"
