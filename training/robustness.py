"""Scores models on clips that were degraded as the world does it: `python -m training.robustness --model models/crnn …`.

Each listed clip goes through every condition of training/degrade.py once, then
through every model as in training/evaluate.py. Needs numpy, onnxruntime,
soundfile and ffmpeg. Touch it to change what the table tells.
"""

import argparse
import json
import multiprocessing
import sys
from pathlib import Path

import numpy as np

from . import degrade, inputs, metrics
from .manifest import Refused, load
from .report import robustness_table
from .report.files import compact, redraw
from .runner import Runner


class Scorer:
    """Scores one clip under all conditions with all models; one in each process."""

    def __init__(self, folders, conditions, seed):
        self.runners = [Runner(folder) for folder in folders]
        self.conditions, self.seed = conditions, seed

    def __call__(self, clip):
        """Probabilities [conditions][models][labels] of `clip`, a (name, genre, path)."""
        name, _, path = clip
        samples, rate = inputs.read(path)
        scores = []
        for condition in self.conditions:
            heard = degrade.apply(condition, samples, rate, degrade.seed_of(name, self.seed))
            # Models of the same features share their columns.
            kinds = [json.dumps(runner.manifest["features"], sort_keys=True) for runner in self.runners]
            columns = {k: inputs.columns(heard, rate, r.manifest) for k, r in dict(zip(kinds, self.runners)).items()}
            scores.append([runner.clip(columns[kind]).tolist() for kind, runner in zip(kinds, self.runners)])
        return scores


_scorer = None


def _start(*arguments):
    global _scorer
    _scorer = Scorer(*arguments)


def _score(clip):
    return _scorer(clip)


def scores(folders, clips, conditions, seed, jobs, progress=lambda done: None):
    """Probabilities [clips][conditions][models][labels], by `jobs` processes; their number changes nothing."""
    found = []
    if jobs == 1:
        each, pool = map(Scorer(folders, conditions, seed), clips), None
    else:
        # Spawned, as ONNX Runtime's threads do not survive a fork.
        pool = multiprocessing.get_context("spawn").Pool(jobs, _start, (folders, conditions, seed))
        each = pool.imap(_score, clips)
    try:
        for score in each:
            found.append(score)
            progress(len(found))
    finally:
        if pool:
            pool.terminate()
            pool.join()
    return found


def measure(p, target, conditions):
    """{condition: figures} of p [clips, conditions, labels]; the first condition is what the others are compared with."""
    p, target = np.asarray(p), np.asarray(target)
    right = p.argmax(axis=2) == target[:, None]
    told = {}
    for i, condition in enumerate(conditions):
        lost, gained, chance = metrics.mcnemar(right[:, 0], right[:, i])
        told[condition] = {
            "accuracy": round(float(right[:, i].mean()), 4),
            "difference": round(float(right[:, i].mean() - right[:, 0].mean()), 4),
            "lost": lost, "gained": gained, "mcnemar_p": round(chance, 4),
            "nll": round(metrics.nll(p[:, i], target), 4),
        }  # fmt: skip
    return told


def report_of(folder):
    """A model folder's report.json."""
    path = Path(folder) / "report.json"
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Refused(f"{path}: expected the model's report, to add to it: {error}") from None
    if "splits" not in report:
        raise Refused(f"{path}: expected a report of training/report, found none of its splits")
    return report


def write(folder, robustness):
    """Store the figures in the model folder's report.json, and write the card anew."""
    path, report = Path(folder) / "report.json", report_of(folder)
    report["robustness"] = robustness
    path.write_text(compact(report) + "\n", encoding="utf-8")
    redraw(folder, load(folder))


def run(folders, clips, conditions, seed, jobs, progress=lambda done: None, split=None):
    """{model id: {"split", "clips", "seed", "conditions"}} of the model folders on `clips`, (name, genre, path) each."""
    manifests = [load(folder) for folder in folders]
    names = [manifest["id"] for manifest in manifests]
    if len(set(names)) < len(names):
        raise Refused(f"expected each model once, found {', '.join(names)}")
    if not clips:
        raise Refused("no clip to score: the list is empty, or no row is of the split asked for")
    for manifest in manifests:
        for name, genre, _ in clips:
            if genre not in manifest["labels"]:
                raise Refused(f"{name}: genre {genre} is none of {manifest['id']}'s: {', '.join(manifest['labels'])}")
    found = scores(folders, clips, conditions, seed, jobs, progress)
    told = {}
    for i, manifest in enumerate(manifests):
        target = [manifest["labels"].index(genre) for _, genre, _ in clips]
        figures = measure([[models[i] for models in score] for score in found], target, conditions)
        told[manifest["id"]] = {"split": split, "clips": len(clips), "seed": seed, "conditions": figures}
    return told


def parser():
    """The command line."""
    made = argparse.ArgumentParser(prog="python -m training.robustness", description=__doc__)
    made.add_argument("--model", required=True, type=Path, action="append", help="model folder; may be given again")
    made.add_argument("--audio", required=True, type=Path, help="folder of clips")
    made.add_argument("--list", required=True, type=Path, help="CSV file with columns clip and genre")
    made.add_argument("--split", help="only rows of this split (column split of the list)")
    made.add_argument("--condition", action="append", choices=list(degrade.CONDITIONS), help="only this one and clean; may be given again")
    made.add_argument("--seed", type=int, default=1, help="of the rooms and their noise (default 1)")
    made.add_argument("--jobs", type=int, default=1, help="processes (default 1)")
    made.add_argument("--json", action="store_true", help="print the figures as JSON")
    made.add_argument("--write", action="store_true", help="store them in the models' report.json")
    return made


def main(arguments=None):
    command = parser()
    args = command.parse_args(arguments)
    if args.jobs < 1:
        command.error(f"--jobs: expected 1 or more, found {args.jobs}")
    if args.write and args.condition:
        command.error("--write stores the whole table: leave out --condition")
    wanted = ["clean", *(args.condition or degrade.CONDITIONS)]
    conditions = [name for name in degrade.CONDITIONS if name in wanted]
    try:
        for folder in args.model if args.write else ():
            # Told now, not after an hour of measuring.
            report_of(folder)
        clips = list(inputs.files(args.audio, args.list, args.split))

        def progress(done):
            if sys.stderr.isatty():
                print(f"\r{done} of {len(clips)} clips", end="\n" if done == len(clips) else "", file=sys.stderr, flush=True)

        told = run(args.model, clips, conditions, args.seed, args.jobs, progress, args.split)
        if args.write:
            for folder, robustness in zip(args.model, told.values()):
                write(folder, robustness)
    except Refused as refusal:
        print(f"robustness: {refusal}", file=sys.stderr)
        return 2
    if args.json:
        print(json.dumps(told))
    else:
        for name, robustness in told.items():
            print(f"{name}: {robustness_table.explained(robustness)}", "", *robustness_table.table(robustness), "", sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
