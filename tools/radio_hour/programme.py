"""Joins clips to a programme and writes down what plays when. Touch it when the radio should sound otherwise."""

import numpy as np

from training import inputs

RATE = 22050
BLOCK_SECONDS = (120.0, 240.0)
CROSSFADE_SECONDS = 3.0
SPEECH_SECONDS = (8.0, 25.0)
SILENCE_SECONDS = 10.0
SPEECH_DBFS = -20.0
# How often two blocks are joined so; a crossfade has no pause.
JOINS = (("crossfade", 0.4), ("speech", 0.4), ("silence", 0.2))


class Deck:
    """Draws items in random order, all once before any comes again."""

    def __init__(self, items, random):
        self._items, self._random, self._left = list(items), random, []

    def draw(self):
        if not self._left:
            self._left = list(self._random.permutation(len(self._items)))
        return self._items[self._left.pop()]


class Tape:
    """What has been joined so far."""

    def __init__(self):
        self.samples = np.zeros(0, np.float32)

    def seconds(self):
        return len(self.samples) / RATE

    def append(self, samples, overlap_s=0.0):
        """Joins by an equal-power cross-fade of `overlap_s`; gives the time of its middle, where `samples` take over."""
        overlap = min(int(overlap_s * RATE), len(self.samples), len(samples))
        angle = np.linspace(0.0, np.pi / 2, overlap, dtype=np.float32)
        joined = self.samples[len(self.samples) - overlap :] * np.cos(angle) + samples[:overlap] * np.sin(angle)
        middle = (len(self.samples) - overlap / 2) / RATE
        self.samples = np.concatenate([self.samples[: len(self.samples) - overlap], joined, samples[overlap:]])
        return middle


def talk(deck, random):
    """Speech of several recordings, with the level of music."""
    wanted, parts = random.uniform(*SPEECH_SECONDS), []
    while sum(map(len, parts)) < wanted * RATE:
        samples = inputs.decode(deck.draw(), RATE)
        level = np.sqrt(np.mean(samples**2)) or 1.0
        parts.append(samples * np.float32(10 ** (SPEECH_DBFS / 20) / level))
    return np.clip(np.concatenate(parts)[: int(wanted * RATE)], -1.0, 1.0)


def build(music, speech, seconds, seed):
    """(mono samples at RATE, truth): blocks with start, end, genre and clips, and the pauses of speech or silence."""
    random = np.random.default_rng(seed)
    decks = {genre: Deck(paths, random) for genre, paths in music.items()}
    genres, voices = Deck(music, random), Deck(speech, random)
    kinds, weights = zip(*JOINS)
    tape, blocks, pauses, last = Tape(), [], [], None
    while tape.seconds() < seconds:
        genre = genres.draw()
        if genre == last:
            continue
        fade = 0.0
        if blocks:
            kind = str(random.choice(kinds, p=weights))
            fade = CROSSFADE_SECONDS if kind == "crossfade" else 0.0
            if kind != "crossfade":
                pause = talk(voices, random) if kind == "speech" else np.zeros(int(SILENCE_SECONDS * RATE), np.float32)
                pauses.append({"kind": kind, "start": tape.seconds(), "end": tape.seconds() + len(pause) / RATE})
                tape.append(pause)
        clips, until = [], tape.seconds() + random.uniform(*BLOCK_SECONDS)
        while tape.seconds() < until:
            path = decks[genre].draw()
            start = tape.append(inputs.decode(path, RATE), CROSSFADE_SECONDS if clips else fade)
            clips.append({"clip": path.stem, "start": start})
        if blocks and fade:
            blocks[-1]["end"] = clips[0]["start"]
        blocks.append({"genre": genre, "start": clips[0]["start"], "end": tape.seconds(), "clips": clips})
        last = genre
    return tape.samples, {"seconds": tape.seconds(), "seed": seed, "blocks": blocks, "pauses": pauses}
