"""The head's fit: multinomial logistic regression on the mean embedding of a scene's patches. Touch it to fit it otherwise."""

import numpy as np
import torch

from .. import mel
from . import inaspeech, scenes

# Patches of a scene; its samples are whole hops, with two columns at each end that reach into the neighbour and are left out.
PATCHES = 2
SCENE = (PATCHES * inaspeech.FRAMES + 4) * inaspeech.HOP


def patches(sounds):
    """Patches [scenes, PATCHES, 68, 24] of scenes of SCENE samples each."""
    columns = mel.columns(np.concatenate(sounds), inaspeech.FEATURES)[: len(sounds) * (SCENE // inaspeech.HOP)]
    columns = columns.reshape(len(sounds), -1, inaspeech.MELS)[:, 2:-2]
    return columns.reshape(len(sounds), PATCHES, inaspeech.FRAMES, inaspeech.MELS)


def examples(encoder, bank, seed, count):
    """x: mean embeddings [n, 256], label [n] and source [n] of `count` scenes a label."""
    drawn = scenes.many(bank, np.random.default_rng(seed), count, SCENE)
    columns = patches([sound for *_, sound in drawn])
    out = encoder(columns.reshape(-1, *columns.shape[2:])).reshape(len(drawn), PATCHES, -1)
    label, source = np.array([label for label, *_ in drawn]), np.array([source for _, source, _ in drawn])
    return {"x": out.mean(axis=1), "label": label, "source": source}


def logistic(x, label, penalty):
    """(matrix [labels, size], bias [labels]) by L-BFGS on standardised inputs, with `penalty` on the squared weights."""
    torch.set_num_threads(1)
    mean, deviation = x.mean(axis=0), x.std(axis=0) + 1e-2
    rows, target = torch.from_numpy((x - mean) / deviation), torch.from_numpy(label)
    matrix = torch.zeros(len(scenes.LABELS), x.shape[1], requires_grad=True)
    bias = torch.zeros(len(scenes.LABELS), requires_grad=True)
    optimiser = torch.optim.LBFGS([matrix, bias], max_iter=150, line_search_fn="strong_wolfe")

    def loss():
        optimiser.zero_grad()
        value = torch.nn.functional.cross_entropy(rows @ matrix.T + bias, target) + penalty * matrix.square().sum()
        value.backward()
        return value

    optimiser.step(loss)
    matrix = matrix.detach().numpy() / deviation
    return matrix, bias.detach().numpy() - matrix @ mean
