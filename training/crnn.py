"""The CRNN: four convolutions with pooling, two LSTM layers, a dense layer, the labels.

The layout is the classic one (pools 2, 3, 4, 4 over frequency); the pools over
time are fitted to 387 columns, so that the LSTM reads 16 steps. The dense layer
reads the mean of its outputs, which weighs the whole window alike.
"""

import torch
from torch import nn

from .data import MELS
from .graph import Graph

CHANNELS = (16, 32, 64, 64)
# (time, frequency) of each pool: 387 × 128 → 193 × 64 → 64 × 21 → 32 × 5 → 16 × 2.
POOLS = ((2, 2), (3, 3), (2, 4), (2, 4))
# The last pool is padded over frequency: unpadded, it would drop the top fifth of the bands.
PADDING = ((0, 0), (0, 0), (0, 0), (0, 2))
BANDS = 2
HIDDEN, DENSE, DROPOUT = 20, 32, 0.1


class Crnn(nn.Module):
    """Logits [batch, labels] from normalised windows [batch, frames, mels]; in training, a second pair from aside."""

    def __init__(self, labels):
        super().__init__()
        # Without it the slope of every spectrum, the same for all music, drowns the rest.
        self.bands = nn.BatchNorm1d(MELS)
        self.convs, self.norms = nn.ModuleList(), nn.ModuleList()
        before = 1
        for channels in CHANNELS:
            self.convs.append(nn.Conv2d(before, channels, 3, padding=1))
            self.norms.append(nn.BatchNorm2d(channels))
            before = channels
        self.lstm = nn.LSTM(before * BANDS, HIDDEN, num_layers=2, batch_first=True)
        self.dense = nn.Linear(HIDDEN, DENSE)
        self.output = nn.Linear(DENSE, labels)
        self.dropout = nn.Dropout(DROPOUT)
        self.dropout_maps = nn.Dropout2d(DROPOUT)
        # In training only: lets the convolutions learn past the narrow LSTM.
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
        x = self.bands(x.transpose(1, 2)).transpose(1, 2).unsqueeze(1)
        for conv, norm, pool, padding in zip(self.convs, self.norms, POOLS, PADDING):
            # The maximum and ReLU commute: pooled first, it costs a sixth.
            x = torch.relu(nn.functional.max_pool2d(norm(conv(x)), pool, padding=padding))
            x = self.dropout_maps(x)
        sequence = x.permute(0, 2, 1, 3).flatten(2)
        x, _ = self.lstm(sequence)
        x = torch.relu(self.dense(self.dropout(x.mean(dim=1))))
        logits = self.output(self.dropout(x))
        if not self.training:
            return logits
        summary = torch.cat([sequence.mean(dim=1), sequence.std(dim=1)], dim=1)
        return logits, self.aside(self.dropout(summary))

    def graph(self, frames, mels):
        """The network as an ONNX graph with batch normalisation folded into the convolutions."""
        graph = Graph("crnn")
        gain = (self.bands.weight / torch.sqrt(self.bands.running_var + self.bands.eps)).detach()
        offset = self.bands.bias.detach() - self.bands.running_mean * gain
        x = graph.node("Mul", ["mel", graph.weight("bands.gain", gain.numpy())], "bands_scaled")
        x = graph.node("Add", [x, graph.weight("bands.offset", offset.numpy())], "bands")
        x = graph.reshape(x, [1, 1, frames, mels], "image")
        steps = frames
        layers = zip(self.convs, self.norms, POOLS, PADDING)
        for i, (conv, norm, pool, padding) in enumerate(layers, start=1):
            gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
            weight = (conv.weight * gain[:, None, None, None]).detach().numpy()
            bias = ((conv.bias - norm.running_mean) * gain + norm.bias).detach().numpy()
            x = graph.max_pool(graph.conv(x, weight, bias, f"conv{i}", pads=[1, 1, 1, 1]), pool, padding, f"pool{i}")
            x = graph.relu(x, f"relu{i}")
            steps //= pool[0]
        x = graph.node("Transpose", [x], "steps_first", perm=[2, 0, 1, 3])
        x = graph.reshape(x, [steps, 1, CHANNELS[-1] * BANDS], "sequence")
        for layer in range(2):
            x = graph.lstm(x, *self._lstm_weights(layer), f"lstm{layer + 1}", whole_sequence=True)
        x = graph.node("ReduceMean", [x], "mean", axes=[0], keepdims=0)
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
