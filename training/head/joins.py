"""The sequences the head learns from: a clip alone, or one clip giving way to another inside the window.

Where clips are joined, the patches across the change hold both; they are drawn between the two. Short sequences stand
for windows that are not full yet.
"""

import numpy as np

# Patches of the longest sequences: every version of a clip has as many at least.
PATCHES = 27
# Share of batches of the longest ones.
FULL = 0.6
# Patches that imitate those across a change, of which there are three (187 frames at a stride of 61).
ACROSS = 2
# Patches of the new clip after which not naming its genre begins to cost, and after which it costs in full.
PATIENT, CERTAIN = 1.0, 4.0


class Pool:
    """Versions of clips to draw from: rows [clips, patches, numbers] and probabilities [clips, patches, labels]."""

    def __init__(self, sets, probabilities):
        self._versions = {}
        for s, p in zip(sets, probabilities):
            for name, target, rows, its in zip(s.names, s.target, s.rows, p):
                self._versions.setdefault(name, (int(target), []))[1].append((rows, its))
        self.names = sorted(self._versions)
        self.targets = np.array([self._versions[name][0] for name in self.names])

    def draw(self, clip, rng):
        """(rows, probabilities) of a random version of a clip, by its index."""
        versions = self._versions[self.names[clip]][1]
        return versions[int(rng.integers(len(versions)))]


def joined(pool, before, clip, length, rng):
    """`clip` after another, with a weight that grows with what has been heard of it."""
    fresh = int(rng.integers(1, length - ACROSS))
    kept = length - ACROSS - fresh
    old, new = (stretch(*pool.draw(index, rng), count, rng) for index, count in ((before, kept), (clip, fresh)))
    share = (np.arange(1, ACROSS + 1) / (ACROSS + 1.0))[:, None].astype(np.float32)
    rows, p = (np.concatenate([a, (1 - share) * a[-1] + share * b[0], b]) for a, b in zip(old, new))
    # Where forgetting is right: at the patches across the change and the first new one.
    joint = np.zeros(length, dtype=np.float32)
    joint[kept : kept + ACROSS + 1] = 1.0
    return rows, p, joint, float(np.clip((fresh - PATIENT) / (CERTAIN - PATIENT), 0.0, 1.0))


def stretch(rows, p, length, rng):
    start = int(rng.integers(0, len(rows) - length + 1))
    return rows[start : start + length], p[start : start + length]


def batch(pool, size, joins, rng):
    """Random sequences of one length: (rows, probabilities, joints) [size, patches, …], targets and weights [size].

    `joins` is the share of joined ones.
    """
    length = PATCHES if rng.random() < FULL else int(rng.integers(1, PATCHES + 1))
    out, clips = [], rng.integers(0, len(pool.names), size)
    for clip in clips:
        if length > ACROSS + 1 and rng.random() < joins:
            others = np.flatnonzero(pool.targets != pool.targets[clip])
            out.append(joined(pool, int(rng.choice(others)), int(clip), length, rng))
        else:
            out.append((*stretch(*pool.draw(int(clip), rng), length, rng), np.zeros(length, dtype=np.float32), 1.0))
    rows, p, joints, weights = zip(*out)
    weights = np.array(weights, dtype=np.float32)
    return np.stack(rows), np.stack(p).astype(np.float32), np.stack(joints), pool.targets[clips], weights
