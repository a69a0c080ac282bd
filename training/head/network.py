"""The recurrent head: a running mean of the patches' probabilities that learns to forget at a change.

Each patch has probabilities p_t from the start. At each step a small network compares the mean of p before with
that after, beside the states of a bidirectional GRU, and tells how much of what came before is to be forgotten, a_t ≥ 0.
The window's probabilities are Σ w_t p_t / Σ w_t with w_t = exp(−Σ_{s>t} a_s): without forgetting (a = 0) the plain mean.
"""

import torch
from torch import nn

from ..graph import Graph
from ..gtzan import LABELS
from ..musicnn.encoder import TAGS
from .linear import CLIP

HIDDEN, SUMMARY, COMPARED = 12, 16, 24
# A count n is told as n / (n + 4), so that a few patches more or less matter most where there are few.
EVEN = 4.0
# softplus(-3) = 0.05 a patch: training begins with slow forgetting, from where it can learn either way.
START = -3.0
# Keeps the logarithm finite; far below any probability that matters.
LEAST = 1e-7


class Head(nn.Module):
    """Logits [batch, labels] of sequences [batch, patches, 50 + kept]."""

    title = "musicnn's encoder, pretrained on the Million Song Dataset's tags, and a recurrent head"

    def __init__(self, start):
        super().__init__()
        buffers = {name: getattr(start.linear, name) for name in ("tags", "rest", "bias")}
        buffers |= {f"correction_{name}": getattr(start.correction, name) for name in ("tags", "rest", "bias", "out")}
        for name, value in buffers.items():
            self.register_buffer(name, torch.from_numpy(value).float())
        self.summary = nn.Linear(TAGS, SUMMARY)
        self.gru = nn.GRU(len(LABELS) + SUMMARY, HIDDEN, batch_first=True, bidirectional=True)
        self.compare = nn.Linear(2 * HIDDEN + 3 * len(LABELS) + 2, COMPARED)
        self.forget = nn.Linear(COMPARED, 1)
        nn.init.constant_(self.forget.bias, START)

    def patches(self, rows):
        """(log-odds of the tags, probabilities of the start), both by patch."""
        tags = rows[..., :TAGS]
        cut = tags.clamp(CLIP, 1.0 - CLIP)
        odds = torch.log(cut) - torch.log(1.0 - cut)
        logits = torch.cat([odds, torch.sqrt(tags)], dim=-1) @ self.tags + rows[..., TAGS:] @ self.rest + self.bias
        alone = odds @ self.correction_tags + self.correction_bias
        both = alone + rows[..., TAGS:] @ self.correction_rest
        logits = logits + (torch.relu(both) - torch.relu(alone)) @ self.correction_out
        return odds, torch.softmax(logits, dim=-1)

    def forgotten(self, odds, p):
        """a [batch, patches, 1] of the log-odds and probabilities of each patch."""
        states, _ = self.gru(torch.cat([p, torch.tanh(self.summary(odds))], dim=-1))
        ones = torch.ones_like(p[..., :1])
        until, behind = p.cumsum(dim=1), ones.cumsum(dim=1)
        total, heard = until[:, -1:], behind[:, -1:]
        ahead = heard - behind + 1.0
        before, after = (until - p) / torch.clamp(behind - 1.0, min=1.0), (total - until + p) / ahead
        counts = torch.cat([(behind - 1.0) / (behind + EVEN), ahead / (ahead + EVEN)], dim=-1)
        x = torch.cat([states, before, after, (before - after) ** 2, counts], dim=-1)
        return nn.functional.softplus(self.forget(torch.relu(self.compare(x))))

    def forward(self, rows):
        return self.answer(rows)[0]

    def answer(self, rows, p=None):
        """(logits, forgotten); with `p` [batch, patches, labels], these stand in place of the start's probabilities."""
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
        x = node("Add", [x, weight("bias", self.bias)], "linear")
        alone = node("MatMul", [odds, weight("correction_tags.weight", self.correction_tags)], "correction_by_tags")
        alone = node("Add", [alone, weight("correction_bias", self.correction_bias)], "alone")
        both = node("MatMul", [rest, weight("correction_rest.weight", self.correction_rest)], "correction_by_rest")
        both = node("Relu", [node("Add", [alone, both], "with_rest")], "heard_hidden")
        apart = node("Sub", [both, node("Relu", [alone], "tags_hidden")], "correction_hidden")
        apart = node("MatMul", [apart, weight("correction_out.weight", self.correction_out)], "correction")
        p = node("Softmax", [node("Add", [x, apart], "local")], "p", axis=2)

        x = node("MatMul", [odds, weight("summary.weight", self.summary.weight.T)], "summary_product")
        x = node("Tanh", [node("Add", [x, weight("summary.bias", self.summary.bias)], "summary_sum")], "summary")
        x = node("Transpose", [node("Concat", [p, x], "heard", axis=2)], "time_first", perm=[1, 0, 2])
        states = graph.gru_both_ways(x, *self._gru(), "gru")
        x = node("Concat", [states, *self._means(graph, p)], "compared", axis=2)
        x = node("MatMul", [x, weight("compare.weight", self.compare.weight.T)], "compare_product")
        x = node("Relu", [node("Add", [x, weight("compare.bias", self.compare.bias)], "compare_sum")], "compare")
        x = node("MatMul", [x, weight("forget.weight", self.forget.weight.T)], "forget_product")
        x = node("Softplus", [node("Add", [x, weight("forget.bias", self.forget.bias)], "forget_sum")], "forgotten")
        after = node("CumSum", [x, constant("axis", 1)], "after", exclusive=1, reverse=1)
        w = node("Exp", [node("Neg", [after], "kept")], "weight")
        total = node("ReduceSum", [node("Mul", [w, p], "weighted"), one], "total", keepdims=0)
        mean = node("Div", [total, node("ReduceSum", [w, one], "weights", keepdims=0)], "mean")
        node("Log", [node("Add", [mean, constant("smallest", LEAST)], "positive")], "logits")
        return graph

    def _means(self, graph, p):
        """The nodes of what `forgotten` compares beside the GRU's states."""
        node, constant = graph.node, graph.weight
        axis, one, last = constant("axis.one", 1), constant("one", 1.0), constant("axes.last", [2])
        first = node("Slice", [p, constant("from", [0]), constant("to", [1]), last], "first_label")
        ones = node("Add", [node("Mul", [first, constant("zero", 0.0)], "zeros"), one], "ones")
        until, behind = node("CumSum", [p, axis], "until"), node("CumSum", [ones, axis], "behind")
        total, heard = (node("ReduceSum", [x, constant(f"{n}.axis", [1])], n, keepdims=1) for x, n in ((p, "sum"), (ones, "count")))
        ahead = node("Add", [node("Sub", [heard, behind], "later"), one], "ahead")
        earlier = node("Max", [node("Sub", [behind, one], "earlier_count"), one], "earlier")
        before = node("Div", [node("Sub", [until, p], "sum_before"), earlier], "before")
        after = node("Div", [node("Add", [node("Sub", [total, until], "sum_later"), p], "sum_after"), ahead], "mean_after")
        apart = node("Sub", [before, after], "apart")
        even = constant("even", EVEN)
        counts = [
            node("Div", [node("Sub", [behind, one], "count_before"), node("Add", [behind, even], "even_before")], "share_before"),
            node("Div", [ahead, node("Add", [ahead, even], "even_after")], "share_after"),
        ]
        return [before, after, node("Mul", [apart, apart], "squares"), *counts]

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
