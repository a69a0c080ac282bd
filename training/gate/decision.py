"""From logits of the newest patches to a state, the daemon's way a second time. Touch it only together with the daemon's `decide/gate.rs`."""

import numpy as np

from ..windows import softmax
from . import scenes

QUIET_DBFS = -60.0
SMOOTHING_SECONDS = 0.5


def smoothed(logits, patch_seconds, temperature):
    """Exponentially smoothed probabilities [patches, labels] of head logits, one every `patch_seconds`."""
    p, keep = softmax(logits, temperature), np.exp(-patch_seconds / SMOOTHING_SECONDS)
    for i in range(1, len(p)):
        p[i] = keep * p[i - 1] + (1.0 - keep) * p[i]
    return p


def states(p, ends, hop_ends, levels):
    """The state told at the end of each hop, from smoothed p [patches, labels] that are known from `ends` on."""
    at = np.searchsorted(ends, np.asarray(hop_ends) + 1e-6, side="right") - 1
    told = []
    for index, level in zip(at, levels):
        if level < QUIET_DBFS:
            told.append("silence")
        else:
            told.append("signal" if index < 0 else scenes.LABELS[int(np.argmax(p[index]))])
    return told


def shares(true, told):
    """{what plays: {what is told: share of its time}}."""
    true, told = np.array(true), np.array(told)
    return {
        str(label): {str(state): float((told[true == label] == state).mean()) for state in sorted(set(told[true == label]))}
        for label in sorted(set(true))
    }
