"""The larger CRNN: a fixed front end, then a linear path over the window and an average of convolutional recurrent members.

Every member reads the sequence of blocks: two convolutions over time, an LSTM, and the mean and deviation over time of
each convolution. The members differ by their seed only. Touch it with the shape of this network; `training/large.py` trains it.
"""

import torch
from torch import nn

from ..graph import Graph
from .crnn import GATES
from .fine_structure import FineStructure
from .fine_structure_nodes import Nodes, fine_structure
from .layers import recurrent, scale

CHANNELS, HIDDEN, KERNEL = (64, 64), 48, 3
# Normalised descriptors beyond this many deviations tell of silence or clicks, not of genre.
LIMIT = 5.0
SMALLEST = 1e-2
# Weight of the members' mean beside the linear path; it is the surer of the two.
SHARE = 0.5
SPREAD_FLOOR = 1e-3


class Normal(nn.Module):
    """Descriptors less their mean over the training windows, over their deviation, within `LIMIT`."""

    def __init__(self, size):
        super().__init__()
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("deviation", torch.ones(size))

    def measure(self, x):
        """Take mean and deviation from all but the last axis of `x`."""
        flat = x.flatten(0, -2)
        self.mean.copy_(flat.mean(dim=0))
        # The first cepstrum's mean is zero in every standardised window: its rounding must not be blown up.
        self.deviation.copy_(flat.std(dim=0).clamp_min(SMALLEST))

    def forward(self, x):
        return ((x - self.mean) / self.deviation).clamp(-LIMIT, LIMIT)

    def nodes(self, n, x):
        x = n.op("Sub", x, n.constant(self.mean.numpy()))
        x = n.op("Mul", x, n.constant((1.0 / self.deviation).numpy()))
        return n.op("Clip", x, *(n.constant(torch.tensor(v).numpy()) for v in (-LIMIT, LIMIT)))


class Member(nn.Module):
    """Logits [batch, labels] from normalised blocks [batch, steps, channels]."""

    def __init__(self, channels, labels):
        super().__init__()
        self.convs, self.norms, before = nn.ModuleList(), nn.ModuleList(), channels
        for width in CHANNELS:
            self.convs.append(nn.Conv1d(before, width, KERNEL, padding=KERNEL // 2, bias=False))
            self.norms.append(nn.BatchNorm1d(width))
            before = width
        self.lstm = nn.LSTM(before, HIDDEN, batch_first=True)
        self.summary = nn.BatchNorm1d(HIDDEN + 2 * sum(CHANNELS), momentum=0.05)
        self.output = nn.Linear(HIDDEN + 2 * sum(CHANNELS), labels)
        self.dropout_in, self.dropout_maps, self.dropout = nn.Dropout1d(0.2), nn.Dropout1d(0.1), nn.Dropout(0.4)
        for name, weight in self.lstm.named_parameters():
            for gate, part in enumerate(weight.data.chunk(4)):
                if "bias" in name:
                    part.fill_(0.5 if gate == 1 else 0.0)
                else:
                    (nn.init.xavier_uniform_ if "ih" in name else nn.init.orthogonal_)(part)

    def forward(self, blocks):
        x, parts = self.dropout_in(blocks.transpose(1, 2)), []
        for conv, norm in zip(self.convs, self.norms):
            x = torch.relu(norm(conv(x)))
            mean = x.mean(dim=2)
            parts += [mean, torch.sqrt((x - mean[:, :, None]).square().mean(dim=2) + SPREAD_FLOOR)]
            x = self.dropout_maps(x)
        sequence, _ = self.lstm(x.transpose(1, 2))
        return self.output(self.dropout(self.summary(torch.cat([sequence.mean(dim=1)] + parts, dim=1))))

    def nodes(self, graph, blocks, name):
        """`blocks` as [1, channels, steps]."""
        n, x, parts = Nodes(graph, name), blocks, []
        for i, (conv, norm) in enumerate(zip(self.convs, self.norms)):
            gain, offset = scale(norm)
            weight = (conv.weight.detach() * gain[:, None, None]).numpy()
            x = graph.relu(graph.conv(x, weight, offset.numpy(), f"{name}.conv{i}", pads=[KERNEL // 2] * 2), f"{name}.relu{i}")
            spread = n.mean(n.square(n.centred(x, 2)), 2)
            parts += [n.mean(x, 2), n.op("Sqrt", n.add(spread, SPREAD_FLOOR))]
        w, r, b = recurrent(self.lstm, 0, GATES)
        x = graph.lstm(n.op("Transpose", x, perm=[2, 0, 1]), w[None], r[None], b[None], f"{name}.lstm", whole_sequence=True)
        x = n.op("Concat", n.mean(x), *parts, axis=1)
        gain, offset = scale(self.summary)
        weight, bias = self.output.weight.detach(), self.output.bias.detach()
        return graph.linear(x, (weight * gain).numpy(), (bias + weight @ offset).numpy(), f"{name}.output")


class CrnnLarge(nn.Module):
    """Logits [batch, labels] from normalised windows [batch, frames, mels]."""

    title = "CRNN over cepstra, spectral contrast and fine structure: five averaged members and a linear path, trained from scratch"

    def __init__(self, labels, members=5):
        super().__init__()
        self.front = FineStructure()
        self.statistics, self.blocks = Normal(self.front.statistics), Normal(self.front.channels)
        self.linear = nn.Linear(self.front.statistics, labels)
        self.members = nn.ModuleList(Member(self.front.channels, labels) for _ in range(members))

    def forward(self, x):
        statistics, blocks = self.front(x)
        blocks = self.blocks(blocks)
        mean = torch.stack([member(blocks) for member in self.members]).mean(dim=0)
        return self.linear(self.statistics(statistics)) + SHARE * mean

    def graph(self, frames, mels):
        graph = Graph("crnn_large", batch=1)
        n = Nodes(graph, "large")
        statistics, blocks = fine_structure(graph, "mel", self.front, frames)
        linear = graph.linear(
            self.statistics.nodes(n, statistics), self.linear.weight.detach().numpy(), self.linear.bias.detach().numpy(), "linear"
        )
        blocks = n.op("Transpose", self.blocks.nodes(n, blocks), perm=[1, 0])
        blocks = n.op("Unsqueeze", blocks, n.constant([0]))
        total = None
        for i, member in enumerate(self.members, start=1):
            logits = member.nodes(graph, blocks, f"member{i}")
            total = logits if total is None else n.op("Add", total, logits)
        graph.node("Add", [linear, n.times(total, SHARE / len(self.members))], "logits")
        return graph
