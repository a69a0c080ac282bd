"""The recurrent head: a running mean of the linear start's probabilities that learns to forget at a change.

Each patch has probabilities p_t from the linear start. A bidirectional GRU over the patches tells at each step how much
of what came before is to be forgotten, a_t ≥ 0; the window's probabilities are Σ w_t p_t / Σ w_t with
w_t = exp(−Σ_{s>t} a_s). Without forgetting (a = 0, where training begins) this is the plain mean.
"""

import torch
from torch import nn

from ..graph import Graph
from ..gtzan import LABELS
from ..musicnn.encoder import TAGS
from .linear import CLIP

HIDDEN, SUMMARY = 24, 24
# softplus(-3) = 0.05 a patch: training begins with slow forgetting, from where it can learn either way.
START = -3.0
# Keeps the logarithm finite; far below any probability that matters.
LEAST = 1e-7


class Head(nn.Module):
    """Logits [batch, labels] of sequences [batch, patches, 50 + kept]."""

    title = "musicnn's encoder, pretrained on the Million Song Dataset's tags, and a recurrent head"

    def __init__(self, linear):
        super().__init__()
        for name in ("tags", "rest", "bias"):
            self.register_buffer(name, torch.from_numpy(getattr(linear, name)).float())
        self.summary = nn.Linear(TAGS, SUMMARY)
        self.gru = nn.GRU(len(LABELS) + SUMMARY, HIDDEN, batch_first=True, bidirectional=True)
        self.forget = nn.Linear(2 * HIDDEN, 1)
        nn.init.constant_(self.forget.bias, START)

    def patches(self, rows):
        """(log-odds of the tags, probabilities of the linear start), both by patch."""
        tags = rows[..., :TAGS]
        cut = tags.clamp(CLIP, 1.0 - CLIP)
        odds = torch.log(cut) - torch.log(1.0 - cut)
        logits = torch.cat([odds, torch.sqrt(tags)], dim=-1) @ self.tags + rows[..., TAGS:] @ self.rest + self.bias
        return odds, torch.softmax(logits, dim=-1)

    def forgotten(self, odds, p):
        """a [batch, patches, 1] of the log-odds and probabilities of each patch."""
        states, _ = self.gru(torch.cat([p, torch.tanh(self.summary(odds))], dim=-1))
        return nn.functional.softplus(self.forget(states))

    def forward(self, rows):
        return self.answer(rows)[0]

    def answer(self, rows, p=None):
        """(logits, forgotten); with `p` [batch, patches, labels], these stand in place of the linear start's probabilities."""
        odds, own = self.patches(rows)
        p = own if p is None else p
        forgotten = self.forgotten(odds, p)
        # What is forgotten after each patch: the sum over later ones.
        after = forgotten.flip(1).cumsum(1).flip(1) - forgotten
        weight = torch.exp(-after)
        mean = (weight * p).sum(dim=1) / weight.sum(dim=1)
        return torch.log(mean + LEAST), forgotten

    def graph(self, numbers):
        """The head as an ONNX graph from "embeddings" [1, patches, numbers] to "logits" [1, labels]."""
        graph = Graph("head")
        weight = lambda name, value: graph.weight(name, value.detach().numpy())
        node, constant = graph.node, graph.weight
        one, last = constant("axis.time", [1]), constant("axis.last", [2])
        ends = [constant(f"at.{name}", [v]) for name, v in (("start", 0), ("tags", TAGS), ("end", numbers))]
        tags = node("Slice", ["embeddings", ends[0], ends[1], last], "tags")
        rest = node("Slice", ["embeddings", ends[1], ends[2], last], "rest")
        bounds = [constant("least", float(CLIP)), constant("most", 1.0 - CLIP)]
        cut = node("Clip", [tags, *bounds], "cut")
        against = node("Sub", [constant("unity", 1.0), cut], "against")
        odds = node("Sub", [node("Log", [cut], "log_for"), node("Log", [against], "log_against")], "odds")
        x = node("Concat", [odds, node("Sqrt", [tags], "roots")], "features", axis=2)
        x = node("MatMul", [x, weight("tags.weight", self.tags)], "by_tags")
        x = node("Add", [x, node("MatMul", [rest, weight("rest.weight", self.rest)], "by_rest")], "both")
        p = node("Softmax", [node("Add", [x, weight("bias", self.bias)], "local")], "p", axis=2)

        x = node("MatMul", [odds, weight("summary.weight", self.summary.weight.T)], "summary_product")
        x = node("Tanh", [node("Add", [x, weight("summary.bias", self.summary.bias)], "summary_sum")], "summary")
        x = node("Transpose", [node("Concat", [p, x], "heard", axis=2)], "time_first", perm=[1, 0, 2])
        states = graph.gru_both_ways(x, *self._gru(), "gru")
        x = node("MatMul", [states, weight("forget.weight", self.forget.weight.T)], "forget_product")
        x = node("Softplus", [node("Add", [x, weight("forget.bias", self.forget.bias)], "forget_sum")], "forgotten")
        after = node("CumSum", [x, constant("axis", 1)], "after", exclusive=1, reverse=1)
        w = node("Exp", [node("Neg", [after], "kept")], "weight")
        total = node("ReduceSum", [node("Mul", [w, p], "weighted"), one], "total", keepdims=0)
        mean = node("Div", [total, node("ReduceSum", [w, one], "weights", keepdims=0)], "mean")
        node("Log", [node("Add", [mean, constant("smallest", LEAST)], "positive")], "logits")
        return graph

    def _gru(self):
        """Kernel, recurrence and biases of both directions in ONNX's shapes and gate order (z, r, h)."""
        out = []
        for names in (("weight_ih",), ("weight_hh",), ("bias_ih", "bias_hh")):
            ways = []
            for way in ("", "_reverse"):
                parts = [getattr(self.gru, f"{name}_l0{way}").detach().chunk(3) for name in names]
                ways.append(torch.cat([part[gate] for part in parts for gate in (1, 0, 2)]))
            out.append(torch.stack(ways).numpy())
        return out
