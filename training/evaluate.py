"""Scores a model folder on mel rows, tag rows or audio: `python -m training.evaluate --model models/crnn …`.

Needs numpy, onnxruntime and, for audio, soundfile. A clip's score is the mean of p over its full windows, else its
last provisional one, as in the daemon. Exit status: 0 done, 2 for a model, a list or an input that cannot be used,
or a form that the model cannot be fed with.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from . import inputs
from .manifest import Refused
from .report.measure import measure
from .runner import MOMENTS, Runner


def scored(runner, clips, score):
    """[(name, genre, p, beginnings)] of the clips; `score` is a method of the runner."""
    out = []
    for name, genre, data in clips:
        if genre not in runner.labels:
            raise Refused(f"{name}: genre {genre} is none of the model's: {', '.join(runner.labels)}")
        out.append((name, genre, *score(data, MOMENTS)))
    if not out:
        raise Refused("no clip to evaluate: the list is empty, or no row is of the split asked for")
    return out


def evaluate(runner, clips):
    """The figures of `training.report.measure` and "per_clip" of what `scored` gave."""
    target = np.array([runner.labels.index(genre) for _, genre, _, _ in clips])
    figures = measure(np.stack([p for _, _, p, _ in clips]), target, runner.labels, [heard for *_, heard in clips])
    per_clip = [
        {"name": name, "p": {label: float(v) for label, v in zip(runner.labels, p)}, "genre": genre}
        for name, genre, p, _ in clips
    ]
    return {"model": runner.manifest["id"]} | figures | {"per_clip": per_clip}


def run(model, mel=None, taggram=None, audio=None, listing=None, split=None):
    """What `evaluate` gives for a model folder and one of the three forms."""
    runner = Runner(model)
    if mel:
        clips, score = inputs.mel_rows(mel, runner.manifest), runner.clip_and_beginnings
    elif taggram:
        clips, score = inputs.tag_rows(taggram), runner.tags_and_beginnings
    else:
        clips, score = inputs.audio_clips(audio, listing, split, runner.manifest), runner.clip_and_beginnings
    return evaluate(runner, scored(runner, clips, score))


def readable(result):
    """A few lines for people."""
    low, high = result["accuracy_interval_95"]
    lines = [
        f"accuracy {result['accuracy']:.4f} of {result['n']} clips (95 % interval {low:.3f} to {high:.3f})",
        f"macro F1 {result['macro_f1']:.3f}, NLL {result['nll']:.3f}, ECE {result['ece_15']:.3f}"
        f" (a perfectly calibrated model stays below {result['ece_15_if_calibrated_95']:.3f} in 95 of 100 cases)",
    ]
    for genre, g in result["genres"].items():
        if g["clips"]:
            lines.append(f"  {genre}: recall {g['recall']:.2f} of {g['clips']} clips, precision {g['precision']:.2f}")
    return "\n".join(lines)


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m training.evaluate", description=__doc__)
    parser.add_argument("--model", required=True, type=Path, help="model folder, such as models/crnn")
    forms = parser.add_mutually_exclusive_group(required=True)
    forms.add_argument("--mel", type=Path, help=".npz file of 8-bit mel rows")
    forms.add_argument("--taggram", type=Path, help=".npz file of tag probabilities, one row a patch")
    forms.add_argument("--audio", type=Path, help="folder of clips; needs --list")
    parser.add_argument("--list", type=Path, help="CSV file with columns clip and genre")
    parser.add_argument("--split", help="only rows of this split (column split of the list)")
    parser.add_argument("--json", action="store_true", help="print all figures and clips as JSON")
    args = parser.parse_args(arguments)
    if args.audio and not args.list:
        parser.error("--audio needs --list")
    try:
        result = run(args.model, args.mel, args.taggram, args.audio, args.list, args.split)
    except Refused as refusal:
        print(f"evaluate: {refusal}", file=sys.stderr)
        return 2
    print(json.dumps(result) if args.json else readable(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
