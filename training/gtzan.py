"""GTZAN as stored mel rows: labels, the lists of the fault-filtered split, reading `DIR/gtzan_mel/SPLIT.npz`.

A row is uint8 [mels, frames]: dB = -80 + 80 v / 255. Needs numpy only. The lists beside this file are those of the
fault-filtered, artist-disjoint split (Kereliuk, Sturm and Larsen 2015, after Sturm's catalogue of GTZAN's faults)
without its 290 test clips, which nothing here reads; `excluded` are the clips that stand on none of the three.
"""

from pathlib import Path

import numpy as np

from .manifest import Refused

LABELS = ["blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock"]
SPLITS = ("train", "valid", "excluded")
FRAMES, MELS, FLOOR_DB = 387, 128, 80.0
# Columns of the shortest window: 2.8 s.
SHORTEST = 36
FEATURES = {
    "sample_rate": 22050, "n_fft": 2048, "hop": 1708, "window": "hann", "pad": "reflect",
    "n_mels": MELS, "mel_scale": "slaney", "mel_norm": "slaney", "fmin": 0.0, "fmax": 11025.0,
    "rounding": "none", "log": {"kind": "db", "amin": 1e-10},
}  # fmt: skip
WINDOW = {
    "frames": FRAMES, "first": SHORTEST, "stride": 13,
    "normalise": {"kind": "standardise", "floor_db": FLOOR_DB},
}  # fmt: skip


def names(split):
    """The clips of a list ("blues.00000"), sorted."""
    return (Path(__file__).parent / "lists" / f"{split}.txt").read_text(encoding="utf-8").split()


def genre(name):
    """Label index of a clip by its name."""
    return LABELS.index(name.split(".")[0])


def decibels(rows):
    """uint8 [.., mels, frames] as stored, to float32 dB [.., frames, mels]."""
    return np.swapaxes(rows, -1, -2).astype(np.float32) * np.float32(80.0 / 255.0) - np.float32(80.0)


def eight_bit(columns):
    """The inverse: dB [frames, mels] of a clip, relative to its peak, to uint8 [mels, frames]."""
    level = np.clip(columns.T - columns.max() + FLOOR_DB, 0.0, FLOOR_DB)
    return np.round(level * (255.0 / FLOOR_DB)).astype(np.uint8)


def load(folder, split):
    """(dB [clips, frames, mels], label index [clips], names) of a split under `folder`/gtzan_mel."""
    path = Path(folder) / "gtzan_mel" / f"{split}.npz"
    try:
        with np.load(path) as file:
            found, mel = [str(n) for n in file["name"]], file["mel"]
    except FileNotFoundError:
        raise Refused(f"{path} is missing: `python -m training.prepare` makes it from a folder of audio") from None
    if mel.dtype != np.uint8 or mel.shape[1:] != (MELS, FRAMES):
        raise Refused(f"{path}: expected uint8 mel [clips, {MELS}, {FRAMES}], found {mel.dtype} {mel.shape}")
    return decibels(mel), np.array([genre(n) for n in found]), found
