"""Clips in the three forms that `training.evaluate` takes: mel rows, tag rows, audio. Each is checked before it is used.

Every function yields (name, genre, data) of a clip. Needs numpy and, for audio, soundfile.
"""

import csv

import numpy as np

from . import gtzan, mel
from .manifest import Refused
from .resample import resample

SUFFIXES = (".ogg", ".flac", ".wav", ".au")


def arrays(path, wanted):
    """The arrays of an .npz file."""
    try:
        with np.load(path) as file:
            return [file[name] for name in wanted]
    except (OSError, KeyError, ValueError) as error:
        raise Refused(f"{path}: expected an .npz file with the arrays {', '.join(wanted)}: {error}") from None


def mel_rows(path, manifest):
    """Columns in dB of each row of an .npz file: uint8 `mel` [clips, 128, frames] and `name`.

    The rows bear the level that they were stored with: a model that controls it hears them as a stream that begins with each.
    """
    features, expected = manifest["features"], gtzan.FEATURES
    other = [k for k in {**expected, **features} if k not in ("log", "level") and features.get(k) != expected.get(k)]
    if features["log"]["kind"] != "db":
        other.append("log")
    if other:
        raise Refused(f"{path}: mel rows do not fit {manifest['id']}, whose {', '.join(other)} is another: give --audio")
    rows, names = arrays(path, ["mel", "name"])
    if rows.dtype != np.uint8 or rows.ndim != 3 or rows.shape[1] != gtzan.MELS or len(rows) != len(names):
        raise Refused(f"{path}: expected uint8 mel [clips, {gtzan.MELS}, frames], found {rows.dtype} {rows.shape}")
    for row, name in zip(rows, names):
        yield str(name), str(name).split(".")[0], mel.levelled(gtzan.decibels(row), features)


def tag_rows(path):
    """Tags [patches, tags] of each clip of an .npz file: float32 `tags` [rows, tags] and `name` per row.

    The rows of a clip stand together, in the order of time.
    """
    rows, names = arrays(path, ["tags", "name"])
    if rows.ndim != 2 or rows.dtype.kind != "f" or len(rows) != len(names):
        raise Refused(f"{path}: expected float tags [rows, tags] and a name per row, found {rows.dtype} {rows.shape}")
    changes = np.flatnonzero(np.r_[True, names[1:] != names[:-1]]) if len(names) else []
    first = [str(names[i]) for i in changes]
    if len(set(first)) != len(first):
        raise Refused(f"{path}: the rows of a clip do not stand together")
    for name, part in zip(first, np.split(rows, changes[1:])):
        yield name, name.split(".")[0], part.astype(np.float32)


def read(path):
    """(mono float32 samples, sample rate in Hz) of an audio file."""
    import soundfile

    try:
        samples, found = soundfile.read(path, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise Refused(f"{path}: cannot be decoded: {error}") from None
    if len(samples) == 0:
        raise Refused(f"{path}: holds no samples")
    return samples.mean(axis=1), found


def decode(path, rate):
    """Mono float32 samples of an audio file at `rate` Hz."""
    samples, found = read(path)
    return resample(samples, found, rate)


def columns(samples, rate, manifest):
    """A model's columns of mono samples of `rate` Hz."""
    return mel.columns(resample(samples, rate, manifest["features"]["sample_rate"]), manifest["features"])


def listed(listing, split):
    """Rows of a CSV list with columns clip, genre and, if `split` is given, split."""
    try:
        with open(listing, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"{listing}: cannot be read as a list: {error}") from None
    needed = {"clip", "genre"} | ({"split"} if split else set())
    if not rows or not needed <= set(rows[0]):
        raise Refused(f"{listing}: expected a CSV file with the columns {', '.join(sorted(needed))}")
    rows = [row for row in rows if not split or row["split"] == split]
    names = [row["clip"] for row in rows]
    twice = next((name for i, name in enumerate(names) if name in names[:i]), None)
    if twice is not None:
        raise Refused(f"{listing}: {twice} is there twice: a clip counts once")
    return rows


def files(folder, listing, split):
    """Yields (name, genre, path) of the listed clips, found in `folder` by their name with or without a suffix."""
    for row in listed(listing, split):
        name = row["clip"]
        paths = [folder / name] + [folder / f"{name}{suffix}" for suffix in SUFFIXES]
        path = next((p for p in paths if p.is_file()), None)
        if path is None:
            raise Refused(f"{folder}: no file {name}, with or without {', '.join(SUFFIXES)}")
        yield name, row["genre"], path


def audio_clips(folder, listing, split, manifest):
    """Columns of the listed clips in `folder`."""
    for name, genre, path in files(folder, listing, split):
        yield name, genre, columns(*read(path), manifest)
