"""Mel rows from a person's own GTZAN: `python -m training.prepare --audio GENRES --out DIR`.

GENRES holds a folder a genre with its clips, as GTZAN is distributed (`blues/blues.00000.wav`; .au, .ogg and .flac
are read too). Writes DIR/gtzan_mel/train.npz, valid.npz and excluded.npz by the lists under training/lists; the test
clips are left alone. Exit status: 0 done, 2 for a folder that lacks clips.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

from . import gtzan, mel
from .inputs import decode
from .manifest import Refused

SUFFIXES = (".wav", ".au", ".ogg", ".flac")


def row(path):
    """uint8 [mels, frames] of a clip; one that is shorter than a window is refused."""
    columns = mel.columns(decode(path, gtzan.FEATURES["sample_rate"]), gtzan.FEATURES)
    if len(columns) < gtzan.FRAMES:
        raise Refused(f"{path}: expected at least {gtzan.FRAMES} columns (29.9 s), found {len(columns)}")
    return gtzan.eight_bit(columns[: gtzan.FRAMES])


def find(folder, name):
    """The file of a clip such as "blues.00000"."""
    genre = name.split(".")[0]
    for suffix in SUFFIXES:
        path = folder / genre / f"{name}{suffix}"
        if path.is_file():
            return path
    raise Refused(f"{folder / genre}: no {name} with {', '.join(SUFFIXES)}")


def prepare(audio, out, lists=None):
    """Write the rows of every list ({split: names}; by default GTZAN's own three)."""
    out = Path(out) / "gtzan_mel"
    out.mkdir(parents=True, exist_ok=True)
    for split, names in (lists or {split: gtzan.names(split) for split in gtzan.SPLITS}).items():
        rows = np.stack([row(find(Path(audio), name)) for name in names])
        np.savez_compressed(out / f"{split}.npz", mel=rows, name=np.array(names))
        print(f"{split}: {len(rows)} clips", flush=True)


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m training.prepare", description=__doc__)
    parser.add_argument("--audio", required=True, type=Path, help="folder that holds a folder a genre")
    parser.add_argument("--out", required=True, type=Path, help="folder to write gtzan_mel/ into")
    args = parser.parse_args(arguments)
    try:
        prepare(args.audio, args.out)
    except Refused as refusal:
        print(f"prepare: {refusal}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
