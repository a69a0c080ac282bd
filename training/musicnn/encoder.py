"""musicnn as ONNX graphs: a patch of mel columns → its embedding, with the columns kept from patch to patch.

A convolution that sees seven frames gives the same columns in the next patch, one stride later, for all but the three at each
end that see the zeros beyond the patch; one that sees 64 keeps less, one that sees 128 nothing. What is kept is the state:
a run computes what is new and gives exactly what the whole patch would.
"""

from functools import partial

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
# Frames that a timbral kernel, and one of the middle, reaches to each side.
REACH = 3
# Frames that the temporal kernels reach back and on; the longest has no column to keep.
TEMPORAL_REACH = (63, 64), (31, 32), (15, 16)
# What keeps columns in the state, in its order. The first of the middle keeps what it makes of the timbral channels only.
KEEPING = "timbral", "temporal1", "temporal2", "of_timbral"
# Columns of the state: as many as the next patch needs of those with the shortest reach.
KEPT = FRAMES - STRIDE - 2 * REACH
# ONNX Runtime computes convolutions in blocks of so many channels, and pools what fills its blocks without reordering it.
BLOCK = 16
TAGS, PENULTIMATE = 50, 200
# Runs that fill the state: enough strides to hold the columns kept.
WARM_UP = -(-KEPT // STRIDE)


def timbral(weights):
    """Channels of the timbral convolutions."""
    return sum(len(layer.bias) for layer in weights.front[:2])


def channels(weights):
    """Channels of the state: first and one past the last of each in KEEPING."""
    sizes = [timbral(weights), *(len(layer.bias) for layer in weights.front[3:]), len(weights.middle[0].bias)]
    ends = np.cumsum(sizes).tolist()
    return dict(zip(KEEPING, zip([0, *ends], ends)))


def state(weights):
    """Shape of the state."""
    return [1, channels(weights)["of_timbral"][1], KEPT]


class Encoder(Graph):
    """The graph under construction. An embedding is the tags' probabilities, then `matrix` · penultimate + `offset`."""

    def __init__(self, weights, matrix, offset):
        super().__init__("musicnn")
        self._weights, self._matrix, self._offset, self._shared = weights, matrix, offset, {}
        self._channels = channels(weights)

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
        normalisation's gain is negative, the smallest is wanted, so the kernel's sign is turned. Channels of zeros fill the last block.
        """
        layer = self._weights.front[index]
        sign = np.where(layer.gain < 0, -1.0, 1.0).astype(np.float32)
        channels, filled = len(sign), -(-len(sign) // BLOCK) * BLOCK
        fill = [(0, filled - channels)]
        kernel = self._once(f"front{index}.kernel", np.pad(layer.kernel * sign[:, None, None, None], fill + [(0, 0)] * 3))
        bias = self._once(f"front{index}.bias", np.pad(layer.bias * sign, fill))
        shape = list(layer.kernel.shape[2:])
        x = self.node("Conv", [x, kernel, bias], f"{name}.conv", kernel_shape=shape)
        x = self.node("MaxPool", [x], f"{name}.loudest", kernel_shape=[1, MELS - shape[1] + 1])
        x = self.node("Reshape", [x, self._once(f"shape.{filled}.{columns}", np.array([-1, filled, columns]))], f"{name}.flat")
        x = self._slice(x, 1, 0, channels, f"{name}.filled")
        x = self.node("Mul", [x, self._once(f"front{index}.sign", sign[:, None])], f"{name}.turned")
        return self._affine(self.relu(x, f"{name}.relu"), layer.gain[:, None], layer.shift[:, None], name, f"front{index}")

    def _affine(self, x, gain, shift, name, key):
        x = self.node("Mul", [x, self._once(f"{key}.gain", gain)], f"{name}.scaled")
        return self.node("Add", [x, self._once(f"{key}.shift", shift)], name)

    def _timbral(self, picture, before, after, columns, name):
        x = self._pad(picture, before, after, f"{name}.padded")
        return self.node("Concat", [self._front(x, i, columns, f"{name}.{i}") for i in (0, 1)], name, axis=1)

    def _temporal(self, which, picture, before, after, columns, name):
        return self._front(self._pad(picture, before, after, f"{name}.padded"), 2 + which, columns, name)

    def _first_middle(self, channels, columns, before, after, _, name):
        """What the first convolution of the middle makes of some channels of the front, without its bias."""
        layer = self._weights.middle[0]
        kernel = self._once(f"middle1.{channels.start}", layer.kernel[:, channels])
        return self.node("Conv", [columns, kernel], name, kernel_shape=list(layer.kernel.shape[2:]), pads=[before, after])

    def _renewed(self, convolve, source, reach, ends, name):
        """All columns of a convolution over `source` that reaches so many frames back and on: those in the state and, around
        them, those at the two ends, which see the zeros beyond the patch or what saw them. Returns them, and the newest stride of
        those that see neither end."""
        (back, on), (first, last) = reach, ends
        kept = FRAMES - first - last - STRIDE
        left = self._slice(source, 2, 0, first + on, f"{name}.first_frames")
        left = convolve(left, back, 0, first, f"{name}.first")
        right = self._slice(source, 2, FRAMES - last - STRIDE - back, FRAMES, f"{name}.newest_frames")
        right = convolve(right, 0, on, STRIDE + last, f"{name}.newest")
        old = self._slice(self._slice("columns", 1, *self._channels[name], f"{name}.state"), 2, KEPT - kept, KEPT, f"{name}.kept")
        return self.node("Concat", [left, old, right], name, axis=2), self._slice(right, 2, 0, STRIDE, f"{name}.new")

    def _middle(self, front, parts):
        """Three convolutions over time, the second and third added to what they came from, all kept; the sum of `parts` is what
        the first one makes of the front."""
        x = self.node("Add", [self.node("Add", parts, "middle1.sum"), self.weight("middle1.bias", self._weights.middle[0].bias[:, None])], "middle1.conv")
        kept = [front]
        for i, layer in enumerate(self._weights.middle, start=1):
            new = x if i == 1 else self.conv(x, layer.kernel, layer.bias, f"middle{i}.conv", pads=[REACH, REACH])
            new = self._affine(self.relu(new, f"middle{i}.relu"), layer.gain[:, None], layer.shift[:, None], f"middle{i}.new", f"middle{i}")
            x = new if i == 1 else self.node("Add", [new, x], f"middle{i}.out")
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

    def streaming(self):
        """The graph (mel, columns) → (embedding, columns_next)."""
        new = []

        def renewed(convolve, source, reach, ends, name):
            columns, newest = self._renewed(convolve, source, reach, ends, name)
            new.append(newest)
            return columns

        def front(convolve, picture, reach, name):
            # The longest kernel sees one end or the other of every patch that a column is in.
            return renewed(convolve, picture, reach, reach, name) if name in KEEPING else convolve(picture, *reach, FRAMES, name)

        self._network(front, lambda *layer: renewed(*layer, (2 * REACH, 2 * REACH), "of_timbral"))
        kept = self._slice("columns", 2, STRIDE, KEPT, "columns_still_needed")
        self.node("Concat", [kept, self.node("Concat", new, "columns_new", axis=1)], "columns_next", axis=2)
        return self

    def whole(self):
        """The graph mel → embedding, without state: the reference that the other is compared with."""
        self._network(
            lambda convolve, picture, reach, name: convolve(picture, *reach, FRAMES, name),
            lambda convolve, timbral, reach: convolve(timbral, *reach, FRAMES, "of_timbral"),
        )
        return self

    def _ones(self, like):
        """One channel of ones, as many times as `like` has patches."""
        channel = self._slice(like, 1, 0, 1, "one_channel")
        channel = self.node("Mul", [channel, self.weight("zero", np.zeros(1))], "zeros")
        return self.node("Add", [channel, self.weight("one", np.ones(1))], "ones")

    def _network(self, front, middle):
        """The layers, given how the columns of the front, and what the middle makes of the timbral ones, come about."""
        picture, reach = self.reshape("mel", [-1, 1, FRAMES, MELS], "picture"), (REACH, REACH)
        timbral = front(self._timbral, picture, reach, "timbral")
        temporal = [front(partial(self._temporal, i), picture, r, f"temporal{i}") for i, r in enumerate(TEMPORAL_REACH)]
        # The ones stand for the dead channels (weights.py).
        temporal = self.node("Concat", [*temporal, self._ones(temporal[0])], "temporal", axis=1)
        seen = self._channels["timbral"][1]
        of_timbral = middle(partial(self._first_middle, slice(0, seen)), timbral, reach)
        of_temporal = self._first_middle(slice(seen, None), temporal, *reach, FRAMES, "of_temporal")
        columns = self.node("Concat", [timbral, temporal], "front", axis=1)
        self._end(self._middle(columns, [of_timbral, of_temporal]))


def write(weights, path, matrix=None, offset=0.0, streaming=True):
    """Write the ONNX file of a `Weights`; without `matrix` the penultimate layer stands as it is."""
    matrix = np.eye(PENULTIMATE) if matrix is None else np.asarray(matrix)
    offset = np.zeros(len(matrix)) + offset
    if not streaming:
        write_whole(weights, path, matrix, offset)
        return
    graph, mel, embedding = Encoder(weights, matrix, offset).streaming(), *_ends(matrix)
    shape = state(weights)
    graph.save_all(path, [mel, ("columns", shape)], [embedding, ("columns_next", shape)])


def write_whole(weights, path, matrix, offset):
    """Write the ONNX file of the encoder that keeps nothing."""
    mel, embedding = _ends(matrix)
    Encoder(weights, matrix, offset).whole().save_all(path, [mel], [embedding])


def _ends(matrix):
    return ("mel", [1, FRAMES, MELS]), ("embedding", [1, TAGS + len(matrix)])


def tables(file, sha256, embedding, state):
    """The manifest's tables of a graph that `write` wrote to `file`, whose state has the shape `state`."""
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
