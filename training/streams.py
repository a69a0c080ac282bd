"""The augmented batches of a network that hears its clips as streams: columns at their level, of any number of patches.

Touch it with the recipe of augmentation of such networks; `data.py` has that of windows.
"""

import numpy as np
import torch

from . import mel
from .data import coloured, masked, mixed, one_hot

# Share of batches that begin in the midst of music, when the level has settled.
SETTLED = 0.5
# Rows are relative to their peaks; the recordings themselves lie 20 to 40 dB higher, which tells where the level finds its limit.
LOUDER_DB = (0.0, 40.0)


def heard(network, decibels):
    """What `network` gets of whole clips [.., columns, mels] in dB that begin its stream: as many columns as it hears."""
    return mel.levelled(decibels, network.features)[..., : network.window["frames"], :].astype(np.float32)


def piece(clip, columns, rng):
    """So many augmented columns of a clip in dB, from anywhere in it; past its end it goes on with its beginning."""
    start = int(rng.integers(0, len(clip)))
    x = coloured(clip[(start + np.arange(columns)) % len(clip)], rng)
    return x + np.float32(rng.uniform(*LOUDER_DB))


def batch(network, clips, columns, rng):
    """Augmented pieces [clips, columns, mels] at their level, as tensors."""
    lead = int(rng.integers(1, network.features["level"]["columns"] + 1)) if rng.random() < SETTLED else 0
    x = np.stack([piece(clip, lead + columns, rng) for clip in clips])
    x = torch.from_numpy(mel.levelled(x, network.features)[:, lead:]).clamp_min(network.floor_db)
    mean = x.mean(dim=(1, 2), keepdim=True)
    return masked(x - mean, rng) + mean


def augmented(network, clips, rng, batch_size, short, mix):
    """Batches (columns, one-hot or mixed targets) of one pass over `splits.Clips` in random order.

    `short` is the share of batches of a sixth to a third of the patches that the head hears, which cost less; `mix` the
    share of batches whose pieces are mixed in pairs.
    """
    order, patch = rng.permutation(len(clips.mel)), network.patch
    most = (network.window["frames"] - patch["frames"]) // patch["stride"] + 1
    for i in range(0, len(order) - batch_size // 2, batch_size):
        take = order[i : i + batch_size]
        patches = most if rng.random() >= short else int(rng.integers(most // 6, most // 3 + 1))
        x = batch(network, clips.mel[take], patch["frames"] + (patches - 1) * patch["stride"], rng)
        y = one_hot(clips.target[take])
        yield mixed(x, y, rng) if rng.random() < mix else (x, y)
