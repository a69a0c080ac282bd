"""The daemon's decision of the stable genre, and a sticky hidden Markov model, over the windows of `classify --json`.

Both are given here once more, in numpy, so that many settings can be tried on windows that were computed once; with the settings of the
report itself `evidence` makes the same changes as the daemon (src/decide/stable). Touch it together with that.
"""

import itertools

import numpy as np

FLOOR, FIRST_LEAD, FIRST_SECONDS, LONG_SECONDS = 0.001, 1.0, 2.0, 60.0
SHORTEST_PAUSE, BOUNDARY_SECONDS = 3.0, 20.0
MUSIC = ("music", "signal", "mixed")

GRID = {
    "fast_seconds": (1.0, 2.0), "fast_evidence": (3.0, 3.5, 4.0, 4.5), "slow_seconds": (20.0, 30.0), "slow_evidence": (2.0, 2.5, 3.0),
    "doubt": (0.0, 0.5), "boundary_evidence": (0.0, 1.0, 2.0),
}  # fmt: skip
MARKOV_GRID = {"weight": (0.05, 0.1, 0.2, 0.4, 0.8), "stay_seconds": (180.0, 1000.0, 10000.0), "sure": (0.9, 0.99)}


def windows(report):
    """(labels, log p [windows, labels], ends, music): what the decisions are made of."""
    rows = report["windows"]
    labels = sorted(score["label"] for score in rows[0]["top"])
    p = np.array([[next(s["p"] for s in row["top"] if s["label"] == label) for label in labels] for row in rows])
    music = [row["state"] in MUSIC for row in rows]
    return labels, np.log(np.maximum(p, FLOOR)), np.array([row["end_s"] for row in rows]), music


def steps(ends, music):
    """(index, seconds since the last window, whether a pause ended) of each window of music."""
    time = last_music = 0.0
    for at, end in enumerate(ends):
        elapsed, time = end - time, end
        if not music[at]:
            continue
        yield at, elapsed, (end - elapsed) - last_music >= SHORTEST_PAUSE
        last_music = end


def evidence(report, fast_seconds, fast_evidence, slow_seconds, slow_evidence, doubt, boundary_evidence, minimum_seconds=8.0, abstain_below=0.0):
    """Decisions as `score` takes them; starts are when they were told."""
    labels, logs, ends, music = windows(report)
    fast = slow = current = clarity = None
    heard, doubted, told_last, boundary_until, decisions = 0.0, 0.0, -np.inf, -np.inf, []
    part = lambda seconds, constant: 1.0 - np.exp(-seconds / constant)  # noqa: E731
    for at, elapsed, paused in steps(ends, music):
        if paused:
            fast, heard, boundary_until = None, 0.0, ends[at] - elapsed + BOUNDARY_SECONDS
        fast = logs[at].copy() if fast is None else fast + part(elapsed, fast_seconds) * (logs[at] - fast)
        slow = logs[at].copy() if slow is None else slow + part(elapsed, slow_seconds) * (logs[at] - slow)
        heard += elapsed
        top = np.exp(logs[at].max())
        clarity = top if clarity is None else clarity + part(elapsed, LONG_SECONDS) * (top - clarity)
        chosen = None
        if current is None:
            order = np.argsort(fast)
            if heard >= FIRST_SECONDS and fast[order[-1]] - fast[order[-2]] >= FIRST_LEAD and np.exp(fast[order[-1]]) >= abstain_below:
                chosen = int(order[-1])
        else:
            doubted += part(elapsed, LONG_SECONDS) * (logs[at][current] - doubted)
            if ends[at] - told_last >= minimum_seconds:
                needed = fast_evidence - doubt * doubted - (boundary_evidence if ends[at] < boundary_until else 0.0)
                if heard >= fast_seconds and fast.max() - fast[current] >= needed:
                    chosen = int(fast.argmax())
                elif slow.max() - slow[current] >= slow_evidence:
                    chosen = int(slow.argmax())
                elif clarity < abstain_below:
                    current, told_last = None, ends[at]
                    decisions.append((ends[at], ends[at], "unknown"))
        if chosen is not None and chosen != current:
            current, doubted, told_last = chosen, fast[chosen], ends[at]
            slow = np.minimum(slow, slow[chosen])
            clarity = max(clarity, np.exp(fast[chosen]))
            decisions.append((ends[at], ends[at], labels[chosen]))
    return decisions


def markov(report, weight, stay_seconds, sure):
    """The same by a hidden Markov model whose evidence counts `weight` a second; told where the posterior reaches `sure`."""
    labels, logs, ends, music = windows(report)
    posterior, current, decisions = np.full(len(labels), 1.0 / len(labels)), None, []
    for at, elapsed, _ in steps(ends, music):
        leave = 1.0 - np.exp(-elapsed / stay_seconds)
        posterior = (1.0 - leave) * posterior + leave * (1.0 - posterior) / (len(labels) - 1)
        posterior = posterior * np.exp(weight * elapsed * (logs[at] - logs[at].max()))
        posterior /= posterior.sum()
        best = int(posterior.argmax())
        if best != current and posterior[best] >= sure:
            current = best
            decisions.append((ends[at], ends[at], labels[best]))
    return decisions


def settings(grid):
    """Every combination of a grid's values."""
    return [dict(zip(grid, values)) for values in itertools.product(*grid.values())]
