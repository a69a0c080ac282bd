"""Short scenes of each label, drawn from the bank: what the head learns from and is measured on. Touch it to add a circumstance.

Every scene is of one kind throughout; what happens at the boundaries of a programme is measured on whole streams (`stream.py`).
"""

import numpy as np

from .bank import RATE

LABELS = ("music", "speech", "mixed", "noise")
# Speech over music, in dB: softer than that it is music with somebody in it, louder it is speech.
BED = (-5.0, 15.0)


def spoken(clips, rng, n):
    """n samples of one source's speech, clip after clip with short pauses."""
    parts, left = [], n + rng.integers(1, RATE)
    while left > 0:
        clip = clips[rng.integers(len(clips))]
        parts += [clip, np.zeros(int(RATE * rng.uniform(0.05, 0.45)), dtype=np.float32)]
        left -= len(parts[-2]) + len(parts[-1])
    joined = np.concatenate(parts)
    start = rng.integers(0, len(joined) - n + 1)
    return joined[start : start + n]


def piece(clips, rng, n):
    """n samples from anywhere in one of the clips; a short one is repeated."""
    clip = clips[rng.integers(len(clips))]
    if len(clip) < n:
        clip = np.tile(clip, -(-n // len(clip)))
    start = rng.integers(0, len(clip) - n + 1)
    return clip[start : start + n]


def power(samples):
    return float((samples.astype(np.float64) ** 2).mean()) + 1e-12


def over(front, back, decibels):
    """`front` and a `back` that is so much softer."""
    return front + back * np.sqrt(power(front) / power(back) / 10 ** (decibels / 10))


def dulled(samples, rng):
    """Through a random low-pass: telephone lines, AM and old recordings must not tell speech from music."""
    cutoff = rng.uniform(3000.0, 7500.0)
    frequency = np.fft.rfftfreq(len(samples), 1.0 / RATE)
    return np.fft.irfft(np.fft.rfft(samples) / np.sqrt(1.0 + (frequency / cutoff) ** 24), len(samples)).astype(np.float32)


def draw(bank, label, rng, n):
    """(source, n samples) of a label. `bank` is {"music": {source: clips}, "speech": …, "noise": …}."""

    def one(kind):
        source = sorted(bank[kind])[rng.integers(len(bank[kind]))]
        return source, (spoken if kind == "speech" else piece)(bank[kind][source], rng, n)

    if label == "mixed":
        name, voice = one("speech")
        sound = over(voice, one("music")[1], rng.uniform(*BED))
    else:
        name, sound = one(label)
    if label != "noise" and rng.random() < 0.4:
        hiss = np.cumsum(rng.standard_normal(n)) if rng.random() < 0.2 else rng.standard_normal(n)
        sound = over(sound, hiss - hiss.mean(), rng.uniform(15.0, 45.0))
    if rng.random() < 0.35:
        sound = dulled(sound, rng)
    return name, (sound * 10 ** (rng.uniform(-22.0, 6.0) / 20)).clip(-1.0, 1.0).astype(np.float32)


def many(bank, rng, count, n):
    """[(label index, source, samples)] of `count` scenes a label."""
    return [(i, *draw(bank, label, rng, n)) for i, label in enumerate(LABELS) for _ in range(count)]
