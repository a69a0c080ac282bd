"""The clips as sequences of patches: tags from the published table, tags and residuals from the embedding cache.

A version of a clip is [patches, 50 + kept]: tag probabilities, then the residual, zero where there is no audio. Touch
it when clips come from elsewhere.
"""

from dataclasses import dataclass

import numpy as np

from .. import inputs
from ..gtzan import LABELS
from ..musicnn import cache as store
from ..musicnn import embed
from ..musicnn.encoder import TAGS

PUBLISHED = "published"


@dataclass
class Clips:
    """Versions [clips, patches, numbers] of clips with `names` and labels' indices `target`."""

    version: str
    names: list
    target: np.ndarray
    rows: np.ndarray


def _clips(version, names, rows):
    names = [str(name) for name in names]
    return Clips(version, names, np.array([LABELS.index(name.split(".")[0]) for name in names]), rows.astype(np.float32))


def cached(cache, split, version):
    """(names, embeddings [clips, patches, 250]) of one version in the cache."""
    return store.read(store.path(cache, split, version), embed.fingerprint(cache, version))


def heard(cache, split, version, residual):
    """A version that was heard: tags and residuals."""
    names, embeddings = cached(cache, split, version)
    rows = np.concatenate([embeddings[..., :TAGS], residual.of(embeddings[..., TAGS:])], axis=-1)
    return _clips(version, names, rows)


def published(file, kept):
    """The published tags, with residuals of zero."""
    found = [(name, rows[: embed.PATCHES]) for name, _, rows in inputs.tag_rows(file) if len(rows) >= embed.PATCHES]
    tags = np.stack([rows for _, rows in found])
    rows = np.concatenate([tags, np.zeros((*tags.shape[:2], kept))], axis=-1)
    return _clips(PUBLISHED, [name for name, _ in found], rows)


def blocks(names, count):
    """A fold for each clip: a genre's clips in the order of their numbers, cut into `count` runs.

    Clips of an album or an artist mostly have neighbouring numbers in GTZAN, so runs keep them together better than
    chance does.
    """
    folds = {}
    for genre in LABELS:
        own = sorted(name for name in set(names) if name.split(".")[0] == genre)
        for fold, run in enumerate(np.array_split(np.array(own), count)):
            folds.update(dict.fromkeys(run.tolist(), fold))
    return np.array([folds[name] for name in names])
