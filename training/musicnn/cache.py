"""The cache of embeddings: a file a version of a split, with a fingerprint of what made it. Touch it with its form.

A file whose fingerprint is another is made again by training.musicnn.embed, and refused by what reads it.
"""

import hashlib
import json
from pathlib import Path

import numpy as np

from ..degrade import EDITION
from ..manifest import Refused, sha256

ENCODER = "encoder.onnx"


def path(cache, split, version):
    """The file of one version of a split's clips."""
    return Path(cache) / f"{split}-{version}.npz"


def fingerprint(cache, settings, degraded):
    """Hex SHA-256 of the encoder in the cache, the `settings` (what JSON can say) and, if it matters, the degradations."""
    encoder = Path(cache) / ENCODER
    if not encoder.is_file():
        raise Refused(f"{encoder} is missing: run python -m training.musicnn.embed first")
    made_by = {"encoder": sha256(encoder), "settings": settings, "degradations": EDITION if degraded else None}
    return hashlib.sha256(json.dumps(made_by, sort_keys=True).encode()).hexdigest()


def is_current(file, mark):
    """Whether `file` is there and was made by what `mark` stands for."""
    if not file.is_file():
        return False
    with np.load(file) as arrays:
        return "fingerprint" in arrays and str(arrays["fingerprint"]) == mark


def read(file, mark):
    """(names, embeddings [clips, patches, numbers]) of a current file."""
    if not is_current(file, mark):
        raise Refused(f"{file} is missing or was made by other settings: run python -m training.musicnn.embed first")
    with np.load(file) as arrays:
        return list(arrays["name"]), arrays["embedding"]


def write(file, mark, names, embeddings):
    """Write a file whole or not at all."""
    partial = file.with_suffix(".partial.npz")
    np.savez(partial, name=names, embedding=embeddings, fingerprint=mark)
    partial.rename(file)
