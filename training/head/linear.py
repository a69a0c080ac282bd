"""The linear start of the head: one logistic regression on every patch, of tags and residuals together.

Audio exists for some genres far more often than for others. A clip's having a residual at all would then speak for
those genres; the likelihood of the clips that were heard therefore carries log P(heard | genre), as in a case-control
study, and what is learnt is free of it.
"""

from dataclasses import dataclass

import numpy as np
import torch

from ..gtzan import LABELS
from ..musicnn.embed import is_degraded
from ..musicnn.encoder import TAGS
from .sequences import PUBLISHED

# Tag probabilities are cut off here before their log-odds are taken.
CLIP = 1e-3


@dataclass
class Linear:
    """Logits of a patch: tags (log-odds, then square roots) @ tags + residual @ rest + bias."""

    tags: np.ndarray
    rest: np.ndarray
    bias: np.ndarray

    def logits(self, rows):
        """[.., labels] of rows [.., 50 + kept]."""
        return features(rows[..., :TAGS]) @ self.tags + rows[..., TAGS:] @ self.rest + self.bias


def odds(tags):
    """Log-odds of tag probabilities."""
    cut = np.clip(tags, CLIP, 1.0 - CLIP)
    return np.log(cut / (1.0 - cut))


def features(tags):
    """Log-odds and square roots of tag probabilities, [.., 100]."""
    return np.concatenate([odds(tags), np.sqrt(tags)], axis=-1)


def weights(sets):
    """A weight for each clip: 1 for the published version, 0.5 for the clean one, 1.5 shared by the degraded ones."""
    degraded = sum(1 for s in sets if is_degraded(s.version))
    share = {PUBLISHED: 1.0, "clean": 0.5}
    return [np.full(len(s.names), share.get(s.version, 1.5 / max(degraded, 1))) for s in sets]


def offsets(sets):
    """log P(heard | genre) for the versions that were heard; a genre never heard takes no part."""
    count = {s.version: np.bincount(s.target, minlength=len(LABELS)) for s in sets}
    share = count["clean"] / np.maximum(count[PUBLISHED], 1) if "clean" in count else np.ones(len(LABELS))
    with np.errstate(divide="ignore"):
        heard = np.maximum(np.log(share), -30.0)
    return [np.zeros(len(LABELS)) if s.version == PUBLISHED else heard for s in sets]


def fit(sets, tags_penalty, rest_penalty):
    """Fit on `sequences.Clips`; the penalties are those of squared weights beside the mean loss of a patch."""
    every = [s.rows.reshape(-1, s.rows.shape[-1]) for s in sets]
    patches = [s.rows.shape[1] for s in sets]
    x = features(np.concatenate([rows[:, :TAGS] for rows in every]))
    mean, deviation = x.mean(axis=0), x.std(axis=0)
    tensor = lambda a: torch.from_numpy(np.ascontiguousarray(a)).float()
    x, rest = tensor((x - mean) / deviation), tensor(np.concatenate([rows[:, TAGS:] for rows in every]))
    target = torch.from_numpy(np.concatenate([np.repeat(s.target, n) for s, n in zip(sets, patches)]))
    weight = tensor(np.concatenate([np.repeat(w / n, n) for w, n in zip(weights(sets), patches)]))
    weight = weight / weight.sum()
    offset = tensor(np.concatenate([np.tile(o, (len(rows), 1)) for o, rows in zip(offsets(sets), every)]))
    w = [torch.zeros(n, len(LABELS), requires_grad=True) for n in (x.shape[1], rest.shape[1], 1)]
    optimiser = torch.optim.LBFGS(w, max_iter=300, line_search_fn="strong_wolfe", tolerance_grad=1e-5)

    def loss():
        optimiser.zero_grad()
        logits = x @ w[0] + rest @ w[1] + w[2] + offset
        value = (torch.nn.functional.cross_entropy(logits, target, reduction="none") * weight).sum()
        value = value + tags_penalty * (w[0] ** 2).sum() + rest_penalty * (w[1] ** 2).sum()
        value.backward()
        return value

    optimiser.step(loss)
    tags, rest, bias = (v.detach().double().numpy() for v in w)
    tags = tags / deviation[:, None]
    return Linear(tags, rest, bias[0] - mean @ tags)
