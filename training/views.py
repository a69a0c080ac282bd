"""Varied windows of whole sets of clips, as `crnn-large` trains on. Touch it with its augmentation.

Its front end is fixed, so that each view is described once, before training. A view is standardised as in the daemon.
"""

from dataclasses import dataclass

import numpy as np
import torch

from .data import standardised
from .gtzan import FRAMES, MELS, SHORTEST


@dataclass(frozen=True)
class View:
    """How windows are varied; `filled` is the share of windows of which only a part was heard."""

    filled: float = 0.0
    # Most mels by which a window is shifted up or down.
    shift: int = 0
    # Deviation in dB of a smooth random gain over frequency, and the share of windows with a noise floor.
    gain: float = 0.0
    noise: float = 0.0


WHOLE = View()
VIEWS = (WHOLE,) + (View(0.3, 1), View(0.5, 2, 0.3, 0.1), View(0.3, 3, 0.7, 0.3)) * 4


def seen(clips, view, rng):
    """One standardised window [clips, frames, mels] of each of `clips`, dB [clips, frames, mels] in PyTorch."""
    windows = torch.empty_like(clips)
    for i, clip in enumerate(clips):
        heard = int(rng.integers(SHORTEST, FRAMES + 1)) if rng.random() < view.filled else FRAMES
        start = int(rng.integers(0, FRAMES if heard == FRAMES else FRAMES - heard + 1))
        columns = (start + np.arange(FRAMES) % heard) % FRAMES
        mels = np.clip(np.arange(MELS) - int(rng.integers(-view.shift, view.shift + 1)), 0, MELS - 1)
        window = clip[torch.from_numpy(columns)].index_select(1, torch.from_numpy(mels))
        knots = rng.normal(0.0, view.gain, 6)
        window += torch.from_numpy(np.interp(np.arange(MELS), np.linspace(0, MELS - 1, 6), knots).astype(np.float32))
        if rng.random() < view.noise:
            floor = window.max() - float(rng.uniform(45.0, 80.0))
            # Powers add, not decibels.
            window = torch.logaddexp(window * 0.23026, floor * 0.23026) / 0.23026
        windows[i] = window
    return standardised(windows)
