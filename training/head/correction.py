"""What the linear start gets wrong under degraded sound: one hidden layer over the logits of each patch.

It learns from degraded clips and is held to the linear start on clean ones. Clips that exist as sound are of few genres; as
in linear.py, their likelihood carries log P(heard | genre), or degraded sound as such would come to speak for those.
Where there are tags only, the correction is exactly zero: relu(tags + rest) − relu(tags) at rest = 0.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from ..musicnn.embed import CLEAN, is_degraded
from ..musicnn.encoder import TAGS
from . import linear
from .sequences import PUBLISHED

BATCH = 512
# Share of clean patches in a batch, and the weight of what they cost: the divergence from the linear start.
CLEAN_SHARE, KEEP = 0.3, 1.0
# Regularisation, without which it would learn the train clips: noise on its standardised inputs, dropout, decay.
NOISE, DROPOUT, DECAY = 0.5, 0.5, 3.0
RATE = 3e-3


@dataclass
class Correction:
    """Logits to add: (relu(odds @ tags + bias + rest @ rest) − relu(odds @ tags + bias)) @ out."""

    tags: np.ndarray
    rest: np.ndarray
    bias: np.ndarray
    out: np.ndarray

    def logits(self, rows):
        """[.., labels] of rows [.., 50 + kept]."""
        alone = linear.odds(rows[..., :TAGS]) @ self.tags + self.bias
        both = alone + rows[..., TAGS:] @ self.rest
        return (np.maximum(both, 0.0) - np.maximum(alone, 0.0)) @ self.out


def together(members):
    """One correction whose logits are the mean of the members'."""
    out = np.concatenate([m.out for m in members]) / len(members)
    wide = [np.concatenate([getattr(m, name) for m in members], axis=-1) for name in ("tags", "rest", "bias")]
    return Correction(*wide, out)


def fit(start, sets, hidden, members, steps):
    """Fit `members` corrections of the fixed linear start on `sequences.Clips`, and average them."""
    heard = [(s, o) for s, o in zip(sets, linear.offsets(sets)) if s.version != PUBLISHED]
    if not any(is_degraded(s.version) for s, _ in heard):
        raise ValueError("expected degraded versions of the clips, found none")
    rows = np.concatenate([s.rows.reshape(-1, s.rows.shape[-1]) for s, _ in heard])
    times = [s.rows.shape[1] for s, _ in heard]
    target = torch.from_numpy(np.concatenate([np.repeat(s.target, n) for (s, _), n in zip(heard, times)]))
    offset = np.concatenate([np.tile(o, (len(s.names) * n, 1)) for (s, o), n in zip(heard, times)])
    clean = np.concatenate([np.full(len(s.names) * n, s.version == CLEAN) for (s, _), n in zip(heard, times)])
    x = np.concatenate([linear.odds(rows[:, :TAGS]), rows[:, TAGS:]], axis=-1)
    mean, deviation = x.mean(axis=0), x.std(axis=0)
    # The residual keeps its zero, which stands for what was not heard.
    mean[TAGS:] = 0.0
    tensor = lambda a: torch.from_numpy(np.ascontiguousarray(a)).float()
    data = tensor((x - mean) / deviation), tensor(start.logits(rows)), tensor(offset), target, clean
    found = [_member(*data, hidden, steps, seed) for seed in range(1, members + 1)]
    scaled = [(w / deviation[:, None], b - (mean / deviation) @ w, out) for w, b, out in found]
    return together([Correction(w[:TAGS], w[TAGS:], b, out) for w, b, out in scaled])


def _member(x, base, offset, target, clean, hidden, steps, seed):
    """(first layer, its bias, second layer) over standardised inputs, by one seed."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    first, second = torch.nn.Linear(x.shape[1], hidden), torch.nn.Linear(hidden, base.shape[1], bias=False)
    torch.nn.init.zeros_(second.weight)
    parameters = [*first.parameters(), *second.parameters()]
    optimiser = torch.optim.AdamW(parameters, lr=RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps + 1)
    kept, count = [np.flatnonzero(clean), np.flatnonzero(~clean)], round(CLEAN_SHARE * BATCH)
    for _ in range(steps):
        drawn = torch.from_numpy(np.concatenate([rng.choice(kept[0], count), rng.choice(kept[1], BATCH - count)]))
        noisy = x[drawn] + NOISE * torch.randn(BATCH, x.shape[1])
        alone = noisy * (torch.arange(x.shape[1]) < TAGS)
        logits = base[drawn] + second(functional.dropout(torch.relu(first(noisy)) - torch.relu(first(alone)), DROPOUT))
        degraded = drawn[count:]
        loss = functional.cross_entropy(logits[count:] + offset[degraded], target[degraded])
        told, said = (torch.log_softmax(v[:count], dim=1) for v in (logits, base[drawn]))
        loss = loss + KEEP * functional.kl_div(told, said, reduction="batchmean", log_target=True)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return [v.detach().double().numpy() for v in (first.weight.T, first.bias, second.weight.T)]
