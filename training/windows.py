"""Windows of a clip: the grid they end on, filling, and normalisation.

This is the daemon's rule written a second time, for training and evaluation.
Touch it only together with the daemon's windows.
"""

import numpy as np


def ends(total, first, frames, stride):
    """Ends of a clip's windows, in columns, as (provisional, full) lists.

    A window ends after `first`, `first + stride`, … columns. Where columns are
    left beyond the last of these, a last window ends with the clip.
    """
    grid = list(range(first, total + 1, stride))
    if total > 0 and (not grid or grid[-1] < total):
        grid.append(total)
    return [e for e in grid if e < frames], [e for e in grid if e >= frames]


def scored(total, first, frames, stride):
    """Ends of the windows a clip's score is the mean of: the full ones, else the last one."""
    provisional, full = ends(total, first, frames, stride)
    return full or provisional[-1:]


def patch_starts(heard, frames, patch):
    """Where the patches of the last window begin: on the stream's own grid, as the daemon caches them.

    Columns beyond the grid, which only a clip's end has, are in one more patch
    that ends with the clip and overlaps the one before.
    """
    starts = list(range(0, heard - patch["frames"] + 1, patch["stride"]))
    if starts[-1] + patch["frames"] < heard:
        starts.append(heard - patch["frames"])
    return starts[-((frames - patch["frames"]) // patch["stride"] + 1) :]


def filled(columns, frames):
    """The last `frames` columns; fewer are repeated cyclically until they fill a window."""
    if len(columns) >= frames:
        return columns[-frames:]
    return columns[np.arange(frames) % len(columns)]


def normalised(window, rule):
    """The manifest's `normalise` over one whole window [frames, mels], as float32."""
    if rule["kind"] == "none":
        return window.astype(np.float32)
    window = np.maximum(window, window.max() - rule["floor_db"])
    window = window.astype(np.float64)
    return ((window - window.mean()) / (window.std() + 1e-6)).astype(np.float32)


def softmax(logits, temperature=1.0):
    """Probabilities over the last axis, calibrated by `temperature`."""
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    scaled = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return scaled / scaled.sum(axis=-1, keepdims=True)
