"""Whether two models differ on the same clips: `python -m training.compare A.json B.json`.

Both files are what `python -m training.evaluate --json` or `genrecast evaluate --json` printed. Clips that both name
are compared by McNemar's exact test; with the same labels, the largest difference of a probability is told too, which
says how near the daemon and this package are. Exit status: 0 done, 2 for files without a clip in common.
"""

import argparse
import json
import sys
from pathlib import Path

from .manifest import Refused
from .metrics import mcnemar


def read(path):
    """{clip name: (genre, {label: p})} of an evaluation."""
    try:
        clips = json.loads(Path(path).read_text(encoding="utf-8"))["per_clip"]
        return {clip["name"]: (clip["genre"], dict(clip["p"])) for clip in clips}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refused(f"{path}: expected what evaluate --json printed: {error!r}") from None


def compare(a, b):
    """What two evaluations say of the clips in common, by the names that `main` prints."""
    a, b = read(a), read(b)
    names = sorted(a.keys() & b.keys())
    if not names:
        raise Refused("the two evaluations have no clip in common: clips are matched by name")
    right = [[max(p, key=p.get) == genre for genre, p in (clips[name] for name in names)] for clips in (a, b)]
    only_a, only_b, p = mcnemar(*right)
    pairs = [(a[name][1], b[name][1]) for name in names]
    apart = None
    if all(x.keys() == y.keys() for x, y in pairs):
        apart = max(abs(x[label] - y[label]) for x, y in pairs for label in x)
    return {
        "n": len(names), "right_a": sum(right[0]), "right_b": sum(right[1]),
        "only_a": only_a, "only_b": only_b, "p": p, "apart": apart,
    }  # fmt: skip


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m training.compare", description=__doc__)
    parser.add_argument("a", type=Path)
    parser.add_argument("b", type=Path)
    args = parser.parse_args(arguments)
    try:
        found = compare(args.a, args.b)
    except Refused as refusal:
        print(f"compare: {refusal}", file=sys.stderr)
        return 2
    n = found["n"]
    print(f"{n} clips: {args.a} {found['right_a'] / n:.1%}, {args.b} {found['right_b'] / n:.1%}")
    print(f"right only in the first {found['only_a']}, only in the second {found['only_b']}: McNemar's exact p = {found['p']:.3f}")
    print("a difference that chance explains" if found["p"] >= 0.05 else "a difference beyond chance (p < 0.05)")
    if found["apart"] is not None:
        print(f"largest difference of a probability {found['apart']:.1e}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
