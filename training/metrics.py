"""Figures of a classifier from its probabilities [clips, labels] and the true label index [clips]: numpy only.

Wilson's interval: Wilson 1927. ECE: Naeini, Cooper and Hauskrecht 2015, equally wide bins of the top probability.
McNemar's exact test: two-sided binomial test of the clips that just one of two models names right.
"""

from math import comb

import numpy as np

BINS = 15


def wilson(right, n, z=1.959964):
    """95 % interval of a share."""
    share = right / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return [float(centre - half), float(centre + half)]


def confusion(p, target):
    """Counts [true, named]."""
    counts = np.zeros((p.shape[1],) * 2, dtype=int)
    np.add.at(counts, (target, p.argmax(axis=1)), 1)
    return counts


def per_label(counts):
    """(clips, precision, recall, F1) of each label; a share of nothing is 0."""
    hit, named, true = np.diag(counts), counts.sum(axis=0), counts.sum(axis=1)
    precision, recall = hit / np.maximum(named, 1), hit / np.maximum(true, 1)
    f1 = 2 * hit / np.maximum(named + true, 1)
    return list(zip(true.tolist(), precision.tolist(), recall.tolist(), f1.tolist()))


def macro_f1(counts):
    """Mean F1 of the labels; one with neither clips nor namings counts as 0."""
    return float(np.mean([f1 for *_, f1 in per_label(counts)]))


def top(p, target, k):
    """Share of clips whose true label is among the k likeliest."""
    return float((np.argsort(-p, axis=1, kind="stable")[:, :k] == target[:, None]).any(axis=1).mean())


def nll(p, target):
    """Mean negative log-likelihood."""
    return float(-np.log(np.maximum(p[np.arange(len(target)), target], 1e-12)).mean())


def _ece(confidence, right, bins):
    index = np.minimum((confidence * bins).astype(int), bins - 1)
    apart = np.zeros((len(right), bins))
    for b in range(bins):
        apart[:, b] = np.abs((right[:, index == b] - confidence[index == b]).sum(axis=1))
    return apart.sum(axis=1) / len(confidence)


def ece(p, target, bins=BINS):
    """Expected calibration error of the top probability."""
    return float(_ece(p.max(axis=1), (p.argmax(axis=1) == target)[None].astype(float), bins)[0])


def ece_if_calibrated(p, quantile=0.95, draws=4000, bins=BINS, seed=0):
    """The quantile of the ECE that a perfectly calibrated model with the same confidences would show.

    In each draw every clip is right with its own top probability. An ECE below says that nothing speaks against
    the calibration at this number of clips.
    """
    confidence = p.max(axis=1)
    rng = np.random.Generator(np.random.PCG64(seed))
    right = (rng.random((draws, len(confidence))) < confidence).astype(float)
    return float(np.quantile(_ece(confidence, right, bins), quantile))


def risk_coverage(p, target, steps=10):
    """[(coverage, accuracy)]: accuracy of the clips that the model is surest of; part of a clip counts as a whole one."""
    right = (p.argmax(axis=1) == target)[np.argsort(-p.max(axis=1), kind="stable")]
    points = []
    for step in range(1, steps + 1):
        kept = -(-len(right) * step // steps)
        points.append((step / steps, float(right[:kept].mean())))
    return points


def mcnemar(right_a, right_b):
    """(clips that only a names right, only b, two-sided p) of two models on the same clips."""
    right_a, right_b = np.asarray(right_a, dtype=bool), np.asarray(right_b, dtype=bool)
    only_a, only_b = int((right_a & ~right_b).sum()), int((~right_a & right_b).sum())
    n = only_a + only_b
    tail = sum(comb(n, k) for k in range(min(only_a, only_b) + 1)) / 2**n
    return only_a, only_b, min(1.0, 2 * tail)
