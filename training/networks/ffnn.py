"""The FFNN: three dense layers of 128, 128 and 64 with ReLU on the mel picture.

Deviations from the documents, of which the input's size is not known: the picture is first averaged over blocks of
9 frames × 2 bands (the whole one would make 25 MB of weights); each band is normalised. A dense layer has no idea of
what lies side by side, so that this network says what the others gain by knowing it.
"""

import torch
from torch import nn

from ..graph import Graph
from .layers import Bands, weights

BLOCK = (9, 2)
WIDTHS = (128, 128, 64)


class Ffnn(nn.Module):
    """Logits [batch, labels] from normalised windows [batch, 387, mels]; no other length is taken."""

    title = "FFNN: three dense layers on the mel picture, trained from scratch"

    def __init__(self, labels, frames=387, mels=128):
        super().__init__()
        self.bands = Bands(mels)
        self.inputs = (frames // BLOCK[0]) * (mels // BLOCK[1])
        before, self.dense = self.inputs, nn.ModuleList()
        for width in WIDTHS:
            self.dense.append(nn.Linear(before, width))
            before = width
        self.output = nn.Linear(before, labels)

    def forward(self, x):
        x = nn.functional.avg_pool2d(self.bands(x).unsqueeze(1), BLOCK).flatten(1)
        for layer in self.dense:
            x = torch.relu(layer(x))
        return self.output(x)

    def graph(self, frames, mels):
        graph = Graph("ffnn")
        x = graph.reshape(self.bands.nodes(graph, "mel"), [-1, 1, frames, mels], "image")
        x = graph.average_pool(x, BLOCK, "blocks")
        x = graph.reshape(x, [-1, self.inputs], "flat")
        for i, layer in enumerate(self.dense, start=1):
            x = graph.relu(graph.linear(x, *weights(layer), f"dense{i}"), f"dense{i}_relu")
        graph.linear(x, *weights(self.output), "logits")
        return graph
