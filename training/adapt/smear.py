"""Rooms and noise drawn in the mel picture itself: thousands of times cheaper than convolving sound.

The tail of a room adds to each band's power what came before, fading (Polack's model in the mean); what a band's few bins make
of it by chance is drawn from a gamma distribution, and so is noise of a random smooth spectrum. Touch it to change that.
"""

import numpy as np

from .. import mel
from ..musicnn.encoder import FEATURES, MELS

SCALE = FEATURES["log"]["scale"]
COLUMN = FEATURES["hop"] / FEATURES["sample_rate"]
CENTRES = mel.mel_to_hz(np.linspace(*mel.hz_to_mel([FEATURES["fmin"], FEATURES["fmax"]], "slaney"), MELS + 2), "slaney")[1:-1]
# About how many independent bins each band sums up.
BINS = np.maximum((mel.filterbank(FEATURES) > 0).sum(axis=1) * 0.5, 1.0)
# Seconds of a tail that are reckoned with.
LONGEST = 0.9


def tail(power, seconds, rng):
    """What the tail of a room of the reverberation time `seconds` adds to mel power [columns, mels].

    Its energy is one; that of training/room.py has half of it below 2 kHz, which is 4.4 dB more there than if it were spread
    evenly, and 2.1 dB less above.
    """
    out, steps = np.zeros_like(power), int(min(seconds, LONGEST) / COLUMN)
    high = 1.0 / (1.0 + (2000.0 / CENTRES) ** 4)
    # The tail begins 5 to 35 ms after the direct sound.
    low, upper = (10.0 ** (-6.0 * COLUMN * np.arange(steps) / time) * np.r_[0.1, np.ones(steps - 1)] for time in (seconds, 0.6 * seconds))
    for n in range(steps):
        weight = (1.0 - high) * 2.75 * low[n] / low.sum() + high * 0.61 * upper[n] / upper.sum()
        out[n:] += weight.astype(np.float32) * power[: len(power) - n]
    return out * rng.gamma(BINS, 1.0 / BINS, power.shape).astype(np.float32)


def room(columns, rng):
    """Log-mel columns [columns, mels] as a microphone in a random room hears them, with noise, at the level they had."""
    power = (10.0 ** columns.astype(np.float32) - 1.0) / SCALE
    level, wet, early = power.mean(), 10.0 ** (-rng.uniform(-3.0, 6.0) / 10.0), rng.uniform(0.3, 0.6)
    # Early reflections colour what is heard, each band in its own way.
    colour = rng.gamma(BINS + 1.0, 1.0 / (BINS + 1.0))
    heard = power * (1.0 - early * wet / (1.0 + wet) + early * wet * colour).astype(np.float32)
    added = (1.0 - early) * wet * tail(power, rng.uniform(0.2, 0.9), rng)
    # Both meet at a phase that chance sets.
    phase = np.cos(2.0 * np.pi * rng.random(power.shape)) / np.sqrt(BINS)
    heard = heard + added + (2.0 * np.sqrt(np.maximum(heard * added, 0.0)) * phase).astype(np.float32)
    slope = rng.uniform(0.8, 2.5)
    spectrum = np.interp(np.log2(CENTRES), np.linspace(5, 13, 6), rng.normal(0.0, 3.0, 6)) / 10.0
    noise = 10.0**spectrum / np.maximum(CENTRES, 60.0) ** slope * rng.gamma(BINS, 1.0 / BINS, power.shape)
    heard = heard + (noise * heard.mean() / noise.mean() * 10.0 ** (-rng.uniform(10.0, 32.0) / 10.0)).astype(np.float32)
    return np.log10(1.0 + SCALE * heard * (level / max(heard.mean(), 1e-12))).astype(np.float32)
