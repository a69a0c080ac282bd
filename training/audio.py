"""Clips of a list as samples: finding, reading, and scoring them with a model.

Touch it when lists or audio files are read in another way. Needs soundfile,
besides what the runner needs.
"""

import csv

from . import mel
from .manifest import Refused

SUFFIXES = (".ogg", ".flac", ".wav")


def listed(folder, listing, split):
    """[(name, genre, path)] of a CSV list with columns clip, genre and, if `split` is given, split."""
    try:
        with open(listing, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"{listing}: cannot be read as a list: {error}") from None
    needed = {"clip", "genre"} | ({"split"} if split else set())
    if not rows or not needed <= set(rows[0]):
        raise Refused(f"{listing}: expected a CSV file with the columns {', '.join(sorted(needed))}")
    clips = []
    for row in rows:
        if split and row["split"] != split:
            continue
        name = row["clip"]
        paths = [folder / name] + [folder / f"{name}{suffix}" for suffix in SUFFIXES]
        path = next((p for p in paths if p.is_file()), None)
        if path is None:
            raise Refused(f"{folder}: no file {name}, with or without {', '.join(SUFFIXES)}")
        clips.append((name, row["genre"], path))
    if not clips:
        raise Refused(f"{listing}: no clip to score: the list is empty, or no row is of the split asked for")
    return clips


def read(path):
    """(mono float32 samples, sample rate) of an audio file."""
    import soundfile

    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise Refused(f"{path}: cannot be decoded: {error}") from None
    if len(samples) == 0:
        raise Refused(f"{path}: holds no samples")
    return samples.mean(axis=1), rate


def score(runner, samples, rate):
    """Probabilities [labels] of a clip's mono samples."""
    wanted = runner.manifest["features"]["sample_rate"]
    if rate != wanted:
        raise Refused(f"expected {wanted} Hz, found {rate} Hz: resample it first (this script does not)")
    return runner.clip(mel.columns(samples, runner.manifest["features"]))
