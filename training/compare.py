"""Whether two models differ on the same clips: `python -m training.compare A.json B.json`.

Both files are what `python -m training.evaluate --json` or `genrecast evaluate --json` printed. Clips that both name
are compared by McNemar's exact test. Exit status: 0 done, 2 for files without a clip in common.
"""

import argparse
import json
import sys
from pathlib import Path

from .manifest import Refused
from .metrics import mcnemar


def right(path):
    """{clip name: whether the likeliest label is its genre} of an evaluation."""
    try:
        clips = json.loads(Path(path).read_text(encoding="utf-8"))["per_clip"]
        return {clip["name"]: max(clip["p"], key=clip["p"].get) == clip["genre"] for clip in clips}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refused(f"{path}: expected what evaluate --json printed: {error!r}") from None


def compare(a, b):
    """(clips in common, right by a, right by b, only by a, only by b, p) of two evaluations."""
    a, b = right(a), right(b)
    names = sorted(a.keys() & b.keys())
    if not names:
        raise Refused("the two evaluations have no clip in common: clips are matched by name")
    in_a, in_b = [a[name] for name in names], [b[name] for name in names]
    return len(names), sum(in_a), sum(in_b), *mcnemar(in_a, in_b)


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m training.compare", description=__doc__)
    parser.add_argument("a", type=Path)
    parser.add_argument("b", type=Path)
    args = parser.parse_args(arguments)
    try:
        n, right_a, right_b, only_a, only_b, p = compare(args.a, args.b)
    except Refused as refusal:
        print(f"compare: {refusal}", file=sys.stderr)
        return 2
    print(f"{n} clips: {args.a} {right_a / n:.1%}, {args.b} {right_b / n:.1%}")
    print(f"right only in the first {only_a}, only in the second {only_b}: McNemar's exact p = {p:.3f}")
    print("a difference that chance explains" if p >= 0.05 else "a difference beyond chance (p < 0.05)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
