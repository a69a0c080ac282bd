"""A constructed programme of the valid clips, and how much of its time the gate calls by its name.

Blocks of music with cross-fades, announcements, talk over music, pauses: what a station sends. Touch it to judge the gate by another one.
"""

from dataclasses import dataclass, field

import numpy as np

from .. import mel
from . import inaspeech, scenes
from .bank import RATE


@dataclass
class Programme:
    """Samples, and which label begins at which second."""

    parts: list = field(default_factory=list)
    labels: list = field(default_factory=list)
    begins: list = field(default_factory=list)
    seconds: float = 0.0

    def add(self, label, samples, fade=0.0):
        """Append a part, cross-faded with the one before over `fade` seconds."""
        n = int(fade * RATE)
        if n and self.parts and len(self.parts[-1]) > n < len(samples):
            ramp = np.linspace(0.0, 1.0, n, dtype=np.float32)
            before = self.parts[-1].copy()
            samples = samples.copy()
            samples[:n] = before[-n:] * (1.0 - ramp) + samples[:n] * ramp
            self.parts[-1] = before[:-n]
            self.seconds -= fade
        else:
            fade = 0.0
        self.begins.append(self.seconds + fade / 2)
        self.labels.append(label)
        self.parts.append(samples.astype(np.float32))
        self.seconds += len(samples) / RATE

    def at(self, second):
        return self.labels[max(0, np.searchsorted(self.begins, second, side="right") - 1)]


def programme(bank, seed, minutes):
    """A programme of about so many minutes from {"music": {source: clips}, "speech": …}."""
    rng, out = np.random.default_rng(seed), Programme()
    music, speech = sorted(bank["music"]), sorted(bank["speech"])
    while out.seconds < minutes * 60:
        source = bank["music"][music[rng.integers(len(music))]]
        for i in rng.permutation(len(source))[: rng.integers(2, 5)]:
            out.add("music", source[i] * 10 ** (rng.uniform(-4, 2) / 20), rng.uniform(0.0, 2.0))
        for _ in range(rng.integers(1, 3)):
            voice = speech[rng.integers(len(speech))]
            out.add("speech", scenes.spoken(bank["speech"][voice], rng, int(RATE * rng.uniform(12, 40))), rng.choice([0.0, 0.5]))
        if rng.random() < 0.4:
            out.add("silence", np.zeros(10 * RATE, dtype=np.float32))
        if rng.random() < 0.5:
            n = int(RATE * rng.uniform(12, 30))
            talk = scenes.spoken(bank["speech"][speech[rng.integers(len(speech))]], rng, n)
            bed = scenes.piece(bank["music"][music[rng.integers(len(music))]], rng, n)
            out.add("mixed", scenes.over(talk, bed, rng.uniform(3.0, 15.0)))
    return out


def embeddings(encoder, samples, ends):
    """The embedding of the newest patch at each of these moments (in seconds, none before a patch's length has been heard)."""
    columns = mel.columns(samples, inaspeech.FEATURES)
    newest = (np.asarray(ends) * inaspeech.RATE - inaspeech.WINDOW / 2) // inaspeech.HOP
    starts = np.maximum(newest.astype(int) + 1 - inaspeech.FRAMES, 0)
    return encoder(np.stack([columns[start : start + inaspeech.FRAMES] for start in starts]))


def hops(samples, seconds):
    """(end of each hop in seconds, its level in dBFS) for hops of so many seconds."""
    n = int(seconds * RATE)
    rows = samples[: len(samples) // n * n].reshape(-1, n).astype(np.float64)
    return (np.arange(len(rows)) + 1) * n / RATE, 10 * np.log10((rows**2).mean(axis=1) + 1e-20)
