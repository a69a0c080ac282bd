"""The augmented batches that training draws from mel rows. Touch it with the recipe of augmentation.

Every window is standardised in the same way as the daemon does, whole windows and filled ones alike.
"""

import numpy as np
import torch

from .gtzan import FLOOR_DB, FRAMES, LABELS, MELS, SHORTEST


def standardised(windows):
    """`training.windows.normalised` for a batch [batch, frames, mels] of torch tensors."""
    peak = windows.amax(dim=(1, 2), keepdim=True)
    windows = torch.maximum(windows, peak - FLOOR_DB)
    mean = windows.mean(dim=(1, 2), keepdim=True)
    deviation = windows.std(dim=(1, 2), keepdim=True, correction=0)
    return (windows - mean) / (deviation + 1e-6)


def varied(clip, frames, rng):
    """One augmented window [frames, mels] in dB of a clip: a part of it, filled, shifted and coloured."""
    total = len(clip)
    heard = frames if rng.random() < 0.6 else int(rng.integers(SHORTEST, frames + 1))
    start = int(rng.integers(0, total - heard + 1)) if heard < total else 0
    window = clip[start : start + heard][np.arange(frames) % heard]
    if heard == total:
        window = np.roll(window, int(rng.integers(0, frames)), axis=0)
    return coloured(window, rng)


def coloured(window, rng):
    """A window in dB moved by a few mels, as through another microphone or master: a smooth gain over frequency, a noise floor."""
    shift = int(rng.integers(-4, 5))
    if shift:
        window = window[:, np.clip(np.arange(MELS) - shift, 0, MELS - 1)]
    knots = rng.normal(0.0, 1.5, 6)
    window = window + np.interp(np.arange(MELS), np.linspace(0, MELS - 1, 6), knots).astype(np.float32)
    if rng.random() < 0.3:
        window = np.logaddexp(window * 0.23026, (window.max() - rng.uniform(50.0, 80.0)) * 0.23026) / 0.23026
    return window.astype(np.float32)


def masked(batch, rng):
    """SpecAugment: bands of mels and spans of frames set to the window's mean."""
    for window in batch:
        spans = len(window) // 10
        for axis, widest in ((1, 14), (1, 14), (0, spans), (0, spans)):
            width = int(rng.integers(0, widest + 1))
            start = int(rng.integers(0, window.shape[axis] - width + 1))
            window.narrow(axis, start, width).zero_()
    return batch


def mixed(x, y, rng):
    """Mixup: windows and their targets mixed in pairs."""
    share = torch.from_numpy(rng.beta(0.4, 0.4, len(x)).astype(np.float32))
    share = torch.maximum(share, 1.0 - share)
    other = torch.from_numpy(rng.permutation(len(x)))
    x = share[:, None, None] * x + (1.0 - share[:, None, None]) * x[other]
    return x, share[:, None] * y + (1.0 - share[:, None]) * y[other]


def plain(mel, target, rng, batch_size):
    """Batches (windows, one-hot targets) of one pass over the whole clips as they are, in random order."""
    order = rng.permutation(len(mel))
    for i in range(0, len(order), batch_size):
        take = order[i : i + batch_size]
        yield standardised(torch.from_numpy(mel[take])), one_hot(target[take])


def one_hot(target):
    return torch.nn.functional.one_hot(torch.from_numpy(target), len(LABELS)).float()


def augmented(mel, target, rng, batch_size, short, mix):
    """Batches (windows, one-hot or mixed targets) of one pass over the clips in random order.

    `short` is the share of batches of 5 to 10 s windows, which cost less; `mix` the share of batches whose windows
    are mixed in pairs.
    """
    order = rng.permutation(len(mel))
    for i in range(0, len(order) - batch_size // 2, batch_size):
        take = order[i : i + batch_size]
        frames = FRAMES if rng.random() >= short else int(rng.integers(64, 129))
        x = np.stack([varied(mel[k], frames, rng) for k in take])
        x = masked(standardised(torch.from_numpy(x)), rng)
        y = one_hot(target[take])
        yield mixed(x, y, rng) if rng.random() < mix else (x, y)
