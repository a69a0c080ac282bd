"""The CRNN: four convolutions with pooling, two LSTM layers, a dense layer, the labels.

The layout is the classic one (pools 2, 3, 4, 4 over frequency); the pools over
time are fitted to 387 columns, so that the LSTM reads 16 steps.
"""

import torch
from torch import nn

from .graph import Graph

CHANNELS = (16, 32, 64, 64)
# (time, frequency) of each pool: 387 × 128 → 193 × 64 → 64 × 21 → 32 × 5 → 16 × 1.
POOLS = ((2, 2), (3, 3), (2, 4), (2, 4))
HIDDEN, DENSE, DROPOUT = 20, 32, 0.1


class Crnn(nn.Module):
    """Logits [batch, labels] from normalised windows [batch, frames, mels]."""

    def __init__(self, labels):
        super().__init__()
        self.convs, self.norms = nn.ModuleList(), nn.ModuleList()
        before = 1
        for channels in CHANNELS:
            self.convs.append(nn.Conv2d(before, channels, 3, padding=1))
            self.norms.append(nn.BatchNorm2d(channels))
            before = channels
        self.lstm = nn.LSTM(before, HIDDEN, num_layers=2, batch_first=True)
        self.dense = nn.Linear(HIDDEN, DENSE)
        self.output = nn.Linear(DENSE, labels)
        self.dropout = nn.Dropout(DROPOUT)
        self.dropout_maps = nn.Dropout2d(DROPOUT)
        self.to(memory_format=torch.channels_last)

    def forward(self, x):
        x = x.unsqueeze(1)
        for conv, norm, pool in zip(self.convs, self.norms, POOLS):
            # The maximum and ReLU commute: pooled first, it costs a sixth.
            x = torch.relu(nn.functional.max_pool2d(norm(conv(x)), pool))
            x = self.dropout_maps(x)
        x, _ = self.lstm(x.squeeze(3).transpose(1, 2))
        x = torch.relu(self.dense(self.dropout(x[:, -1])))
        return self.output(self.dropout(x))

    def graph(self, frames, mels):
        """The network as an ONNX graph with batch normalisation folded into the convolutions."""
        graph = Graph("crnn")
        x = graph.reshape("mel", [1, 1, frames, mels], "image")
        steps = frames
        for i, (conv, norm, pool) in enumerate(zip(self.convs, self.norms, POOLS), start=1):
            gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
            weight = (conv.weight * gain[:, None, None, None]).detach().numpy()
            bias = ((conv.bias - norm.running_mean) * gain + norm.bias).detach().numpy()
            x = graph.max_pool(graph.conv(x, weight, bias, f"conv{i}", pads=[1, 1, 1, 1]), pool, f"pool{i}")
            x = graph.relu(x, f"relu{i}")
            steps //= pool[0]
        x = graph.reshape(x, [1, CHANNELS[-1], steps], "sequence")
        x = graph.node("Transpose", [x], "steps_first", perm=[2, 0, 1])
        for layer in range(2):
            x = graph.lstm(x, *self._lstm_weights(layer), f"lstm{layer + 1}", whole_sequence=layer == 0)
        x = graph.relu(graph.linear(x, *_weights(self.dense), "dense"), "dense_relu")
        graph.linear(x, *_weights(self.output), "logits")
        return graph

    def _lstm_weights(self, layer):
        """Kernel, recurrence and biases of one layer in ONNX's shapes and gate order."""
        parts = [getattr(self.lstm, f"{n}_l{layer}").detach() for n in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
        # PyTorch's gates are i, f, g, o; ONNX's are i, o, f, c.
        ordered = [torch.cat([p.chunk(4)[gate] for gate in (0, 3, 1, 2)]).numpy() for p in parts]
        bias = torch.from_numpy(ordered[2]), torch.from_numpy(ordered[3])
        return ordered[0][None], ordered[1][None], torch.cat(bias).numpy()[None]


def _weights(linear):
    return linear.weight.detach().numpy(), linear.bias.detach().numpy()
