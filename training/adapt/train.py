"""Adapts the default model's encoder to degraded sound and writes it into the folder: `python -m training.adapt.train`.

The head, which `python -m training.head.train` trained on the encoder as it came, stays. DIR holds `gtzan_audio/`; CACHE is
that of the head, and takes the free music, the degraded versions and the state of an interrupted run. Needs ffmpeg and apt-get.
"""

import argparse
import hashlib
import json
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import torch

from ..manifest import Refused, load, sha256
from ..musicnn import encoder, wheel
from ..musicnn.weights import Weights
from ..runner import Network
from . import export, fit, sounds
from .student import PatchHead, Student, projection

HERE = Path(__file__).resolve().parent


class Sounds:
    """The versions of the sounds, made once and kept in `folder`: a call gives the columns of one."""

    def __init__(self, data, cache, folder):
        self._data, self._cache, self._folder, self._samples = data, cache, folder, None
        self._number, self._columns, self.names = None, {}, None

    def __call__(self, number):
        if number not in self._columns:
            # The clean version and one more are held.
            self._columns = {k: v for k, v in self._columns.items() if k == 0} | {number: self._version(number)}
        return self._columns[number]

    def _version(self, number):
        def make():
            self._samples = self._samples or list(sounds.middles(self._data, self._cache))
            return sounds.version(self._samples, number)

        self.names, columns = kept(self._folder / f"version-{number}-edition-{sounds.EDITION}.npz", make)
        return columns


def kept(file, make):
    """(names, columns) in `file`, made by `make` unless it is there."""
    if not file.is_file():
        names, columns = make()
        partial = file.with_suffix(".partial.npz")
        np.savez(partial, name=names, columns=columns)
        partial.rename(file)
        print(f"{file.name}: {len(names)} sounds", flush=True)
    with np.load(file) as arrays:
        return list(arrays["name"]), arrays["columns"]


def own(names):
    """How many of the sounds, the first ones, are GTZAN's: the names of free music are paths."""
    return sum(1 for name in names if "/" not in name)


def taught(weights, matrix, offset, pictures, folder):
    """(the teacher's answers [sounds, patches, numbers], their fingerprint), kept in `folder`."""
    file = folder / "teacher.onnx"
    encoder.write(weights, file, matrix, offset)
    mark = hashlib.sha256((sha256(file) + hashlib.sha256(pictures.tobytes()).hexdigest()).encode()).hexdigest()[:16]
    kept = folder / f"answers-{mark}.npy"
    if not kept.is_file():
        tables = encoder.tables(file.name, sha256(file), encoder.TAGS + len(matrix), encoder.state(weights))
        partial = kept.with_suffix(".partial.npy")
        np.save(partial, fit.answers(Network(folder, tables["encoder"]), pictures))
        partial.rename(kept)
    return np.load(kept), mark


def train(data, cache, recipe, out):
    """Adapt the encoder of the model folder `out`."""
    folder = Path(cache) / "adapted"
    folder.mkdir(parents=True, exist_ok=True)
    if load(out).get("taggram", {}).get("tags") != encoder.TAGS:
        raise Refused(f"{out}: expected the model of python -m training.head.train")
    weights = Weights(wheel.checkpoint(cache))
    matrix, offset = projection(out, weights)
    versions = Sounds(data, cache, folder)
    answers, mark = taught(weights, matrix, offset, versions(0), folder)
    names, columns = kept(folder / f"ends-edition-{sounds.EDITION}.npz", lambda: sounds.version(sounds.ends(data, cache)))
    more, _ = taught(weights, matrix, offset, columns, folder)
    clips = own(versions.names)
    print(f"degraded: {clips} clips and {len(answers) - clips} stretches of free music; {len(names)} more stretches of both", flush=True)
    student, head = Student(weights, matrix, offset), PatchHead(out)
    setting = hashlib.sha256(json.dumps([recipe.settings(), mark], sort_keys=True).encode()).hexdigest()[:16]
    losses = []

    def watch(step, mean, parts):
        losses.append({"step": step} | {name: round(value, 4) for name, value in parts.items()})
        print(losses[-1], flush=True)

    draw = fit.Draw(versions, answers, clips, (columns, more, own(names)), recipe)
    mean = fit.run(student, head, draw, fit.spread(answers), recipe, folder / f"run-{setting}.pt", watch)
    facts = {"sounds": {"clips": clips, "free_music": len(answers) - clips, "more": len(names)}, "losses": losses}
    export.export(out, mean.weights(), matrix, offset, data, recipe.settings(), facts)


def main():
    parser = argparse.ArgumentParser(prog="python -m training.adapt.train", description=__doc__)
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--cache", required=True, type=Path)
    parser.add_argument("--out", type=Path, default=HERE.parent.parent / "models" / "musicnn-crnn", help="the model folder to adapt")
    parser.add_argument("--threads", type=int, default=1)
    for field in fields(fit.Recipe):
        parser.add_argument(f"--{field.name}", type=field.type, help=f"default {field.default}; see training/adapt/fit.py")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    given = {f.name: getattr(args, f.name) for f in fields(fit.Recipe) if getattr(args, f.name) is not None}
    try:
        train(args.data, args.cache, replace(fit.Recipe(), **given), args.out)
    except Refused as refusal:
        parser.exit(2, f"train: {refusal}\n")


if __name__ == "__main__":
    main()
