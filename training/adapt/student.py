"""musicnn's encoder in PyTorch, from its folded weights and back: what is trained, and the answers it is judged by.

Kernels and biases up to the dense layer are trained; batch normalisations, tags and projection stay, so that whatever reads
the embedding meets the numbers it knows. Touch it together with musicnn/encoder.py.
"""

import copy
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import nn
from torch.nn import functional

from ..head.linear import CLIP
from ..musicnn.encoder import REACH, TAGS
from .front import Loudest

TEMPORAL_FROM = 2


def initialisers(path):
    """{name: array} of the weights in an ONNX file."""
    return {w.name: numpy_helper.to_array(w) for w in onnx.load(str(path)).graph.initializer}


def projection(folder, weights):
    """(matrix [kept, 200], offset [kept]) of a model folder's encoder: residual = matrix · penultimate + offset."""
    found, dense = initialisers(Path(folder) / "encoder.onnx"), weights.dense
    matrix = found["rest.weight"].astype(np.float64) / dense.gain
    return matrix, found["rest.bias"] - matrix @ dense.shift


class Student(nn.Module):
    """Patches [batch, frames, mels] to the embedding's log-odds [batch, 50] and residual [batch, kept]."""

    def __init__(self, weights, matrix, offset):
        super().__init__()
        self._weights = weights
        layers = [*weights.front, *weights.middle, weights.dense]
        self.kernels = nn.ParameterList(nn.Parameter(torch.from_numpy(layer.kernel.copy())) for layer in layers)
        self.biases = nn.ParameterList(nn.Parameter(torch.from_numpy(layer.bias.copy())) for layer in layers)
        for i, layer in enumerate(layers):
            self.register_buffer(f"gain{i}", torch.from_numpy(layer.gain))
            self.register_buffer(f"shift{i}", torch.from_numpy(layer.shift))
        numbers = (np.concatenate([weights.tags.kernel, matrix]), np.concatenate([weights.tags.bias, offset]))
        for name, value in zip(("out", "out_bias"), numbers):
            self.register_buffer(name, torch.from_numpy(np.asarray(value, dtype=np.float32)))

    def _affine(self, x, i):
        gain, shift = getattr(self, f"gain{i}"), getattr(self, f"shift{i}")
        return x * gain[:, None] + shift[:, None]

    def _front(self, picture, i):
        """[batch, channels, frames] of one convolution of the front end: the largest over frequency, as the graph has it."""
        kernel = self.kernels[i]
        before = REACH if i < TEMPORAL_FROM else (kernel.shape[2] - 1) // 2
        padded = functional.pad(picture, (0, 0, before, kernel.shape[2] - 1 - before), value=self._weights.padding)
        sign = torch.where(getattr(self, f"gain{i}") < 0, -1.0, 1.0)
        x = Loudest.apply(padded, kernel * sign[:, None, None, None], self.biases[i] * sign)
        return self._affine(torch.relu(x * sign[:, None]), i)

    def forward(self, patches):
        count = len(self._weights.front)
        ones = torch.ones(len(patches), 1, patches.shape[1])
        x = torch.cat([self._front(patches, i) for i in range(count)] + [ones], dim=1)
        kept = [x]
        for i in range(count, count + len(self._weights.middle)):
            new = self._affine(torch.relu(functional.conv1d(x, self.kernels[i], self.biases[i], padding=3)), i)
            x = new if i == count else x + new
            kept.append(x)
        stacked, last = torch.cat(kept, dim=1), len(self.kernels) - 1
        x = torch.cat([stacked.amax(dim=2), stacked.mean(dim=2)], dim=1)
        x = torch.relu(x @ self.kernels[last].T + self.biases[last])
        x = x * getattr(self, f"gain{last}") + getattr(self, f"shift{last}")
        return (x @ self.out.T + self.out_bias).split([TAGS, len(self.out) - TAGS], dim=1)

    def weights(self):
        """The weights as musicnn/encoder.py writes them."""
        found = copy.copy(self._weights)
        count = len(found.front)
        layers = [copy.copy(layer) for layer in (*found.front, *found.middle, found.dense)]
        for layer, kernel, bias in zip(layers, self.kernels, self.biases):
            layer.kernel, layer.bias = kernel.detach().numpy().copy(), bias.detach().numpy().copy()
        found.front, found.middle, found.dense = layers[:count], layers[count:-1], layers[-1]
        return found


class PatchHead(nn.Module):
    """What a model folder's head says of single patches: logits [batch, labels]."""

    NAMES = ("tags", "rest", "correction_tags", "correction_rest", "correction_out")

    def __init__(self, folder):
        super().__init__()
        found = initialisers(Path(folder) / "head.onnx")
        for name in self.NAMES:
            self.register_buffer(name, torch.from_numpy(found[f"{name}.weight"].copy()))
        for name in ("bias", "correction_bias"):
            self.register_buffer(name, torch.from_numpy(found[name if name == "correction_bias" else "bias"].copy()))

    def forward(self, odds, rest):
        """Of log-odds and residuals; log-odds are cut off as the head cuts the tags."""
        most = float(np.log((1.0 - CLIP) / CLIP))
        cut = odds.clamp(-most, most)
        x = torch.cat([cut, torch.sigmoid(odds).sqrt()], dim=1) @ self.tags + rest @ self.rest + self.bias
        alone = cut @ self.correction_tags + self.correction_bias
        return x + (torch.relu(alone + rest @ self.correction_rest) - torch.relu(alone)) @ self.correction_out
