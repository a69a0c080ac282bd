"""Scores a model folder on mel rows or on audio: `python -m training.evaluate --model models/crnn …`.

Needs numpy, onnxruntime and, for audio, soundfile. A clip's score is the mean
of p over its full windows, else its last provisional one, as in the daemon.
Exit status: 0 done, 2 for a model, a list or an input that cannot be used.
"""

import argparse
import csv
import json
import sys
from pathlib import Path

import numpy as np

from . import mel
from .manifest import Refused
from .runner import Runner

SUFFIXES = (".ogg", ".flac", ".wav")


def mel_rows(path, manifest):
    """(name, genre, columns) of each row of an .npz file: uint8 `mel` [clips, mels, frames] and `name`."""
    if manifest["features"]["log"]["kind"] != "db":
        raise Refused(f"{path}: mel rows are in dB, but {manifest['id']} expects another logarithm: give --audio")
    try:
        with np.load(path) as file:
            rows, names = file["mel"], file["name"]
    except (OSError, KeyError, ValueError) as error:
        raise Refused(f"{path}: expected an .npz file with arrays mel and name: {error}") from None
    mels = manifest["features"]["n_mels"]
    if rows.dtype != np.uint8 or rows.ndim != 3 or rows.shape[1] != mels:
        raise Refused(f"{path}: expected uint8 mel [clips, {mels}, frames], found {rows.dtype} {rows.shape}")
    for row, name in zip(rows, names):
        yield str(name), str(name).split(".")[0], (row.T.astype(np.float32) * (80.0 / 255.0) - 80.0).astype(np.float32)


def audio_clips(folder, listing, split, manifest):
    """(name, genre, columns) of the clips of a CSV list with columns clip, genre and, if `split` is given, split."""
    import soundfile

    try:
        with open(listing, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"{listing}: cannot be read as a list: {error}") from None
    needed = {"clip", "genre"} | ({"split"} if split else set())
    if not rows or not needed <= set(rows[0]):
        raise Refused(f"{listing}: expected a CSV file with the columns {', '.join(sorted(needed))}")
    for row in rows:
        if split and row["split"] != split:
            continue
        name = row["clip"]
        paths = [folder / name] + [folder / f"{name}{suffix}" for suffix in SUFFIXES]
        path = next((p for p in paths if p.is_file()), None)
        if path is None:
            raise Refused(f"{folder}: no file {name}, with or without {', '.join(SUFFIXES)}")
        try:
            samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
        except (soundfile.LibsndfileError, RuntimeError) as error:
            raise Refused(f"{path}: cannot be decoded: {error}") from None
        wanted = manifest["features"]["sample_rate"]
        if rate != wanted:
            raise Refused(f"{path}: expected {wanted} Hz, found {rate} Hz: resample it first (this script does not)")
        if len(samples) == 0:
            raise Refused(f"{path}: holds no samples")
        yield name, row["genre"], mel.columns(samples.mean(axis=1), manifest["features"])


def evaluate(runner, clips):
    """{"accuracy", "n", "per_clip"} of the clips."""
    per_clip, right = [], 0
    for name, genre, columns in clips:
        if genre not in runner.labels:
            raise Refused(f"{name}: genre {genre} is none of the model's: {', '.join(runner.labels)}")
        p = runner.clip(columns)
        right += runner.labels[int(p.argmax())] == genre
        per_clip.append({"name": name, "p": {label: float(v) for label, v in zip(runner.labels, p)}, "genre": genre})
    if not per_clip:
        raise Refused("no clip to evaluate: the list is empty, or no row is of the split asked for")
    return {"accuracy": right / len(per_clip), "n": len(per_clip), "per_clip": per_clip}


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m training.evaluate", description=__doc__)
    parser.add_argument("--model", required=True, type=Path, help="model folder, such as models/crnn")
    inputs = parser.add_mutually_exclusive_group(required=True)
    inputs.add_argument("--mel", type=Path, help=".npz file of 8-bit mel rows")
    inputs.add_argument("--audio", type=Path, help="folder of clips; needs --list")
    parser.add_argument("--list", type=Path, help="CSV file with columns clip and genre")
    parser.add_argument("--split", help="only rows of this split (column split of the list)")
    parser.add_argument("--json", action="store_true", help="print all clips as JSON")
    args = parser.parse_args(arguments)
    if args.audio and not args.list:
        parser.error("--audio needs --list")
    try:
        runner = Runner(args.model)
        if args.mel:
            clips = mel_rows(args.mel, runner.manifest)
        else:
            clips = audio_clips(args.audio, args.list, args.split, runner.manifest)
        result = evaluate(runner, clips)
    except Refused as refusal:
        print(f"evaluate: {refusal}", file=sys.stderr)
        return 2
    if args.json:
        print(json.dumps(result))
    else:
        print(f"accuracy {result['accuracy']:.4f} of {result['n']} clips")
        for genre in runner.labels:
            clips = [c for c in result["per_clip"] if c["genre"] == genre]
            right = sum(max(c["p"], key=c["p"].get) == genre for c in clips)
            if clips:
                print(f"  {genre}: {right} of {len(clips)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
