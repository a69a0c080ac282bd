"""The CNN: four convolutions 4×4 with pooling and dropout 0.25, a dense layer, the labels.

Deviations from the documents, in which neither channels nor pools are known: 16 to 48 channels and pools that end in 2 bands;
batch normalisation; the maps are averaged over time before the dense layer, so that a window of any length can be
trained on and it does not matter when in it something sounds.
"""

import torch
from torch import nn

from ..graph import Graph
from .layers import Bands, Convolution, weights

CHANNELS = (16, 24, 32, 48)
# (time, frequency): 387 × 128 → 96 × 64 → 48 × 32 → 24 × 8 → 12 × 2.
POOLS = ((4, 2), (2, 2), (2, 4), (2, 4))
BANDS, DENSE, DROPOUT = 2, 64, 0.25


class Cnn(nn.Module):
    """Logits [batch, labels] from normalised windows [batch, frames, mels]."""

    title = "CNN: four convolutions 4×4, trained from scratch"

    def __init__(self, labels, mels=128):
        super().__init__()
        self.bands = Bands(mels)
        self.convs, before = nn.ModuleList(), 1
        for channels, pool in zip(CHANNELS, POOLS):
            self.convs.append(Convolution(before, channels, 4, pool, 0.0))
            before = channels
        self.dense = nn.Linear(before * BANDS, DENSE)
        self.output = nn.Linear(DENSE, labels)
        self.dropout = nn.Dropout(DROPOUT)
        self.to(memory_format=torch.channels_last)

    def forward(self, x):
        x = self.bands(x).unsqueeze(1)
        for conv in self.convs:
            x = conv(x)
        x = self.dropout(x.mean(dim=2).flatten(1))
        return self.output(self.dropout(torch.relu(self.dense(x))))

    def graph(self, frames, mels):
        graph = Graph("cnn")
        x = graph.reshape(self.bands.nodes(graph, "mel"), [-1, 1, frames, mels], "image")
        for i, conv in enumerate(self.convs, start=1):
            x = conv.nodes(graph, x, f"conv{i}")
        x = graph.node("ReduceMean", [x], "mean", axes=[2], keepdims=0)
        x = graph.reshape(x, [-1, CHANNELS[-1] * BANDS], "flat")
        x = graph.relu(graph.linear(x, *weights(self.dense), "dense"), "dense_relu")
        graph.linear(x, *weights(self.output), "logits")
        return graph
