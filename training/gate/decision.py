"""From logits of the newest patches to a state, the daemon's way a second time. Touch it only together with the daemon's `decide/gate.rs`."""

import numpy as np

from ..windows import softmax
from . import scenes

QUIET_DBFS = -60.0
SMOOTHING_SECONDS = 0.8


def smoothed(logits, seconds, temperature):
    """Exponentially smoothed probabilities [answers, labels] of head logits, one every so many seconds."""
    p, keep = softmax(logits, temperature), np.exp(-seconds / SMOOTHING_SECONDS)
    for i in range(1, len(p)):
        p[i] = keep * p[i - 1] + (1.0 - keep) * p[i]
    return p


def states(p, levels):
    """The state told at the end of each hop, from its smoothed p [hops, labels] and level."""
    likeliest = np.argmax(p, axis=1)
    return ["silence" if level < QUIET_DBFS else scenes.LABELS[index] for index, level in zip(likeliest, levels)]


def shares(true, told):
    """{what plays: {what is told: share of its time}}."""
    true, told = np.array(true), np.array(told)
    return {
        str(label): {str(state): float((told[true == label] == state).mean()) for state in sorted(set(told[true == label]))}
        for label in sorted(set(true))
    }
