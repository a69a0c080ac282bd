"""Trains the head: its start, then what it learns to forget. Touch it with the recipe."""

import copy
from dataclasses import asdict, dataclass

import numpy as np
import torch

from ..fit import average
from ..windows import softmax
from . import start
from .joins import Pool, batch
from .network import Head
from .sequences import blocks


@dataclass(frozen=True)
class Recipe:
    """Settings; all were chosen on the valid clips."""

    # Dimensions of the residual, and penalties of the linear start's weights.
    kept: int = 96
    tags_penalty: float = 2e-2
    rest_penalty: float = 3e-2
    # The correction's hidden width and steps for each of its averaged members.
    corrected: int = 96
    members: int = 3
    correction_steps: int = 400
    # Folds by which the clips' own probabilities are told by a linear start that has not seen them.
    folds: int = 5
    steps: int = 2000
    size: int = 32
    joins: float = 0.5
    # Price of forgetting where nothing changes, for the sum of a; and of what is left of the old clip after a change.
    memory: float = 0.4
    notice: float = 1.0
    rate: float = 3e-3
    decay: float = 1e-2
    # The answer is a running mean of the weights.
    average: float = 0.998

    def settings(self):
        return asdict(self)


def only(clips, keep):
    """Some clips of a `sequences.Clips`."""
    names = [name for name, kept in zip(clips.names, keep) if kept]
    return type(clips)(clips.version, names, clips.target[keep], clips.rows[keep])


def unseen(sets, recipe):
    """Each set's patches' probabilities from starts that were fitted without the clip and its neighbours.

    On clips it was fitted on, the start is too sure of itself, and the head would learn to trust single patches.
    """
    names = sorted({name for s in sets for name in s.names})
    fold = dict(zip(names, blocks(names, recipe.folds)))
    folds = [np.array([fold[name] for name in s.names]) for s in sets]
    out = [np.zeros((*s.rows.shape[:2], 10), dtype=np.float32) for s in sets]
    for number in range(recipe.folds):
        rest = [only(s, f != number) for s, f in zip(sets, folds)]
        own = start.fit(rest, recipe)
        for s, f, p in zip(sets, folds, out):
            p[f == number] = softmax(own.logits(s.rows[f == number]))
    return out


def forgetting(beginning, sets, probabilities, seed, recipe, watch=None):
    """Train the recurrent part over a fixed start; `watch(step, head)` is called now and then."""
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    pool, head = Pool(sets, probabilities), Head(beginning)
    optimiser = torch.optim.AdamW(head.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.rate, total_steps=recipe.steps + 1, pct_start=0.1)
    mean, losses = copy.deepcopy(head), []
    for step in range(1, recipe.steps + 1):
        rows, p, joint, target, weight = (torch.from_numpy(a) for a in batch(pool, recipe.size, recipe.joins, rng))
        logits, forgotten = head.answer(rows, p)
        forgotten = forgotten[..., 0]
        loss = torch.nn.functional.nll_loss(logits, target, reduction="none") * weight
        # The price rises, because a head that has not yet learnt to tell changes would rather never forget.
        loss = loss + recipe.memory * step / recipe.steps * ((1.0 - joint) * forgotten).sum(dim=1)
        there = joint.amax(dim=1) * weight
        loss = (loss + recipe.notice * there * torch.exp(-(joint * forgotten).sum(dim=1))).mean()
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(head.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        average(mean, head, min(recipe.average, step / (step + 20.0)))
        losses.append(loss.item())
        if watch and step % (recipe.steps // 10) == 0:
            watch(step, float(np.mean(losses[-200:])), mean)
    return mean.eval()
