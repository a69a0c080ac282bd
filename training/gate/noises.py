"""Synthetic noise: coloured, hum, rain, applause, wind, and babble of many voices. Touch it to add a kind."""

import numpy as np

from .decode import RATE


def coloured(rng, n, slope):
    """Noise whose power falls by `slope` powers of the frequency: 0 white, 1 pink, 2 brown."""
    spectrum = rng.standard_normal(n // 2 + 1) + 1j * rng.standard_normal(n // 2 + 1)
    spectrum *= np.maximum(np.arange(n // 2 + 1) * RATE / n, 20.0) ** (-slope / 2)
    return np.fft.irfft(spectrum, n)


def hum(rng, n):
    """Mains hum with its harmonics, and some hiss."""
    base, t = rng.choice([50.0, 60.0, 100.0, 120.0]), np.arange(n) / RATE
    tones = sum(rng.uniform(0.05, 1.0) / k * np.sin(2 * np.pi * base * k * t + rng.uniform(0, 6.28)) for k in range(1, 12))
    return tones + rng.uniform(0.02, 0.5) * rng.standard_normal(n)


def drops(rng, n, a_second, milliseconds):
    """Short bursts of noise at random moments: rain, applause, crackle."""
    out = np.zeros(n)
    size = int(RATE * milliseconds / 1000)
    decay = np.exp(-np.arange(size) / (size / 5))
    for start in rng.integers(0, n - size, int(a_second * n / RATE)):
        out[start : start + size] += rng.exponential() * decay * rng.standard_normal(size)
    return out + 0.05 * out.std() * rng.standard_normal(n)


def swelling(rng, n, sound):
    """`sound` that grows and fades slowly: wind, traffic, waves."""
    steps = rng.uniform(0.15, 1.0, n // (RATE // 2) + 2)
    return sound * np.interp(np.arange(n) / (RATE / 2), np.arange(len(steps)), steps)


def babble(rng, n, voices):
    """Many voices at once, from a list of spoken clips."""
    out = np.zeros(n)
    for _ in range(rng.integers(12, 30)):
        voice = np.concatenate([voices[i] for i in rng.integers(0, len(voices), 40)])
        voice = np.resize(voice, n) if len(voice) < n else voice[:n]
        out += np.roll(voice, rng.integers(0, n)) * rng.uniform(0.3, 1.0)
    return out


def clips(rng, voices, seconds=10, each=6):
    """`each` clips of each kind."""
    n = seconds * RATE
    kinds = (
        lambda: coloured(rng, n, rng.uniform(-0.3, 0.4)),
        lambda: coloured(rng, n, rng.uniform(0.7, 1.4)),
        lambda: coloured(rng, n, rng.uniform(1.5, 2.2)),
        lambda: hum(rng, n),
        lambda: drops(rng, n, rng.uniform(60, 800), rng.uniform(3, 15)),
        lambda: drops(rng, n, rng.uniform(8, 60), rng.uniform(10, 60)),
        lambda: swelling(rng, n, coloured(rng, n, rng.uniform(0.3, 1.6))),
        lambda: babble(rng, n, voices),
    )
    for kind in kinds:
        for _ in range(each):
            sound = kind()
            yield (0.1 * sound / max(sound.std(), 1e-9)).astype(np.float32)
