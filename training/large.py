"""Trains `crnn-large`: `training.train crnn-large` ends here. Touch it with the way its parts are trained.

The front end describes thirteen views of every clip once. The linear path is a logistic regression on them; each member
is trained by itself for a fixed number of epochs and averaged over its steps. No clip of the valid list chooses an
epoch or a seed: they chose this recipe, and fit the calibration.
"""

import copy
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch.nn.functional import cross_entropy, one_hot

from . import calibrate
from .fit import average, predict
from .gtzan import LABELS
from .networks.crnn_large import CrnnLarge, Member
from .views import VIEWS, seen


@dataclass(frozen=True)
class LargeRecipe:
    """Settings of the model; they stand in its report.json."""

    # How often each of `VIEWS` counts in the logistic regression, whose inverse penalty is that of one clip.
    linear_views: tuple = (4, 1, 1, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0)
    inverse_penalty: float = 0.03
    epochs: int = 45
    rate: float = 3e-3
    decay: float = 5e-2
    batch: int = 32
    # Share of a member's windows that are whole and unvaried, of batches of 16 to 39 blocks, of batches with mixup, of masked blocks.
    whole: float = 0.3
    short: float = 0.5
    mix: float = 0.3
    masked: float = 0.1
    smoothing: float = 0.05

    def settings(self):
        return asdict(self)


class Described:
    """Statistics [views, clips, n] and blocks [views, clips, steps, m] of clips, from the front end."""

    def __init__(self, front, clips, seed):
        rng = np.random.Generator(np.random.PCG64([seed, 0]))
        mel, parts = torch.from_numpy(np.ascontiguousarray(clips.mel)), []
        for view in VIEWS:
            chunks = [front(seen(some, view, rng)) for some in mel.split(34)]
            parts.append([torch.cat(part) for part in zip(*chunks)])
        self.statistics, self.blocks = (torch.stack(part) for part in zip(*parts))
        self.target = torch.from_numpy(clips.target)


def fit_linear(network, described, recipe):
    """Logistic regression of the statistics, by L-BFGS."""
    count = torch.tensor(recipe.linear_views, dtype=torch.float32)
    views = count.nonzero().flatten()
    x = network.statistics(described.statistics[views]).flatten(0, 1)
    y = described.target.repeat(len(views))
    weight = count[views].repeat_interleave(len(described.target)) / count.sum()
    for part in network.linear.parameters():
        torch.nn.init.zeros_(part)
    optimiser = torch.optim.LBFGS(network.linear.parameters(), max_iter=150, tolerance_change=1e-7, line_search_fn="strong_wolfe")

    def loss():
        optimiser.zero_grad()
        total = (weight * cross_entropy(network.linear(x), y, reduction="none")).sum()
        total = total + network.linear.weight.square().sum() / (2.0 * recipe.inverse_penalty)
        total.backward()
        return total

    optimiser.step(loss)


def batch(blocks, target, rng, take, recipe):
    """One batch of augmented sequences of blocks [views, clips, steps, m] and mixed one-hot targets."""
    view = np.where(rng.random(len(take)) < recipe.whole, 0, rng.integers(0, len(blocks), len(take)))
    x, y = blocks[view, take], one_hot(target[take], len(LABELS)).float()
    if rng.random() < recipe.short:
        steps = int(rng.integers(16, 40))
        start = int(rng.integers(0, x.shape[1] - steps + 1))
        x = x[:, start : start + steps]
    else:
        x = torch.roll(x, int(rng.integers(x.shape[1])), 1)
    x = x * torch.from_numpy(rng.random((len(take), x.shape[1], 1)) >= recipe.masked)
    if rng.random() < recipe.mix:
        share = torch.from_numpy(rng.beta(0.4, 0.4, len(take)).astype(np.float32))
        share, other = torch.maximum(share, 1.0 - share), torch.from_numpy(rng.permutation(len(take)))
        x = share[:, None, None] * x + (1.0 - share[:, None, None]) * x[other]
        y = share[:, None] * y + (1.0 - share[:, None]) * y[other]
    return x, y


def fit_member(blocks, target, seed, recipe):
    """(averaged member, loss of every epoch) of one seed, on normalised blocks [views, clips, steps, m]."""
    torch.manual_seed(seed)
    rng = np.random.Generator(np.random.PCG64(seed))
    member = Member(blocks.shape[-1], len(LABELS))
    mean, step, losses = copy.deepcopy(member), 0, []
    optimiser = torch.optim.AdamW(member.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
    clips = len(target)
    total = recipe.epochs * -(-clips // recipe.batch) + 1
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.rate, total_steps=total, pct_start=0.15)
    for _ in range(recipe.epochs):
        order, epoch = rng.permutation(clips), []
        for i in range(0, clips, recipe.batch):
            x, y = batch(blocks, target, rng, order[i : i + recipe.batch], recipe)
            loss = cross_entropy(member(x), y, label_smoothing=recipe.smoothing)
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(member.parameters(), 2.0)
            optimiser.step()
            schedule.step()
            step += 1
            average(mean, member, min(0.99, step / (step + 20.0)))
            epoch.append(loss.item())
        losses.append(float(np.mean(epoch)))
    return mean.eval(), losses


def fit_large(clips, seeds, recipe):
    """(network of all seeds, [{"epoch", "train_loss"}] of its first member) trained on `splits.Clips`."""
    network = CrnnLarge(len(LABELS), members=len(seeds))
    described = Described(network.front, clips, 5)
    network.statistics.measure(described.statistics[0])
    network.blocks.measure(described.blocks[0])
    fit_linear(network, described, recipe)
    blocks, curves = network.blocks(described.blocks), []
    for i, seed in enumerate(seeds):
        network.members[i], losses = fit_member(blocks, described.target, seed, recipe)
        print(f"crnn-large: seed {seed}, loss {losses[-1]:.4f}", flush=True)
        curves.append(losses)
    return network.eval(), [{"epoch": i, "train_loss": round(loss, 4)} for i, loss in enumerate(curves[0], start=1)]


def alone(network, index):
    """The network with one member only."""
    single = CrnnLarge(len(LABELS), members=1)
    for name in ("statistics", "blocks", "linear"):
        setattr(single, name, getattr(network, name))
    single.members[0] = network.members[index]
    return single.eval()


def fitted(logits, target):
    """(accuracy, likelihood loss after fitting its temperature) of logits."""
    loss = calibrate.nll(logits, target, calibrate.temperature(logits, target))
    return float((logits.argmax(axis=1) == target).mean()), loss


def figures(network, clips):
    """`fitted` of a network on clips."""
    return fitted(predict(network, clips.mel), clips.target)


def parts_of(network, clips):
    """What each of the two paths reaches by itself on clips: {"linear", "members": {"accuracy", "nll"}}."""
    linear, whole = copy.deepcopy(network), predict(network, clips.mel)
    for member in linear.members:
        for part in member.output.parameters():
            torch.nn.init.zeros_(part)
    alone_linear = predict(linear, clips.mel)
    parts = {"linear": alone_linear, "members": whole - alone_linear}
    return {
        name: dict(zip(("accuracy", "nll"), (round(v, 4) for v in fitted(logits, clips.target)))) for name, logits in parts.items()
    }
