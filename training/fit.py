"""Trains one network with one seed and keeps its best averaged weights. Touch it with the way of training.

The averaged weights (EMA) are validated every few epochs; the best by likelihood after fitting a temperature are kept.
"""

import copy
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from . import calibrate, data, streams
from .gtzan import LABELS


@dataclass
class Run:
    """The best network of one seed, its fitted loss on the choosing clips, and all epochs."""

    nll: float
    network: torch.nn.Module
    curve: list


def predict(network, mel):
    """Logits [clips, labels] of whole windows in dB [clips, frames, mels]."""
    network.eval()
    with torch.no_grad():
        parts = [network(heard(network, mel[i : i + 32])) for i in range(0, len(mel), 32)]
    return torch.cat(parts).numpy()


def heard(network, windows):
    """What the network gets of windows in dB [batch, frames, mels]."""
    if hasattr(network, "patch"):
        return torch.from_numpy(streams.heard(network, windows))
    return data.standardised(torch.from_numpy(windows))


def average(mean, network, decay):
    """Move `mean` (weights and batch-norm statistics) a step towards `network`."""
    with torch.no_grad():
        for m, n in zip(mean.state_dict().values(), network.state_dict().values()):
            m.lerp_(n, 1.0 - decay) if m.dtype.is_floating_point else m.copy_(n)


def loss_of(outputs, y, recipe):
    """(loss of the network's own output, loss to train on, which adds those of further outputs)."""
    outputs = outputs if isinstance(outputs, list) else [outputs]
    losses = [torch.nn.functional.cross_entropy(o, y, label_smoothing=recipe.smoothing) for o in outputs]
    return losses[0], losses[0] + recipe.aside * sum(losses[1:])


def batches(network, clips, rng, recipe):
    """The batches of one epoch."""
    if hasattr(network, "patch"):
        return streams.augmented(network, clips, rng, recipe.batch, recipe.short, recipe.mix)
    if recipe.augment:
        return data.augmented(clips.mel, clips.target, rng, recipe.batch, recipe.short, recipe.mix)
    return data.plain(clips.mel, clips.target, rng, recipe.batch)


def cycle(network, train, select, seed, number, recipe, curve):
    """One cycle of the learning rate, up and down; yields (loss, averaged network) at each validation.

    Its random numbers hang on nothing but the seed and its number, so that a run can be taken up between cycles.
    """
    rng = np.random.Generator(np.random.PCG64([seed, number] if number else seed))
    epochs, rate = recipe.epochs[number], recipe.rate * 0.5**number
    mean, step = copy.deepcopy(network), 0
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=recipe.decay)
    steps = epochs * int(np.ceil(len(train.mel) / recipe.batch))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps + 1, pct_start=0.08)
    for epoch in range(1, epochs + 1):
        started, losses = time.process_time(), []
        network.train()
        for x, y in batches(network, train, rng, recipe):
            own, total = loss_of(network(x), y, recipe)
            optimiser.zero_grad()
            total.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
            optimiser.step()
            schedule.step()
            step += 1
            average(mean, network, min(0.997, step / (step + 20.0)))
            losses.append(own.item())
        curve.append({"epoch": len(curve) + 1, "train_loss": round(float(np.mean(losses)), 4)})
        if epoch % recipe.every == 0 or epoch == epochs:
            logits = predict(mean, select.mel)
            loss = calibrate.nll(logits, select.target, calibrate.temperature(logits, select.target))
            right = float((logits.argmax(axis=1) == select.target).mean())
            curve[-1] |= {"valid_accuracy": round(right, 4), "valid_nll": round(loss, 4)}
            yield loss, mean
        print(f"seed {seed}", curve[-1], f"{time.process_time() - started:.1f} CPU-s", flush=True)


def fit(build, split, seed, recipe, keep=None):
    """Train one seed on a `splits.Split`; returns its `Run`.

    With `keep`, the weights are kept in that file after each cycle, and a run that is found there is taken up.
    """
    torch.manual_seed(seed)
    best = Run(np.inf, build(len(LABELS)), [])
    done, keep = 0, Path(keep) if keep else None
    if keep and keep.is_file():
        kept = torch.load(keep)
        if kept["settings"] != recipe.settings():
            raise SystemExit(f"{keep} was trained with other settings: remove it, or name another folder to keep in")
        best.network.load_state_dict(kept["state"])
        best.nll, best.curve, done = kept["nll"], kept["curve"], kept["cycles"]
    for number in range(done, len(recipe.epochs)):
        if number:
            torch.manual_seed(1000 * number + seed)
        # Each cycle starts from the best averaged weights so far.
        start = copy.deepcopy(best.network)
        for loss, mean in cycle(start, split.train, split.select, seed, number, recipe, best.curve):
            if loss < best.nll:
                best.nll, best.network = loss, copy.deepcopy(mean)
        if keep:
            keep.parent.mkdir(parents=True, exist_ok=True)
            state = {"nll": best.nll, "state": best.network.state_dict(), "curve": best.curve, "cycles": number + 1}
            torch.save(state | {"settings": recipe.settings()}, keep)
    best.network.eval()
    return best
