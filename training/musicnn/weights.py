"""musicnn's weights as its layers need them: batch normalisation folded, TensorFlow's layouts turned.

Most channels of the front end have died in training: their kernels are zero, so that they say the same of any sound. They are
left out, and one channel of ones says what they say together.

The layout of the network (Pons and Serra 2019, https://arxiv.org/abs/1909.06654)
is that of the PyPI package `musicnn` 0.1.0. Every layer there is convolution or
dense, ReLU, batch normalisation; the largest value over frequency comes last.
"""

from dataclasses import dataclass

import numpy as np

from . import checkpoint

EPSILON = 1e-3
# A kernel whose norm is under this share of its layer's largest is dead.
DEAD = 1e-6
# Frames × mels of each kernel of the front end; the first two are the timbral ones.
TIMBRAL, TEMPORAL, MIDDLE = (0, 1), (2, 3, 4), (5, 6, 7)


@dataclass
class Layer:
    """`shift + gain · relu(kernel ∗ x + bias)`, with kernel [out, in, …]."""

    kernel: np.ndarray
    bias: np.ndarray
    gain: np.ndarray
    shift: np.ndarray

    def alive(self):
        """Which channels hear anything."""
        norms = np.sqrt((self.kernel.reshape(len(self.kernel), -1).astype(np.float64) ** 2).sum(axis=1))
        return norms > DEAD * norms.max()

    def silent(self):
        """What each channel says where its kernel gives nothing."""
        return self.shift + self.gain * np.maximum(self.bias, 0.0)

    def only(self, kept):
        return Layer(*(part[kept] for part in (self.kernel, self.bias, self.gain, self.shift)))


def _suffix(number):
    return f"_{number}" if number else ""


def _joined(*parts):
    return np.concatenate(parts, axis=1).astype(np.float32)


class Weights:
    """The layers of one checkpoint; float32."""

    def __init__(self, folder):
        self._variables = checkpoint.read(folder)
        gain, shift = self._normalisation(0)
        # After the input's normalisation, zeros are padded: this is the value before it that becomes zero.
        self.padding = float(-shift[0] / gain[0])
        self.front = [self._front(i, float(gain[0]), float(shift[0])) for i in TIMBRAL + TEMPORAL]
        self.middle = [self._middle(i) for i in MIDDLE]
        self.dense, self.tags = self._dense()
        self._without_the_dead()

    def _without_the_dead(self):
        """Leave dead channels out of the front end; a last channel of ones stands for them in what reads it."""
        alive = np.concatenate([layer.alive() for layer in self.front])
        said = np.concatenate([layer.silent() for layer in self.front])[~alive].astype(np.float64)
        self.front = [layer.only(layer.alive()) for layer in self.front]
        first, dense, count = self.middle[0], self.dense, len(alive)
        first.kernel = _joined(first.kernel[:, alive], np.einsum("ock,c->ok", first.kernel[:, ~alive], said)[:, None])
        # The dense layer reads the maxima of all channels, then their means; of a constant both are the same.
        maxima, means = np.split(dense.kernel, 2, axis=1)
        ones = (maxima[:, :count][:, ~alive] + means[:, :count][:, ~alive]) @ said
        parts = [maxima[:, :count][:, alive], 0 * ones[:, None], maxima[:, count:]]
        parts += [means[:, :count][:, alive], ones[:, None], means[:, count:]]
        dense.kernel = _joined(*parts)

    def _normalisation(self, number):
        """(gain, shift) of a batch normalisation."""
        get = lambda part: self._variables[f"batch_normalization{_suffix(number)}/{part}"].astype(np.float64)
        gain = get("gamma") / np.sqrt(get("moving_variance") + EPSILON)
        return gain, get("beta") - get("moving_mean") * gain

    def _layer(self, kernel, bias, number):
        gain, shift = self._normalisation(number)
        return Layer(*(np.asarray(a, dtype=np.float32) for a in (kernel, bias, gain, shift)))

    def _front(self, number, gain, shift):
        """A convolution over the mel picture [out, 1, frames, mels], the input's normalisation folded in."""
        kernel = self._variables[f"conv2d{_suffix(number)}/kernel"].transpose(3, 2, 0, 1).astype(np.float64)
        bias = self._variables[f"conv2d{_suffix(number)}/bias"] + shift * kernel.sum(axis=(1, 2, 3))
        return self._layer(kernel * gain, bias, number + 1)

    def _middle(self, number):
        """A convolution over time [out, in, frames]."""
        kernel = self._variables[f"conv2d_{number}/kernel"][:, :, 0].transpose(2, 1, 0)
        return self._layer(kernel, self._variables[f"conv2d_{number}/bias"], number + 1)

    def _dense(self):
        """The dense layer over [maxima, means], and that of the tags over its output before normalisation."""
        kernel, bias = self._variables["dense/kernel"].astype(np.float64), self._variables["dense/bias"]
        gain, shift = self._normalisation(9)
        bias, kernel = bias + shift @ kernel, kernel * gain[:, None]
        # TensorFlow flattened maximum and mean of each channel in turn.
        kernel = np.concatenate([kernel[0::2], kernel[1::2]])
        dense = self._layer(kernel.T, bias, 10)
        tags, tags_bias = self._variables["dense_1/kernel"], self._variables["dense_1/bias"]
        ones = np.ones(len(tags_bias), dtype=np.float32)
        return dense, Layer(np.ascontiguousarray(tags.T), tags_bias, ones, 0 * ones)
