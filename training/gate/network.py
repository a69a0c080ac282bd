"""The gate's two networks: the converted CNN up to its first dense layer, and a linear head over the mean of a few patches.

`encode` runs the same encoder on many patches at once, for the training. Touch it when the networks change.
"""

import numpy as np

from ..graph import Graph
from . import inaspeech

SIZE = 256
FLOOR_DB = 80.0


def _standardised(graph):
    """mel [n, 68, 24] → [n, 1, 68, 21]: the bands used, pre-emphasised, no more than FLOOR_DB deep, of mean 0 and deviation 1."""
    ends = [graph.weight(f"bands.{name}", np.array([value])) for name, value in (("from", 0), ("to", inaspeech.BANDS), ("axis", 2))]
    x = graph.node("Slice", ["mel", *ends], "bands")
    x = graph.node("Add", [x, graph.weight("emphasis", inaspeech.emphasis()[: inaspeech.BANDS])], "emphasised")
    top = graph.node("ReduceMax", [x], "top", axes=[1, 2], keepdims=1)
    x = graph.node("Max", [x, graph.node("Sub", [top, graph.weight("floor", np.array([FLOOR_DB], np.float32))], "lowest")], "floored")
    x = graph.node("Sub", [x, graph.node("ReduceMean", [x], "mean", axes=[1, 2], keepdims=1)], "centred")
    square = graph.node("ReduceMean", [graph.node("Mul", [x, x], "squares")], "variance", axes=[1, 2], keepdims=1)
    deviation = graph.node("Add", [graph.node("Sqrt", [square], "root"), graph.weight("epsilon", np.array([1e-6], np.float32))], "deviation")
    return graph.reshape(graph.node("Div", [x, deviation], "standardised"), [-1, 1, inaspeech.FRAMES, inaspeech.BANDS], "patch")


def encoder(path, weights, out="embedding"):
    """Write the encoder: mel [batch, 68, 24] → embedding [batch, 256]. `weights` are `inaspeech.weights`'."""
    convolutions, dense = weights
    graph = Graph("gate-encoder")
    x = graph.relu(graph.conv(_standardised(graph), *convolutions[0], "conv0"), "relu0")
    x = graph.node("MaxPool", [x], "pool0", kernel_shape=[4, 2], strides=[4, 2], pads=[1, 0, 1, 0])
    x = graph.relu(graph.conv(x, *convolutions[1], "conv1"), "relu1")
    x = graph.relu(graph.conv(x, *convolutions[2], "conv2"), "relu2")
    x = graph.node("MaxPool", [x], "pool2", kernel_shape=[2, 2], strides=[2, 2], pads=[0, 0, 0, 1])
    x = graph.relu(graph.conv(x, *convolutions[3], "conv3"), "relu3")
    x = graph.max_pool(x, (4, 1), (0, 0), "pool3")
    x = graph.reshape(x, [-1, SIZE], "flat")
    if out == "logits":  # the whole of the CNN, to compare with
        for i, layer in enumerate(dense[:-1]):
            x = graph.relu(graph.linear(x, *layer, f"dense{i}"), f"dense{i}.relu")
        graph.linear(x, *dense[-1], out)
    else:
        graph.relu(graph.linear(x, *dense[0], "dense0"), out)
    size = len(inaspeech.LABELS) if out == "logits" else SIZE
    graph.save(path, "mel", [1, inaspeech.FRAMES, inaspeech.MELS], out, [1, size])


def head(path, matrix, bias):
    """Write the head: embeddings [1, patches, 256] → their mean → logits [1, labels]; matrix [labels, 256]."""
    graph = Graph("gate-head")
    graph.linear(graph.node("ReduceMean", ["embeddings"], "mean", axes=[1], keepdims=0), matrix, bias, "logits")
    graph.save(path, "embeddings", [1, "patches", SIZE], "logits", [1, len(bias)])


class Encoder:
    """An encoder file, on one thread."""

    def __init__(self, path):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def __call__(self, patches):
        """[n, 68, 24] → [n, size]."""
        runs = [self.session.run(None, {"mel": patches[i : i + 256]})[0] for i in range(0, len(patches), 256)]
        return np.concatenate(runs)
