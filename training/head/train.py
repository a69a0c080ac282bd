"""Trains the default model and writes its folder: `python -m training.head.train --data DIR --cache CACHE`.

DIR holds `gtzan_musicnn_taggram/train.npz` and `gtzan_audio/`; CACHE is filled by `python -m training.musicnn.embed`.
Five seeds are trained, of which the likeliest on the valid clips becomes the model.
"""

import argparse
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import torch

from .. import calibrate, changes, evaluate, gtzan, inputs, mel, report
from ..manifest import Refused
from ..musicnn import cache as store
from ..musicnn import embed, encoder, wheel
from ..musicnn.weights import Weights
from ..report.files import spread
from ..report.mean_mel import mean_mel
from . import residual, sequences, start
from .export import export
from .fit import Recipe, forgetting, unseen

HERE = Path(__file__).resolve().parent


def prepared(data, cache, recipe):
    """(residual, train versions, valid clips) as `sequences` has them."""
    versions = [v for v in embed.versions("train", 99) if store.path(cache, "train", v).is_file()]
    if len(versions) < 2 or versions[0] != embed.CLEAN:
        raise Refused(f"{cache}: expected train clips clean and degraded, found {versions}; run python -m training.musicnn.embed first")
    kernel = Weights(wheel.checkpoint(cache)).tags.kernel.astype(np.float64)
    heard = [sequences.cached(cache, "train", v)[1][..., encoder.TAGS :] for v in versions]
    rest = residual.fit(np.concatenate([h.reshape(-1, encoder.PENULTIMATE) for h in heard]).astype(np.float64), kernel, recipe.kept)
    published = sequences.published(Path(data) / "gtzan_musicnn_taggram" / "train.npz", recipe.kept)
    sets = [published] + [sequences.heard(cache, "train", v, rest) for v in versions]
    return rest, sets, sequences.heard(cache, "valid", embed.LEVELLED, rest)


def logits(head, rows):
    with torch.no_grad():
        return head(torch.from_numpy(np.ascontiguousarray(rows))).numpy()


def told(head, valid):
    """(accuracy, NLL after fitting the temperature) on the valid clips."""
    given = logits(head, valid.rows)
    nll = calibrate.nll(given, valid.target, calibrate.temperature(given, valid.target))
    return float((given.argmax(axis=1) == valid.target).mean()), nll


def lead(head, valid):
    """What `changes.measure` tells of the valid clips: seconds until a new genre leads."""
    column = encoder.FEATURES["hop"] / encoder.FEATURES["sample_rate"]
    timing = changes.Timing(encoder.FRAMES * column, encoder.STRIDE * column, embed.PATCHES)
    genres = [gtzan.LABELS[t] for t in valid.target]
    return changes.measure(list(valid.rows), genres, gtzan.LABELS, lambda rows: np.exp(logits(head, rows[None])[0]), timing, pairs=200)


def mean_pictures(data):
    """The mean mel picture of each genre over the train and valid clips that exist as audio."""
    audio = Path(data) / "gtzan_audio"
    manifest = {"features": encoder.FEATURES}
    parts, target = [], []
    for split in ("train", "valid"):
        for _, genre, columns in inputs.audio_clips(audio, audio / "list.csv", split, manifest):
            parts.append(columns[: encoder.FRAMES * 9])
            target.append(gtzan.LABELS.index(genre))
    return mean_mel(np.stack(parts), np.array(target), gtzan.LABELS)


def train(data, cache, seeds, recipe, out):
    """Train all seeds and write the folder `out`."""
    rest, sets, valid = prepared(data, cache, recipe)
    beginning = start.fit(sets, recipe)
    probabilities = unseen(sets, recipe)
    p = beginning.mean(valid.rows)
    print(f"plain mean of the start: valid accuracy {(p.argmax(axis=1) == valid.target).mean():.3f}", flush=True)
    heads, figures, curves = {}, {}, {}
    for seed in seeds:
        curve = curves[seed] = []

        def watch(step, loss, head):
            accuracy, nll = told(head.eval(), valid)
            curve.append(
                {"epoch": step, "train_loss": round(loss, 4), "valid_accuracy": round(accuracy, 4), "valid_nll": round(nll, 4)}
            )

        heads[seed] = forgetting(beginning, sets, probabilities, seed, recipe, watch)
        figures[seed] = told(heads[seed], valid)
        print(f"seed {seed}: valid accuracy {figures[seed][0]:.3f}, NLL {figures[seed][1]:.3f}", flush=True)
    chosen = min(seeds, key=lambda seed: figures[seed][1])
    head, joined = heads[chosen], lead(heads[chosen], valid)
    print(f"seed {chosen}: a new genre leads after {joined['model']['for_good']['median']} s (plain mean: {joined['mean']['for_good']['median']} s)")
    manifest, apart = export(out, wheel.checkpoint(cache), rest, head, valid, joined["model"]["for_good"]["median"])
    audio = Path(data) / "gtzan_audio"
    figure = evaluate.run(out, audio=audio, listing=audio / "list.csv", split="valid")
    weights = sum(p.numel() for p in (*head.parameters(), *head.buffers()))
    report.write(
        out, manifest, {k: v for k, v in figure.items() if k not in ("model", "per_clip")},
        seeds={"accuracy": spread({s: f[0] for s, f in figures.items()}), "nll": spread({s: f[1] for s, f in figures.items()})},
        curve=curves[chosen], mean_mel=mean_pictures(data),
        settings=recipe.settings() | {"seeds": list(seeds), "chosen_seed": chosen, "versions": [s.version for s in sets]},
        facts={
            "parameters": weights + sum(v.size for v in weights_of(cache)), "torch": torch.__version__.split("+")[0],
            "export_max_difference": apart, "change": joined,
        },
    )  # fmt: skip


def weights_of(cache):
    """The arrays of the encoder's layers."""
    weights = Weights(wheel.checkpoint(cache))
    for layer in [*weights.front, *weights.middle, weights.dense, weights.tags]:
        yield from (layer.kernel, layer.bias, layer.gain, layer.shift)


def main():
    parser = argparse.ArgumentParser(prog="python -m training.head.train", description=__doc__)
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--cache", required=True, type=Path)
    parser.add_argument("--out", type=Path, default=HERE.parent.parent / "models" / "musicnn-crnn")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    parser.add_argument("--threads", type=int, default=1)
    for field in fields(Recipe):
        parser.add_argument(f"--{field.name}", type=field.type, help=f"default {field.default}; see training/head/fit.py")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    given = {f.name: getattr(args, f.name) for f in fields(Recipe) if getattr(args, f.name) is not None}
    try:
        train(args.data, args.cache, args.seeds, replace(Recipe(), **given), args.out)
    except Refused as refusal:
        parser.exit(2, f"train: {refusal}\n")


if __name__ == "__main__":
    main()
