"""Whether two classifiers, or one under two conditions, differ on the same clips: McNemar's exact test.

Touch it to add another test of paired answers.
"""

from math import comb


def mcnemar(first, second):
    """(only the first right, only the second right, two-sided exact p) of two lists of right answers on the same clips."""
    if len(first) != len(second):
        raise ValueError(f"expected answers to the same clips, found {len(first)} and {len(second)}")
    lost = sum(bool(a) and not b for a, b in zip(first, second))
    gained = sum(bool(b) and not a for a, b in zip(first, second))
    apart, fewer = lost + gained, min(lost, gained)
    # If both were equally good, each clip on which they differ would fall to either side as a coin does.
    return lost, gained, min(1.0, 2.0 * sum(comb(apart, k) for k in range(fewer + 1)) / 2.0**apart)
