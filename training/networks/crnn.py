"""The CRNN: four convolutions 3×3 with pooling and dropout 0.1, two LSTM layers of 20, a dense layer of 32, the labels.

Three of the convolutions are the encoder, which a patch of 30 columns goes through once; the head reads the sequence of
what they gave, so that a hop costs what is new.

Deviations from the documents:
- Their pools (2, 2) (3, 3) (4, 4) (4, 4) stand over frequency. Over time the third is 2 and the last none: a window here
  has 378 columns where theirs had about 1300, and pools of 4 would leave the LSTM 4 steps to read instead of 30.
- The encoder's convolutions are not padded over time, so that a patch needs nothing of its neighbours; the level is
  controlled as the sound comes, where a window standardised as a whole would change every column with each hop.
- The last pool is padded over frequency, so that the top bands are heard too; two bands are left.
- The dense layer reads the mean of the LSTM's outputs, which weighs the whole window alike, not the last one.
- While training, a second output aside of the LSTM is trained too: without it the convolutions learn little through
  so narrow an LSTM from 442 clips. It is not exported.
- Channels (the documents' are not known), batch normalisation, and each band normalised.
"""

import torch
from torch import nn

from .. import gtzan
from ..graph import Graph
from .layers import Bands, Convolution, recurrent, weights

CHANNELS = (16, 24, 32, 48)
# (time, frequency) of each pool: 30 × 128 → 14 × 64 → 4 × 21 → 1 × 5, and all steps × 5 → steps × 2.
POOLS = ((2, 2), (3, 3), (2, 4), (1, 4))
PADDING = ((0, 0), (0, 0), (0, 0), (0, 2))
ENCODER = 3
PATCH = {"frames": 30, "stride": 12, "embedding": 160}
STEPS = 30
BANDS, HIDDEN, DENSE, DROPOUT = 2, 20, 32, 0.1
# What lies deeper below the level is heard as silence: stored rows end 80 dB under their peak, 44 or more below their mean.
FLOOR_DB = -45.0
# PyTorch's gates are i, f, g, o; ONNX's are i, o, f, c.
GATES = (0, 3, 1, 2)


class Crnn(nn.Module):
    """Logits [batch, labels] from columns [batch, frames, mels] at their level; in training, a second pair from aside.

    frames is that of 1 to `STEPS` patches, a stride apart.
    """

    title = "CRNN: four convolutions and two LSTM layers, trained from scratch"
    # The mean power of ten seconds comes to 0 dB.
    features = gtzan.FEATURES | {"level": {"target": 1.0, "columns": 129, "most": 100000.0}}
    floor_db, patch = FLOOR_DB, PATCH
    window = {
        "frames": PATCH["frames"] + (STEPS - 1) * PATCH["stride"], "first": PATCH["frames"], "stride": PATCH["stride"],
        "normalise": {"kind": "none"},
    }  # fmt: skip

    def __init__(self, labels, mels=128):
        super().__init__()
        self.bands = Bands(mels)
        self.convs, before = nn.ModuleList(), 1
        for i, (channels, pool, padding) in enumerate(zip(CHANNELS, POOLS, PADDING)):
            self.convs.append(Convolution(before, channels, 3, pool, DROPOUT, padding, streamed=i < ENCODER))
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
        x = self.bands(x.clamp_min(FLOOR_DB)).unsqueeze(1)
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

    def encoder(self, frames, mels):
        """The graph from "mel" [batch, frames, mels], a patch, to "embedding" [batch, channels × bands]."""
        graph = Graph("crnn_encoder")
        x = graph.node("Max", ["mel", graph.weight("floor", FLOOR_DB)], "floored")
        x = graph.reshape(self.bands.nodes(graph, x), [0, 1, frames, mels], "image")
        for i, conv in enumerate(self.convs[:ENCODER], start=1):
            x = conv.nodes(graph, x, f"conv{i}")
        graph.reshape(x, [0, PATCH["embedding"]], "embedding")
        return graph

    def head(self):
        """The graph from "embeddings" [batch, patches, channels × bands] to "logits" [batch, labels]."""
        graph, channels = Graph("crnn_head"), CHANNELS[ENCODER - 1]
        x = graph.reshape("embeddings", [0, 0, channels, PATCH["embedding"] // channels], "steps")
        x = graph.node("Transpose", [x], "image", perm=[0, 2, 1, 3])
        for i, conv in enumerate(self.convs[ENCODER:], start=ENCODER + 1):
            x = conv.nodes(graph, x, f"conv{i}")
        x = graph.node("Transpose", [x], "steps_first", perm=[2, 0, 1, 3])
        x = graph.reshape(x, [0, 0, CHANNELS[-1] * BANDS], "sequence")
        for layer in range(2):
            w, r, b = recurrent(self.lstm, layer, GATES)
            x = graph.lstm(x, w[None], r[None], b[None], f"lstm{layer + 1}", whole_sequence=True)
        x = graph.node("ReduceMean", [x], "mean", axes=[0], keepdims=0)
        x = graph.relu(graph.linear(x, *weights(self.dense), "dense"), "dense_relu")
        graph.linear(x, *weights(self.output), "logits")
        return graph
