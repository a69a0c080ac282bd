"""Settings that are tried on constructed hours: of the daemon's decision, which the example `stable_genre` computes, and of a sticky hidden
Markov model over the same windows, which it is compared with. Touch it when other settings are to be tried.
"""

import itertools
import json
import subprocess

import numpy as np

from training.manifest import Refused

# Probabilities below it say no more than it does, and these states tell of the genre: as in src/decide.
FLOOR = 0.001
MUSIC = ("music", "signal")

GRID = {
    "fast_seconds": (1.0, 2.0), "fast_evidence": (3.5, 4.0, 4.5, 5.0, 5.5), "slow_seconds": (20.0, 30.0, 45.0),
    "slow_evidence": (1.0, 1.5, 2.0, 2.5, 3.0),
}  # fmt: skip
MARKOV_GRID = {"weight": (0.05, 0.1, 0.2, 0.4, 0.8), "stay_seconds": (180.0, 1000.0, 10000.0), "sure": (0.9, 0.99)}


def windows(report):
    """(labels, log p [windows, labels], ends, music): what the decisions are made of."""
    rows = report["windows"]
    labels = sorted(score["label"] for score in rows[0]["top"])
    p = np.array([[next(s["p"] for s in row["top"] if s["label"] == label) for label in labels] for row in rows])
    music = [row["state"] in MUSIC for row in rows]
    return labels, np.log(np.maximum(p, FLOOR)), np.array([row["end_s"] for row in rows]), music


def markov(report, weight, stay_seconds, sure):
    """Decisions by a hidden Markov model whose evidence counts `weight` a second; told where the posterior reaches `sure`."""
    labels, logs, ends, music = windows(report)
    posterior, current, decisions = np.full(len(labels), 1.0 / len(labels)), None, []
    time = 0.0
    for at, end in enumerate(ends):
        elapsed, time = end - time, end
        if not music[at]:
            continue
        leave = 1.0 - np.exp(-elapsed / stay_seconds)
        posterior = (1.0 - leave) * posterior + leave * (1.0 - posterior) / (len(labels) - 1)
        posterior = posterior * np.exp(weight * elapsed * (logs[at] - logs[at].max()))
        posterior /= posterior.sum()
        best = int(posterior.argmax())
        if best != current and posterior[best] >= sure:
            current = best
            decisions.append((ends[at], ends[at], labels[best]))
    return decisions


def stable(program, manifest, heard, settings):
    """For each of `settings`, what the daemon's own code decides over each file of `heard`."""
    command = [program, manifest, *heard]
    lines = "".join(json.dumps(setting) + "\n" for setting in settings)
    run = subprocess.run([str(word) for word in command], input=lines, capture_output=True, text=True)
    if run.returncode != 0:
        raise Refused(f"{' '.join(map(str, command))}: {run.stderr.strip()}")
    return [json.loads(line) for line in run.stdout.splitlines()]


def settings(grid):
    """Every combination of a grid's values."""
    return [dict(zip(grid, values)) for values in itertools.product(*grid.values())]
