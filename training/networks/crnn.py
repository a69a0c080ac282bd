"""The CRNN: four convolutions 3×3 with pooling and dropout 0.1, two LSTM layers of 20, a dense layer of 32, the labels.

Deviations from the documents:
- Their pools (2, 2) (3, 3) (4, 4) (4, 4) stand over frequency. Over time the last two are 2: a window here has 387
  columns where theirs had about 1300, and pools of 4 would leave the LSTM 4 steps to read instead of 16.
- The last pool is padded over frequency, so that the top bands are heard too; two bands are left.
- The dense layer reads the mean of the LSTM's outputs, which weighs the whole window alike, not the last one.
- While training, a second output aside of the LSTM is trained too: without it the convolutions learn little through
  so narrow an LSTM from 442 clips. It is not exported.
- Channels (the documents' are not known), batch normalisation, and each band normalised.
"""

import torch
from torch import nn

from ..graph import Graph
from .layers import Bands, Convolution, recurrent, weights

CHANNELS = (16, 24, 32, 48)
# (time, frequency) of each pool: 387 × 128 → 193 × 64 → 64 × 21 → 32 × 5 → 16 × 2.
POOLS = ((2, 2), (3, 3), (2, 4), (2, 4))
PADDING = ((0, 0), (0, 0), (0, 0), (0, 2))
BANDS, HIDDEN, DENSE, DROPOUT = 2, 20, 32, 0.1
# PyTorch's gates are i, f, g, o; ONNX's are i, o, f, c.
GATES = (0, 3, 1, 2)


class Crnn(nn.Module):
    """Logits [batch, labels] from normalised windows [batch, frames, mels]; in training, a second pair from aside."""

    title = "CRNN: four convolutions and two LSTM layers, trained from scratch"

    def __init__(self, labels, mels=128):
        super().__init__()
        self.bands = Bands(mels)
        self.convs, before = nn.ModuleList(), 1
        for channels, pool, padding in zip(CHANNELS, POOLS, PADDING):
            self.convs.append(Convolution(before, channels, 3, pool, DROPOUT, padding))
            before = channels
        self.lstm = nn.LSTM(before * BANDS, HIDDEN, num_layers=2, batch_first=True)
        self.dense = nn.Linear(HIDDEN, DENSE)
        self.output = nn.Linear(DENSE, labels)
        self.dropout = nn.Dropout(DROPOUT)
        self.aside = nn.Linear(2 * before * BANDS, labels)
        self._initialise()
        self.to(memory_format=torch.channels_last)

    def _initialise(self):
        """PyTorch's own start leaves so small an LSTM near zero for many epochs."""
        for name, weight in self.lstm.named_parameters():
            if "weight_ih" in name:
                for gate in weight.data.chunk(4):
                    nn.init.xavier_uniform_(gate)
            elif "weight_hh" in name:
                for gate in weight.data.chunk(4):
                    nn.init.orthogonal_(gate)
            else:
                nn.init.zeros_(weight)
                # Half of the forget gate's bias of 1: the layer adds two biases.
                weight.data[HIDDEN : 2 * HIDDEN] = 0.5
        nn.init.kaiming_uniform_(self.dense.weight, nonlinearity="relu")
        nn.init.xavier_uniform_(self.output.weight, gain=2.0)

    def forward(self, x):
        x = self.bands(x).unsqueeze(1)
        for conv in self.convs:
            x = conv(x)
        sequence = x.permute(0, 2, 1, 3).flatten(2)
        x, _ = self.lstm(sequence)
        x = torch.relu(self.dense(self.dropout(x.mean(dim=1))))
        logits = self.output(self.dropout(x))
        if not self.training:
            return logits
        summary = torch.cat([sequence.mean(dim=1), sequence.std(dim=1)], dim=1)
        return [logits, self.aside(self.dropout(summary))]

    def graph(self, frames, mels):
        graph = Graph("crnn")
        x = graph.reshape(self.bands.nodes(graph, "mel"), [1, 1, frames, mels], "image")
        for i, conv in enumerate(self.convs, start=1):
            x, frames = conv.nodes(graph, x, f"conv{i}"), conv.steps(frames)
        x = graph.node("Transpose", [x], "steps_first", perm=[2, 0, 1, 3])
        x = graph.reshape(x, [frames, 1, CHANNELS[-1] * BANDS], "sequence")
        for layer in range(2):
            w, r, b = recurrent(self.lstm, layer, GATES)
            x = graph.lstm(x, w[None], r[None], b[None], f"lstm{layer + 1}", whole_sequence=True)
        x = graph.node("ReduceMean", [x], "mean", axes=[0], keepdims=0)
        x = graph.relu(graph.linear(x, *weights(self.dense), "dense"), "dense_relu")
        graph.linear(x, *weights(self.output), "logits")
        return graph
