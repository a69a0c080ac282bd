"""The PCRNN: five convolutions with pooling, in parallel with a bidirectional GRU of 64 on the pooled mel picture.

Deviations from the documents, in which neither channels nor pools are known: 16 to 64 channels, pools of 2 over time that
leave 12 steps and one band; batch normalisation, each band normalised, dropout 0.25 before the output. Both branches
are averaged over time, concatenated and read by one dense layer.
"""

import torch
from torch import nn

from ..graph import Graph
from .layers import Bands, Convolution, recurrent, weights

CHANNELS = (16, 24, 32, 48, 64)
# (time, frequency): 387 × 128 → 193 × 64 → 96 × 32 → 48 × 16 → 24 × 4 → 12 × 1.
POOLS = ((2, 2), (2, 2), (2, 2), (2, 4), (2, 4))
PICTURE_POOL, HIDDEN, DROPOUT = (4, 2), 64, 0.25
# PyTorch's gates are r, z, n; ONNX's are z, r, h.
GATES = (1, 0, 2)


class Pcrnn(nn.Module):
    """Logits [batch, labels] from normalised windows [batch, frames, mels]."""

    title = "PCRNN: five convolutions in parallel with a bidirectional GRU, trained from scratch"

    def __init__(self, labels, mels=128):
        super().__init__()
        self.bands = Bands(mels)
        self.convs, before = nn.ModuleList(), 1
        for channels, pool in zip(CHANNELS, POOLS):
            self.convs.append(Convolution(before, channels, 3, pool, 0.0))
            before = channels
        self.gru = nn.GRU(mels // PICTURE_POOL[1], HIDDEN, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(DROPOUT)
        self.output = nn.Linear(before + 2 * HIDDEN, labels)
        self.to(memory_format=torch.channels_last)

    def forward(self, x):
        picture = self.bands(x).unsqueeze(1)
        x = picture
        for conv in self.convs:
            x = conv(x)
        heard = nn.functional.max_pool2d(picture, PICTURE_POOL).squeeze(1)
        heard, _ = self.gru(heard)
        x = torch.cat([x.mean(dim=2).flatten(1), heard.mean(dim=1)], dim=1)
        return self.output(self.dropout(x))

    def graph(self, frames, mels):
        graph = Graph("pcrnn")
        picture = graph.reshape(self.bands.nodes(graph, "mel"), [-1, 1, frames, mels], "image")
        x = picture
        for i, conv in enumerate(self.convs, start=1):
            x = conv.nodes(graph, x, f"conv{i}")
        x = graph.node("ReduceMean", [x], "conv_mean", axes=[2], keepdims=0)
        x = graph.reshape(x, [-1, CHANNELS[-1]], "conv_flat")
        heard = graph.max_pool(picture, PICTURE_POOL, (0, 0), "picture_pool")
        heard = graph.reshape(heard, [-1, frames // PICTURE_POOL[0], mels // PICTURE_POOL[1]], "batch_first")
        heard = graph.node("Transpose", [heard], "sequence", perm=[1, 0, 2])
        both = [recurrent(self.gru, 0, GATES, suffix) for suffix in ("", "_reverse")]
        heard = graph.gru(heard, both, "gru")
        heard = graph.node("ReduceMean", [heard], "gru_mean", axes=[0], keepdims=0)
        x = graph.node("Concat", [x, heard], "both", axis=1)
        graph.linear(x, *weights(self.output), "logits")
        return graph
