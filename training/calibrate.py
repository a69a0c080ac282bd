"""Temperature and abstention threshold, fitted on the validation clips."""

import numpy as np

from .windows import softmax


def nll(logits, target, temperature):
    """Mean negative log-likelihood of the true labels."""
    p = softmax(logits, temperature)
    return float(-np.log(np.maximum(p[np.arange(len(target)), target], 1e-12)).mean())


def temperature(logits, target):
    """The temperature of the lowest likelihood loss, by golden-section search of its logarithm."""
    low, high, ratio = np.log(0.25), np.log(4.0), (np.sqrt(5.0) - 1.0) / 2.0
    for _ in range(60):
        a, b = high - ratio * (high - low), low + ratio * (high - low)
        if nll(logits, target, np.exp(a)) < nll(logits, target, np.exp(b)):
            high = b
        else:
            low = a
    return round(float(np.exp((low + high) / 2.0)), 4)


def abstain_below(p, target, right_share=0.35, most=0.25):
    """The highest threshold below which the top label is mostly wrong, for at most a quarter of the clips.

    "Mostly wrong": right in at most `right_share` of the clips below it.
    """
    top, right, best = p.max(axis=1), p.argmax(axis=1) == target, 0.2
    for threshold in np.arange(0.2, 0.5001, 0.01):
        below = right[top < threshold]
        if 0 < len(below) <= most * len(top) and below.mean() <= right_share:
            best = threshold
    return round(float(best), 2)
