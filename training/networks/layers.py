"""What the networks share: normalised bands, convolution blocks, and their plain ONNX nodes."""

import numpy as np
import torch
from torch import nn


class Bands(nn.Module):
    """Each mel band normalised on its own, [batch, frames, mels] in and out.

    Without it the slope of every spectrum, the same for all music, drowns the rest.
    """

    def __init__(self, mels):
        super().__init__()
        self.norm = nn.BatchNorm1d(mels)

    def forward(self, x):
        return self.norm(x.transpose(1, 2)).transpose(1, 2)

    def nodes(self, graph, x):
        gain, offset = scale(self.norm)
        x = graph.node("Mul", [x, graph.weight("bands.gain", gain.numpy())], "bands_scaled")
        return graph.node("Add", [x, graph.weight("bands.offset", offset.numpy())], "bands")


# ONNX Runtime computes convolutions in blocks of so many channels, and must reorder what does not fill its blocks.
BLOCK = 16


def filled(array, *axes):
    """`array` with zeros up to whole blocks of channels along these axes; a picture's one channel stays one."""
    return np.pad(array, [(0, -size % BLOCK if axis in axes and size > 1 else 0) for axis, size in enumerate(array.shape)])


class Convolution(nn.Module):
    """Convolution with `same` padding, max pooling, batch normalisation, ReLU, dropout of whole maps.

    Pooled first, the normalisation costs a quarter less of the whole training. A `streamed` one, of an odd kernel, is not
    padded over time: whatever is cut out of a longer picture gives the same columns.
    """

    def __init__(self, before, channels, kernel, pool, dropout, padding=(0, 0), streamed=False):
        super().__init__()
        self.kernel, self.pool, self.padding = kernel, pool, padding
        # An even kernel is padded by one more behind than before.
        self.before, self.behind = (kernel - 1) // 2, kernel // 2
        self.over_time = (0, 0) if streamed else (self.before, self.behind)
        same = self.before if kernel % 2 else 0
        self.conv = nn.Conv2d(before, channels, kernel, padding=(0 if streamed else same, same), bias=False)
        self.norm = nn.BatchNorm2d(channels)
        self.dropout = nn.Dropout2d(dropout)

    def forward(self, x):
        if self.before != self.behind:
            x = nn.functional.pad(x, (self.before, self.behind) * 2)
        x = nn.functional.max_pool2d(self.conv(x), self.pool, padding=self.padding)
        return self.dropout(torch.relu(self.norm(x)))

    def nodes(self, graph, x, name):
        """The normalisation goes into the convolution: a positive gain leaves the largest of a pool the largest."""
        gain, offset = (part.numpy() for part in scale(self.norm))
        weight = self.conv.weight.detach().numpy()
        positive = (gain > 0).all()
        if positive:
            weight = weight * gain[:, None, None, None]
        pads = [self.over_time[0], self.before, self.over_time[1], self.behind]
        x = graph.conv(x, filled(weight, 0, 1), filled(offset if positive else 0 * offset, 0), name, pads=pads)
        if positive:
            return graph.max_pool(graph.relu(x, f"{name}_relu"), self.pool, self.padding, f"{name}_pool")
        x = graph.max_pool(x, self.pool, self.padding, f"{name}_pool")
        gain, offset = (filled(part, 0)[:, None, None] for part in (gain, offset))
        x = graph.node("Mul", [x, graph.weight(f"{name}.gain", gain)], f"{name}_scaled")
        x = graph.node("Add", [x, graph.weight(f"{name}.offset", offset)], f"{name}_norm")
        return graph.relu(x, f"{name}_relu")

    def steps(self, frames):
        """Columns that are left of `frames`."""
        return (frames + 2 * self.padding[0]) // self.pool[0]


def scale(norm):
    """(gain, offset) per channel that a trained batch normalisation comes to."""
    gain = (norm.weight / torch.sqrt(norm.running_var + norm.eps)).detach()
    return gain, (norm.bias - norm.running_mean * gain).detach()


def weights(linear):
    """Weight and bias as numpy arrays."""
    return linear.weight.detach().numpy(), linear.bias.detach().numpy()


def recurrent(module, layer, order, suffix=""):
    """Kernel, recurrence and the two biases of a layer of nn.LSTM or nn.GRU in ONNX's shapes.

    `order` holds PyTorch's gates in the order in which ONNX wants them.
    """
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    parts = [getattr(module, f"{name}_l{layer}{suffix}").detach().numpy() for name in names]
    w, r, b_in, b_out = (np.concatenate([np.split(part, len(order))[gate] for gate in order]) for part in parts)
    return w, r, np.concatenate([b_in, b_out])
