"""musicnn as ONNX graphs: a patch of mel columns → its embedding, with the columns kept from patch to patch.

The timbral convolutions are half of the work and see seven frames only,
so all of their columns but three at each end of a patch (which see the zeros
beyond it) are the same in the next patch, one stride later. They are the state:
a run computes what is new and gives exactly what the whole patch would.
"""

import numpy as np

from ..graph import Graph

FRAMES, STRIDE, MELS = 187, 61, 96
# What it hears; the mel power was stored in half precision when it was trained.
FEATURES = {
    "sample_rate": 16000, "n_fft": 512, "hop": 256, "window": "hann", "pad": "reflect",
    "n_mels": MELS, "mel_scale": "slaney", "mel_norm": "slaney", "fmin": 0.0, "fmax": 8000.0,
    # Softer and louder sound is heard alike: the mean over ten seconds comes to what GTZAN's clips have (their median).
    "level": {"target": 0.3, "columns": 625, "most": 10000.0},
    "rounding": "float16", "log": {"kind": "log10", "scale": 10000.0},
    # resampy's "kaiser_best", through which all music went that it was trained on.
    "resampler": {"zeros": 64, "beta": 14.769656459379492, "rolloff": 0.9475937167399596},
}  # fmt: skip
# Frames that a timbral kernel reaches to each side.
REACH = 3
# Columns that the next patch needs of this one's.
KEPT = FRAMES - STRIDE - 2 * REACH
TAGS, PENULTIMATE = 50, 200
# Runs that fill the state: enough strides to hold the columns kept.
WARM_UP = -(-KEPT // STRIDE)


class Encoder(Graph):
    """The graph under construction. An embedding is the tags' probabilities, then `matrix` · penultimate + `offset`."""

    def __init__(self, weights, matrix, offset):
        super().__init__("musicnn")
        self._weights, self._matrix, self._offset, self._shared = weights, matrix, offset, {}

    def _once(self, name, array):
        """A weight that several nodes use."""
        if name not in self._shared:
            self._shared[name] = self.weight(name, array)
        return self._shared[name]

    def _slice(self, x, axis, start, end, name):
        ends = [self._once(f"at.{v}", np.array([v])) for v in (start, end)]
        return self.node("Slice", [x, *ends, self._once(f"axis.{axis}", np.array([axis]))], name)

    def _pad(self, x, before, after, name):
        """Pads frames of the picture [1, 1, frames, mels] by what the input's normalisation makes zero."""
        pads = self._once(f"pads.{before}.{after}", np.array([0, 0, before, 0, 0, 0, after, 0]))
        return self.node("Pad", [x, pads, self._once("padding", np.array(self._weights.padding, dtype=np.float32))], name)

    def _front(self, x, index, columns, name):
        """One convolution of the front end: [1, 1, frames, mels] → [1, channels, columns].

        Taking the largest of 59 or 96 bands first, before ReLU and normalisation, spares most of their work; where the
        normalisation's gain is negative, the smallest is wanted, so the kernel's sign is turned.
        """
        layer = self._weights.front[index]
        sign = np.where(layer.gain < 0, -1.0, 1.0).astype(np.float32)
        kernel = self._once(f"front{index}.kernel", layer.kernel * sign[:, None, None, None])
        bias = self._once(f"front{index}.bias", layer.bias * sign)
        shape = list(layer.kernel.shape[2:])
        x = self.node("Conv", [x, kernel, bias], f"{name}.conv", kernel_shape=shape)
        x = self.node("MaxPool", [x], f"{name}.loudest", kernel_shape=[1, MELS - shape[1] + 1])
        x = self.node("Reshape", [x, self._once(f"shape.{len(sign)}.{columns}", np.array([1, len(sign), columns]))], f"{name}.flat")
        x = self.node("Mul", [x, self._once(f"front{index}.sign", sign[:, None])], f"{name}.turned")
        return self._affine(self.relu(x, f"{name}.relu"), layer.gain[:, None], layer.shift[:, None], name, f"front{index}")

    def _affine(self, x, gain, shift, name, key):
        x = self.node("Mul", [x, self._once(f"{key}.gain", gain)], f"{name}.scaled")
        return self.node("Add", [x, self._once(f"{key}.shift", shift)], name)

    def _timbral(self, x, columns, name):
        parts = [self._front(x, i, columns, f"{name}.timbral{i}") for i in (0, 1)]
        return self.node("Concat", parts, name, axis=1)

    def _temporal(self, picture):
        """The three long convolutions, padded as TensorFlow pads even kernels."""
        for index in (2, 3, 4):
            frames = self._weights.front[index].kernel.shape[2]
            before = (frames - 1) // 2
            yield self._front(self._pad(picture, before, frames - 1 - before, f"padded{frames}"), index, FRAMES, f"temporal{frames}")

    def _middle(self, columns):
        """Three convolutions over time, the second and third added to what they came from; all are kept."""
        kept, x = [columns], columns
        for i, layer in enumerate(self._weights.middle, start=1):
            new = self.relu(self.conv(x, layer.kernel, layer.bias, f"middle{i}.conv", pads=[3, 3]), f"middle{i}.relu")
            new = self._affine(new, layer.gain[:, None], layer.shift[:, None], f"middle{i}.new", f"middle{i}")
            x = new if i == 1 else self.node("Add", [new, x], f"middle{i}")
            kept.append(x)
        return self.node("Concat", kept, "stacked", axis=1)

    def _end(self, stacked):
        """Maximum and mean over time, the dense layer, and the embedding: tag probabilities, then the dense layer's."""
        pools = [self.node(kind, [stacked], f"pool.{kind}", axes=[2], keepdims=0) for kind in ("ReduceMax", "ReduceMean")]
        x = self.node("Concat", pools, "pooled", axis=1)
        dense, tags = self._weights.dense, self._weights.tags
        x = self.relu(self.linear(x, dense.kernel, dense.bias, "dense"), "dense.relu")
        # The normalisation of the dense layer goes into the two that read it.
        probabilities = self.linear(x, tags.kernel * dense.gain, tags.bias + tags.kernel @ dense.shift, "tags.logits")
        probabilities = self.node("Sigmoid", [probabilities], "tags")
        rest = self.linear(x, self._matrix * dense.gain, self._offset + self._matrix @ dense.shift, "rest")
        self.node("Concat", [probabilities, rest], "embedding", axis=1)

    def _rest(self, picture, timbral):
        """All that follows the timbral columns; the front end's last channel is one of ones."""
        ones = self.weight("ones", np.ones((1, 1, FRAMES)))
        self._end(self._middle(self.node("Concat", [timbral, *self._temporal(picture), ones], "front", axis=1)))

    def streaming(self):
        """The graph (mel, columns) → (embedding, columns_next)."""
        picture = self.reshape("mel", [1, 1, FRAMES, MELS], "picture")
        first = self._slice(picture, 2, 0, 2 * REACH, "first_frames")
        first = self._timbral(self._pad(first, REACH, 0, "first_padded"), REACH, "first_columns")
        newest = self._slice(picture, 2, KEPT, FRAMES, "newest_frames")
        newest = self._timbral(self._pad(newest, 0, REACH, "newest_padded"), STRIDE + REACH, "newest_columns")
        timbral = self.node("Concat", [first, "columns", newest], "timbral", axis=2)
        kept = self._slice("columns", 2, STRIDE, KEPT, "columns_still_needed")
        new = self._slice(newest, 2, 0, STRIDE, "columns_new")
        self.node("Concat", [kept, new], "columns_next", axis=2)
        self._rest(picture, timbral)
        return self

    def whole(self):
        """The graph mel → embedding, without state: the reference that the other is compared with."""
        picture = self.reshape("mel", [1, 1, FRAMES, MELS], "picture")
        timbral = self._timbral(self._pad(picture, REACH, REACH, "padded"), FRAMES, "timbral")
        self._rest(picture, timbral)
        return self


def write(weights, path, matrix=None, offset=0.0, streaming=True):
    """Write the ONNX file of a `Weights`; without `matrix` the penultimate layer stands as it is."""
    matrix = np.eye(PENULTIMATE) if matrix is None else np.asarray(matrix)
    graph = Encoder(weights, matrix, np.zeros(len(matrix)) + offset)
    mel, embedding = ("mel", [1, FRAMES, MELS]), ("embedding", [1, TAGS + len(matrix)])
    if not streaming:
        graph.whole().save_all(path, [mel], [embedding])
        return
    state = [1, timbral(weights), KEPT]
    graph.streaming().save_all(path, [mel, ("columns", state)], [embedding, ("columns_next", state)])


def timbral(weights):
    """Channels of the timbral convolutions, which the state holds."""
    return sum(len(layer.bias) for layer in weights.front[:2])


def tables(file, sha256, embedding, timbral):
    """The manifest's tables of a graph that `write` wrote to `file`; `timbral` is the number of channels in its state."""
    state = [1, timbral, KEPT]
    return {
        "patch": {"frames": FRAMES, "stride": STRIDE, "embedding": embedding},
        "encoder": {
            "file": file, "sha256": sha256,
            "input": {"name": "mel", "shape": [1, FRAMES, MELS]},
            "output": {"name": "embedding", "shape": [1, embedding]},
            "state": {
                "input": {"name": "columns", "shape": state}, "output": {"name": "columns_next", "shape": state},
                "warm_up": WARM_UP,
            },
        },
        "taggram": {"tags": TAGS},
    }  # fmt: skip
