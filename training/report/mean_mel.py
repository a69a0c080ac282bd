"""The mean mel picture of each genre, small and in 8 bits, for report.json and its picture."""

import numpy as np

STEPS, BANDS = 32, 64


def blocks(count, parts):
    """Edges of `parts` blocks of nearly the same size."""
    return np.linspace(0, count, parts + 1).round().astype(int)[:-1]


def mean_mel(columns, target, labels):
    """{"steps", "bands", "low", "high", "genres": {label: [band as hexadecimal bytes, the lowest first]}}.

    columns: log-mel [clips, frames, mels] in the unit of the model's features; a byte v stands for
    low + (high - low) v / 255 of that unit.
    """
    steps, bands = min(STEPS, columns.shape[1]), min(BANDS, columns.shape[2])
    means = {}
    for i, label in enumerate(labels):
        if not (target == i).any():
            continue
        mean = columns[target == i].mean(axis=0, dtype=np.float64)
        for axis, parts in ((0, steps), (1, bands)):
            edges = blocks(mean.shape[axis], parts)
            sizes = np.diff(np.r_[edges, mean.shape[axis]])
            mean = np.add.reduceat(mean, edges, axis=axis) / np.expand_dims(sizes, 1 - axis)
        means[label] = mean
    low, high = min(m.min() for m in means.values()), max(m.max() for m in means.values())
    genres = {
        label: [bytes(row).hex() for row in np.round((m.T - low) / (high - low) * 255.0).astype(np.uint8)]
        for label, m in means.items()
    }
    return {"steps": steps, "bands": bands, "low": round(low, 3), "high": round(high, 3), "genres": genres}


def picture(rows):
    """uint8 [bands, steps] of one genre, the lowest band first."""
    return np.stack([np.frombuffer(bytes.fromhex(row), dtype=np.uint8) for row in rows])
