"""How soon a new genre leads after one clip gives way to another inside the window: `python -m training.changes …`.

Two clips of different genre are joined, and the window slides over the joint
patch by patch. Told is the time from the change until the second clip's genre
is on top, beside the plain mean of the probabilities of single patches, which
cannot lead before half the window is new. Only clips that both name right when
alone are joined. The measuring needs numpy only; the command runs encoder-head
models. Touch it to change what counts as leading, or how clips are joined.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from . import sequences as clips
from .manifest import Refused
from .runner import Runner


class Timing:
    """Lengths in seconds: of a patch and between patches; and the patches of a window."""

    def __init__(self, patch, stride, patches):
        self.patch, self.stride, self.patches = patch, stride, patches

    @classmethod
    def of(cls, manifest):
        """Those of an encoder-head model."""
        if manifest["kind"] != "encoder-head":
            raise Refused(f"{manifest['id']}: expected a model of the kind encoder-head, found {manifest['kind']}")
        column = manifest["features"]["hop"] / manifest["features"]["sample_rate"]
        patch, frames = manifest["patch"], manifest["window"]["frames"]
        patches = (frames - patch["frames"]) // patch["stride"] + 1
        return cls(patch["frames"] * column, patch["stride"] * column, patches)


def lead(p, new, ends):
    """Seconds until column `new` of p [hops, labels] is on top: (for good, for the first time twice in a row).

    `ends` [hops] are the hops' seconds after the change. Of two hops in a row the
    first counts. Infinity where that never happens.
    """
    top = np.append(np.asarray(p).argmax(axis=1) == new, True)
    others = np.flatnonzero(~top)
    since = others[-1] + 1 if len(others) else 0
    pairs = np.flatnonzero(top[:-2] & top[1:-1])
    times = np.append(np.asarray(ends, dtype=float), np.inf)
    return float(times[since]), float(times[pairs[0]] if len(pairs) else np.inf)


def draw(genres, pairs, seed):
    """At most `pairs` ordered pairs (first, second) of clips of different genre, each pair once."""
    genres = np.asarray(genres)
    first, second = np.nonzero(genres[:, None] != genres[None, :])
    order = np.random.default_rng(seed).permutation(len(first))[:pairs]
    return [(int(first[i]), int(second[i])) for i in order]


def summary(seconds):
    """Quartiles in seconds (None: never), and the share of pairs in which the new genre never leads."""
    seconds = np.asarray(seconds, dtype=float)
    # Never is infinity: it may be a quartile, but not be interpolated.
    low, median, high = np.quantile(seconds, [0.25, 0.5, 0.75], method="inverted_cdf")
    told = {"median": median, "lower_quartile": low, "upper_quartile": high}
    told = {name: round(float(v), 3) if np.isfinite(v) else None for name, v in told.items()}
    return {**told, "never": round(float(np.mean(np.isinf(seconds))), 4)}


def measure(sequences, genres, labels, predict, timing, pairs=500, seed=1, between=None):
    """Seconds from the change until the new genre leads, for the model and for the plain mean.

    `sequences`: a clip's patches each, [patches, …]; `genres`: their labels;
    `predict`: [patches, …] → probabilities [labels]. `between(first, second)`,
    where given, returns the patches across the change and the second clip's
    patches after it; without it the second clip's patches follow at once, and
    the first of them is whole one patch length after the change.
    """
    index = {label: i for i, label in enumerate(labels)}
    single = [np.stack([predict(s[i : i + 1]) for i in range(len(s))]) for s in sequences]
    right = []
    for i, (sequence, genre) in enumerate(zip(sequences, genres)):
        heard = min(timing.patches, len(sequence))
        named = predict(sequence[-heard:]).argmax(), single[i][-heard:].mean(axis=0).argmax()
        if all(n == index[genre] for n in named):
            right.append(i)
    drawn = [(right[a], right[b]) for a, b in draw([genres[i] for i in right], pairs, seed)]
    if not drawn:
        raise ValueError(f"expected clips of two genres at least that are named right alone, found {len(right)} such clips")
    found = {"model": ([], []), "mean": ([], [])}
    for a, b in drawn:
        first = sequences[a][-timing.patches :]
        if between is None:
            joint, start = np.concatenate([first, sequences[b]]), timing.patch
            means = np.concatenate([single[a][-timing.patches :], single[b]])
        else:
            across, second = between(a, b)
            joint, start = np.concatenate([first, across, second]), timing.stride
            new = np.stack([predict(patch[None]) for patch in joint[len(first) :]])
            means = np.concatenate([single[a][-timing.patches :], new])
        windows = [(max(end - timing.patches, 0), end) for end in range(len(first) + 1, len(joint) + 1)]
        ends = start + timing.stride * np.arange(len(windows))
        for name, p in (
            ("model", np.stack([predict(joint[s:e]) for s, e in windows])),
            ("mean", np.stack([means[s:e].mean(axis=0) for s, e in windows])),
        ):
            for times, time in zip(found[name], lead(p, index[genres[b]], ends)):
                times.append(time)
    told = {name: {"for_good": summary(good), "twice_in_a_row": summary(twice)} for name, (good, twice) in found.items()}
    return {"pairs": len(drawn), "clips": len(sequences), "clips_right": len(right), "seed": seed, **told}


def of_model(runner, timing, found, pairs, seed):
    """`measure` of a model on clips of training.sequences."""
    for name, genre in zip(found.names, found.genres):
        if genre not in runner.labels:
            raise Refused(f"{name}: genre {genre} is none of the model's: {', '.join(runner.labels)}")
    try:
        told = measure(found.sequences, found.genres, runner.labels, runner.of_embeddings, timing, pairs, seed, found.between)
    except ValueError as error:
        raise Refused(str(error)) from None
    return {"id": runner.manifest["id"], "patch_s": timing.patch, "stride_s": timing.stride, **told}


def readable(told):
    """A few lines for people."""
    lines = [
        f"{told['id']}: {told['pairs']} pairs of the {told['clips_right']} of {told['clips']} clips that are named right alone; "
        "seconds from the change until the new genre leads, median (quartiles):"
    ]
    for name in ("model", "mean"):
        for variant, words in (("for_good", "for good"), ("twice_in_a_row", "first twice in a row")):
            figures = told[name][variant]
            median, low, high = (
                "never" if figures[k] is None else f"{figures[k]:.1f}" for k in ("median", "lower_quartile", "upper_quartile")
            )
            lines.append(f"  {name}, {words}: {median} ({low} to {high}), never in {figures['never']:.1%}")
    return "\n".join(lines)


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m training.changes", description=__doc__)
    parser.add_argument("--model", required=True, type=Path, help="folder of an encoder-head model")
    forms = parser.add_mutually_exclusive_group(required=True)
    forms.add_argument("--taggram", type=Path, help=".npz file of tag probabilities, one row a patch")
    forms.add_argument("--audio", type=Path, help="folder of clips; needs --list")
    parser.add_argument("--list", type=Path, help="CSV file with columns clip and genre")
    parser.add_argument("--split", help="only rows of this split (column split of the list)")
    parser.add_argument("--pairs", type=int, default=500, help="at most so many (default 500)")
    parser.add_argument("--seed", type=int, default=1, help="of the draw of pairs (default 1)")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    args = parser.parse_args(arguments)
    if args.audio and not args.list:
        parser.error("--audio needs --list")
    if args.pairs < 1:
        parser.error(f"--pairs: expected 1 or more, found {args.pairs}")
    try:
        runner = Runner(args.model)
        timing = Timing.of(runner.manifest)
        found = clips.Tags(runner, args.taggram) if args.taggram else clips.Audio(runner, args.audio, args.list, args.split)
        told = of_model(runner, timing, found, args.pairs, args.seed)
    except Refused as refusal:
        print(f"changes: {refusal}", file=sys.stderr)
        return 2
    print(json.dumps(told) if args.json else readable(told))
    return 0


if __name__ == "__main__":
    sys.exit(main())
