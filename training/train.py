"""Trains a model and writes its whole folder: `python -m training.train crnn --data DIR`.

DIR holds `gtzan_mel/train.npz`, `valid.npz` and `excluded.npz`. Five seeds are trained on the fault-filtered split, of
which the best by likelihood on the valid clips becomes the model, and one on the random split for comparison. The seeds of
`crnn-large` become the members of one model instead.
"""

import argparse
import tempfile
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import torch

from . import calibrate, report, splits
from .export import export
from .fit import fit, predict
from .manifest import Refused
from .mel import levelled
from .large import LargeRecipe, alone, figures, fit_large, parts_of
from .networks import NETWORKS
from .recipes import RECIPES, Recipe
from .report.mean_mel import mean_mel
from .report.files import spread
from .runner import MOMENTS, Runner
from .windows import softmax


def measured(folder, clips, temperature=None):
    """`report.measure` of a written folder on `splits.Clips`."""
    runner = Runner(folder)
    scored = [runner.clip_and_beginnings(mel, MOMENTS) for mel in levelled(clips.mel, runner.manifest["features"])]
    return report.measure(np.stack([p for p, _ in scored]), clips.target, runner.labels, [heard for _, heard in scored])


def seeds_of(runs, select):
    """Accuracy and likelihood of every seed on the choosing clips, after fitting its temperature."""
    accuracy, nll = {}, {}
    for seed, run in runs.items():
        logits = predict(run.network, select.mel)
        accuracy[seed] = (logits.argmax(axis=1) == select.target).mean()
        nll[seed] = calibrate.nll(logits, select.target, calibrate.temperature(logits, select.target))
    return {"accuracy": spread(accuracy), "nll": spread(nll)}


def train(model, folder, seeds, recipe, out, keep=None, random_seed=1):
    """Train all runs of a model and write its folder `out`."""

    def run(split, seed):
        kept = keep / f"{model}-{split.name}-seed-{seed}.pt" if keep else None
        print(f"{model}: {split.name} split, seed {seed}", flush=True)
        return fit(NETWORKS[model], split, seed, recipe, kept)

    split = splits.fault_filtered(folder)
    runs = {seed: run(split, seed) for seed in seeds}
    chosen = min(runs, key=lambda seed: runs[seed].nll)
    best = runs[chosen]
    leaking = splits.random(folder) if random_seed else None
    by_chance = run(leaking, random_seed) if random_seed else None

    manifest, apart = export(best.network, out, model, split.select, predict(best.network, split.select.mel))
    random = None
    if by_chance:
        with tempfile.TemporaryDirectory() as scratch:
            export(by_chance.network, scratch, model, leaking.select, predict(by_chance.network, leaking.select.mel))
            random = measured(scratch, leaking.report)
    weights = sum(p.numel() for name, p in best.network.named_parameters() if not name.startswith("aside"))
    report.write(
        out, manifest, measured(out, split.report), random,
        seeds=seeds_of(runs, split.select), curve=best.curve,
        mean_mel=mean_mel(split.train.mel, split.train.target, manifest["labels"]),
        settings=recipe.settings() | {"seeds": list(seeds), "chosen_seed": chosen, "random_seed": random_seed},
        facts={"parameters": weights, "torch": torch.__version__.split("+")[0], "export_max_difference": apart},
    )  # fmt: skip


def train_large(folder, seeds, recipe, out, random_seed=1):
    """Train `crnn-large`, a member a seed, and write its folder `out`; on the random split too, if `random_seed` is not 0."""
    split = splits.fault_filtered(folder)
    network, curve = fit_large(split.train, seeds, recipe)
    manifest, apart = export(network, out, "crnn-large", split.select, predict(network, split.select.mel))
    random = None
    if random_seed:
        leaking = splits.random(folder)
        by_chance, _ = fit_large(leaking.train, seeds, recipe)
        with tempfile.TemporaryDirectory() as scratch:
            export(by_chance, scratch, "crnn-large", leaking.select, predict(by_chance, leaking.select.mel))
            random = measured(scratch, leaking.report)
    single = {seed: figures(alone(network, i), split.select) for i, seed in enumerate(seeds)}
    report.write(
        out, manifest, measured(out, split.report), random,
        seeds={name: spread({seed: pair[i] for seed, pair in single.items()}) for i, name in enumerate(("accuracy", "nll"))},
        curve=curve, mean_mel=mean_mel(split.train.mel, split.train.target, manifest["labels"]),
        settings=recipe.settings() | {"seeds": list(seeds), "random_seed": random_seed},
        facts={
            "parameters": sum(p.numel() for p in network.parameters()), "torch": torch.__version__.split("+")[0],
            "export_max_difference": apart, "parts": parts_of(network, split.select),
        },
    )  # fmt: skip


def flag(text):
    """A truth value of the command line."""
    return {"true": True, "false": False}[text]


def main():
    parser = argparse.ArgumentParser(prog="python -m training.train", description=__doc__)
    parser.add_argument("model", choices=sorted(NETWORKS))
    parser.add_argument("--data", required=True, type=Path, help="folder that holds gtzan_mel/")
    parser.add_argument("--out", type=Path, help="model folder to write (default: models/MODEL)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    parser.add_argument("--random-seed", type=int, default=1, help="seed of the run on the random split; 0: no such run")
    parser.add_argument("--keep", type=Path, help="folder that keeps weights, and from which an interrupted training is taken up")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--epochs", type=int, nargs="+", help="epochs of each learning-rate cycle")
    for field in fields(Recipe)[1:]:
        parser.add_argument(f"--{field.name}", type=flag if field.type is bool else field.type, help=f"{field.name} of the recipe (training/recipes.py)")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    given = {f.name: getattr(args, f.name) for f in fields(Recipe) if getattr(args, f.name) is not None}
    if "epochs" in given:
        given["epochs"] = tuple(given["epochs"])
    out = args.out or Path(__file__).resolve().parent.parent / "models" / args.model
    large = args.model == "crnn-large"
    if large and (given or args.keep):
        parser.error("the settings of crnn-large stand in training/large.py: only --seeds, --random-seed, --out and --threads are taken")
    try:
        if large:
            train_large(args.data, args.seeds, LargeRecipe(), out, args.random_seed)
            return
        train(args.model, args.data, args.seeds, replace(RECIPES[args.model], **given), out, args.keep, args.random_seed)
    except Refused as refusal:
        parser.exit(2, f"train: {refusal}\n")


if __name__ == "__main__":
    main()
