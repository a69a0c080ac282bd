#!/usr/bin/env python3
"""Compares mel columns that the daemon computed with librosa's on the same samples.

    compare.py FOLDER [--tolerance 1e-3]

FOLDER holds `features.json` (a manifest's [features] table) and, for each clip,
`NAME.samples.f32` (mono samples as resampled) and `NAME.mel.f32` (columns, one
frame after another). All are raw little-endian float32. Exit status: 0 within
the tolerance, 1 beyond it, 2 if there is nothing to compare. Needs librosa.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
from librosa_reference import columns


def main():
    parser = argparse.ArgumentParser(description="Compares the daemon's mel columns with librosa's.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tolerance", type=float, default=1e-3)
    args = parser.parse_args()
    clips = sorted(args.folder.glob("*.samples.f32"))
    settings = args.folder / "features.json"
    if not clips or not settings.is_file():
        print(f"{args.folder}: expected features.json and NAME.samples.f32 files", file=sys.stderr)
        return 2
    features = json.loads(settings.read_text(encoding="utf-8"))
    worst = 0.0
    for clip in clips:
        name = clip.name.removesuffix(".samples.f32")
        expected = columns(np.fromfile(clip, "<f4"), features)
        found = np.fromfile(clip.with_name(f"{name}.mel.f32"), "<f4")
        if found.size != expected.size:
            print(f"{name}: expected {expected.shape[0]} columns, found {found.size / features['n_mels']:g}")
            worst = np.inf
            continue
        apart = np.abs(found.reshape(expected.shape) - expected)
        # A value that is not a number compares with nothing: it counts as infinitely far.
        largest = float(np.nan_to_num(apart, nan=np.inf).max(initial=0.0))
        print(f"{name}: max |Δ| {largest:.2e} over {expected.shape[0]} columns")
        worst = max(worst, largest)
    print(f"overall: max |Δ| {worst:.2e} of {len(clips)} clips, tolerance {args.tolerance:g}")
    return 0 if worst <= args.tolerance else 1


if __name__ == "__main__":
    sys.exit(main())
