"""The pictures of a report: confusion, risk–coverage, seconds heard, curve, mean mel. Drawn from report.json alone."""

from pathlib import Path

import numpy as np

from .mean_mel import picture as mean_picture
from .svg import Picture, plot

NAMES = {"fault_filtered": "fault-filtered", "random": "random 80/20 (leaks)"}
SHARES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


def draw(folder, report):
    """Write every picture that the report holds figures for into folder/pictures; returns their names."""
    out = Path(folder) / "pictures"
    out.mkdir(exist_ok=True)
    drawn = {"confusion": confusion(report["splits"]["fault_filtered"]["confusion"])}
    splits = {NAMES[name]: figures for name, figures in report["splits"].items()}
    drawn["risk_coverage"] = plot(
        "Accuracy of the clips the model is surest of", "share of the clips", "accuracy",
        {name: [(p["coverage"], p["accuracy"]) for p in s["risk_coverage"]] for name, s in splits.items()},
        (0.0, 1.0), (0.0, 1.0), SHARES,
    )  # fmt: skip
    heard = {n: [(p["seconds"], p["accuracy"]) for p in s["seconds_heard"]] for n, s in splits.items() if s["seconds_heard"]}
    if heard:
        drawn["seconds_heard"] = plot(
            "Accuracy against seconds heard", "seconds", "accuracy", heard, (0.0, 30.0), (0.0, 1.0), SHARES
        )
    if report.get("curve"):
        drawn["curve"] = curve(report["curve"])
    if report.get("mean_mel"):
        drawn["mean_mel"] = mean_mel(report["mean_mel"])
    for name, picture in drawn.items():
        picture.save(out / f"{name}.svg")
    return sorted(drawn)


def confusion(matrix):
    """Rows are the true genre, columns the named one; the darker, the larger the share of its row."""
    labels, rows = matrix["labels"], matrix["rows_true_columns_named"]
    cell, left, top = 36, 84, 96
    picture = Picture(left + cell * len(labels) + 16, top + cell * len(labels) + 16, "Confusion matrix")
    picture.text(left, 18, "true genre (rows), named genre (columns), clips", size=13)
    for i, (label, row) in enumerate(zip(labels, rows)):
        picture.text(left - 6, top + cell * (i + 0.6), label, "end")
        picture.text(left + cell * (i + 0.6), top - 6, label, turned=True)
        for j, count in enumerate(row):
            share = count / max(sum(row), 1)
            shade = [round(255 + share * (end - 255)) for end in (31, 78, 140)]
            picture.rectangle(left + cell * j, top + cell * i, cell - 1, cell - 1, "#{:02x}{:02x}{:02x}".format(*shade))
            if count:
                ink = "#ffffff" if share > 0.5 else "#333333"
                picture.text(left + cell * (j + 0.5), top + cell * (i + 0.6), count, "middle", fill=ink)
    return picture


def curve(rows):
    """Loss and accuracy per epoch."""
    names = {"train_loss": "training loss", "valid_nll": "valid NLL", "valid_accuracy": "valid accuracy"}
    lines = {name: [(r["epoch"], r[key]) for r in rows if key in r] for key, name in names.items()}
    lines = {name: points for name, points in lines.items() if points}
    highest = max(y for points in lines.values() for _, y in points)
    ticks = np.arange(0.0, highest + 0.5, 0.5)
    return plot("Training", "epoch", "loss, accuracy", lines, (0.0, rows[-1]["epoch"]), (0.0, ticks[-1]), ticks)


def mean_mel(content):
    """One small spectrogram a genre, low bands at the bottom."""
    width, height, gap = 120, 110, 14
    rows = -(-len(content["genres"]) // 5)
    picture = Picture(gap + 5 * (width + gap), 30 + rows * (height + 34), "Mean mel picture of each genre")
    picture.text(gap, 18, "mean mel picture of the training clips (30 s; low bands at the bottom)", size=13)
    for i, (label, bands) in enumerate(content["genres"].items()):
        x, y = gap + (i % 5) * (width + gap), 44 + (i // 5) * (height + 34)
        picture.text(x, y - 4, label)
        picture.pixels(x, y, width, height, mean_picture(bands)[::-1])
    return picture
