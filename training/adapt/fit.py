"""Distils the encoder into itself: degraded sound in, the answer to the same place's clean sound expected.

Touch it with the recipe. The state of a run is kept, so that an interrupted one goes on where it was.
"""

import copy
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from ..fit import average
from ..musicnn import encoder
from ..runner import Embeddings
from . import smear
from .sounds import PATCHES

# Log-odds beyond this are not told apart.
ODDS = 8.0


@dataclass(frozen=True)
class Recipe:
    """Settings; they were chosen on the valid clips."""

    # Degraded versions of each half minute.
    versions: int = 1
    steps_a_version: int = 1500
    steps: int = 500
    size: int = 16
    # Shares of clean patches and of those in a room drawn in the mel picture; the rest is degraded as sound.
    clean: float = 0.3
    smeared: float = 0.3
    # Share of patches from GTZAN's train clips rather than free music.
    clips: float = 0.7
    # A weight moves by this share of its tensor's root mean square in a step, at the most.
    rate: float = 3e-4
    warm_up: int = 100
    # Steps at the full rate.
    full: int = 1500
    average: float = 0.998
    # Prices of the residual's squares and of the divergence of the head's answers, beside the tags' squared log-odds.
    rest: float = 0.3
    answer: float = 2.0
    seed: int = 1

    def settings(self):
        return asdict(self)


def answers(network, pictures):
    """The teacher's embeddings [sounds, PATCHES, numbers] of clean pictures."""
    patch = {"frames": encoder.FRAMES, "stride": encoder.STRIDE}
    found = []
    for picture in pictures:
        known = Embeddings(network, patch, picture.astype(np.float32))
        found.append(np.stack([known[i * encoder.STRIDE] for i in range(PATCHES)]))
    return np.stack(found)


def spread(answers):
    """Standard deviation [50] of the tags' log-odds in the teacher's answers."""
    return odds(torch.from_numpy(answers[..., : encoder.TAGS])).flatten(0, -2).std(dim=0)


def odds(tags):
    """Log-odds of tag probabilities, within ±ODDS."""
    tags = tags.clamp(1e-6, 1.0 - 1e-6)
    return (torch.log(tags) - torch.log(1.0 - tags)).clamp(-ODDS, ODDS)


class Draw:
    """Batches of patches and the teacher's answers to their clean originals.

    `versions(number)` gives the columns of sounds of which the first `clips` are GTZAN's; `more` are (columns, answers, clips) of
    sounds that exist clean only.
    """

    def __init__(self, versions, taught, clips, more, recipe):
        self._versions, self._taught, self._clips, self._more, self._recipe = versions, taught, clips, more, recipe

    def _sound(self, known, own, rng):
        """(whether it is one of `more`, its number) of a random sound, GTZAN's own or another; `more` only if it is `known`."""
        pools = [(len(self._taught), self._clips), (len(self._more[1]), self._more[2]) if known else (0, 0)]
        counts = [clips if own else total - clips for total, clips in pools]
        number = int(rng.integers(sum(counts)))
        extra = number >= counts[0]
        return extra, number - extra * counts[0] + (0 if own else pools[extra][1])

    def __call__(self, step):
        """(patches [size, frames, mels], answers [size, numbers]) of a step: always the same ones for the same step."""
        recipe, rng = self._recipe, np.random.default_rng([self._recipe.seed, step])
        # One version after the other, so that a run may begin before all are made.
        clean, degraded = self._versions(0), self._versions(1 + (step - 1) // recipe.steps_a_version % recipe.versions)
        patches, answers = [], []
        for _ in range(recipe.size):
            own, number, kind = rng.random() < recipe.clips, int(rng.integers(PATCHES)), rng.random()
            known = kind < recipe.clean + recipe.smeared
            extra, sound = self._sound(known, own, rng)
            start = number * encoder.STRIDE
            columns, taught = (self._more[0], self._more[1]) if extra else (clean if known else degraded, self._taught)
            columns = columns[sound, start : start + encoder.FRAMES].astype(np.float32)
            patches.append(smear.room(columns, rng) if recipe.clean <= kind and known else columns)
            answers.append(taught[sound, number])
        return torch.from_numpy(np.stack(patches)), torch.from_numpy(np.stack(answers))


def losses(student, head, patches, answers, spread, recipe):
    """(loss, its parts) of one batch."""
    wanted, rest = odds(answers[:, : encoder.TAGS]), answers[:, encoder.TAGS :]
    found, own = student(patches)
    parts = {
        "tags": (((found.clamp(-ODDS, ODDS) - wanted) / spread) ** 2).mean(),
        "rest": ((own - rest) ** 2).mean(),
        "answer": functional.kl_div(
            head(found, own).log_softmax(1), head(wanted, rest).log_softmax(1), reduction="batchmean", log_target=True
        ),
    }  # fmt: skip
    return parts["tags"] + recipe.rest * parts["rest"] + recipe.answer * parts["answer"], parts


def optimiser_of(student, recipe):
    """Adam, with a rate for each tensor that goes with its size."""
    groups = []
    for parameter in student.parameters():
        size = float(parameter.detach().pow(2).mean().sqrt())
        groups.append({"params": [parameter], "lr": recipe.rate * size, "full": recipe.rate * size})
    return torch.optim.Adam(groups, betas=(0.9, 0.99))


def run(student, head, draw, spread, recipe, keep=None, watch=lambda step, student, parts: None, every=100):
    """Train `student`; returns the running mean of its weights. `watch` is told every `every` steps."""
    torch.manual_seed(recipe.seed)
    optimiser, mean, first, sums = optimiser_of(student, recipe), copy.deepcopy(student), 1, {}
    if keep and Path(keep).is_file():
        state = torch.load(keep)
        student.load_state_dict(state["student"])
        mean.load_state_dict(state["mean"])
        optimiser.load_state_dict(state["optimiser"])
        first = state["step"] + 1
    for step in range(first, recipe.steps + 1):
        loss, parts = losses(student, head, *draw(step), spread, recipe)
        optimiser.zero_grad()
        loss.backward()
        # A slow fall that knows no end, so that a run may end at any step.
        share = min(step / recipe.warm_up, 1.0, (recipe.full / step) ** 0.5)
        for group in optimiser.param_groups:
            group["lr"] = group["full"] * share
        optimiser.step()
        average(mean, student, min(recipe.average, step / (step + 20.0)))
        for name, value in parts.items():
            sums[name] = sums.get(name, 0.0) + value.item() / every
        if step % every == 0 or step == recipe.steps:
            watch(step, mean, sums)
            sums = {}
            if keep:
                state = {"student": student.state_dict(), "mean": mean.state_dict(), "optimiser": optimiser.state_dict(), "step": step}
                partial = Path(keep).with_suffix(".partial")
                torch.save(state, partial)
                partial.rename(keep)
    return mean.eval()
