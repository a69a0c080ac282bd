"""Deterministic synthetic sound for golden values: no recording is involved."""

import numpy as np


def sound(rate, seconds, seed):
    """Mono float32 samples with chords, a sweep, beats, noise and a moment of digital silence."""
    rng = np.random.Generator(np.random.PCG64(seed))
    n = int(round(rate * seconds))
    t = np.arange(n) / rate
    out = 0.01 * rng.standard_normal(n)
    for start in np.arange(0.0, seconds, 2.0):
        root = 110.0 * 2.0 ** (rng.integers(0, 24) / 12.0)
        on = (t >= start) & (t < start + 1.8)
        for ratio in (1.0, 1.25, 1.5, 2.0):
            out += on * 0.06 * np.sin(2.0 * np.pi * root * ratio * t)
    low, high = 60.0, 0.45 * rate
    phase = 2.0 * np.pi * low * seconds / np.log(high / low) * ((high / low) ** (t / seconds) - 1.0)
    out += 0.15 * np.sin(phase)
    beat = (t % 0.5) * np.exp(-(t % 0.5) * 40.0)
    out += 8.0 * beat * rng.standard_normal(n)
    out[int(0.40 * n) : int(0.45 * n)] = 0.0
    return np.clip(out, -1.0, 1.0).astype(np.float32)
