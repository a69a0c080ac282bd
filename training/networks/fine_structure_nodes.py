"""`FineStructure` as plain ONNX operators, for one window. Touch it together with `fine_structure.py`."""

import numpy as np

from .fine_structure import BANDS, BLOCK, BLOCK_PERSISTENCE, CEPSTRA, CORRELATED, GROUPS, LAGS, LOG_FLOOR, MELS, PERSISTENCE, SHAPE, SQUARE_FLOOR


class Nodes:
    """Short forms of the operators needed; every method gives its output's name."""

    def __init__(self, graph, prefix):
        self.graph, self.prefix, self.count = graph, prefix, 0

    def name(self):
        self.count += 1
        return f"{self.prefix}.{self.count}"

    def op(self, kind, *inputs, **attributes):
        return self.graph.node(kind, list(inputs), self.name(), **attributes)

    def constant(self, value):
        return self.graph.weight(self.name(), np.asarray(value))

    def add(self, x, number):
        return self.op("Add", x, self.constant(np.float32(number)))

    def times(self, x, number):
        return self.op("Mul", x, self.constant(np.float32(number)))

    def part(self, x, start, end, axis):
        return self.op("Slice", x, *(self.constant(np.array([v])) for v in (start, end, axis)))

    def reshape(self, x, *shape):
        return self.op("Reshape", x, self.constant(np.array(shape)))

    def mean(self, x, axis=0):
        return self.op("ReduceMean", x, axes=[axis], keepdims=0)

    def square(self, x):
        return self.op("Mul", x, x)

    def energy(self, x):
        return self.mean(self.square(x))

    def log(self, x):
        return self.op("Log", self.add(x, LOG_FLOOR))

    def centred(self, x, axis=0):
        return self.op("Sub", x, self.op("ReduceMean", x, axes=[axis], keepdims=1))

    def deviation(self, x):
        return self.op("Sqrt", self.add(self.energy(self.centred(x)), SQUARE_FLOOR))

    def change(self, x, length, lag=1):
        """x[lag:] - x[:-lag] along the first axis."""
        return self.op("Sub", self.part(x, lag, length, 0), self.part(x, 0, length - lag, 0))

    def second(self, x, axis):
        """Second difference over mels."""
        outer = self.op("Add", self.part(x, 2, MELS, axis), self.part(x, 0, MELS - 2, axis))
        return self.op("Sub", outer, self.times(self.part(x, 1, MELS - 1, axis), 2.0))


def fine_structure(graph, source, front, frames):
    """(statistics [1, n], blocks [frames // 8, m]) of the input [1, frames, mels] named `source`."""
    n = Nodes(graph, "front")
    x = n.reshape(source, frames, MELS)
    cepstra, bands, detail = (n.op("MatMul", x, n.constant(m.numpy())) for m in (front.cepstra, front.bands, front.detail))
    rough = n.square(n.second(x, 1))
    contrasts = []
    for width in GROUPS:
        groups = n.reshape(x, frames, MELS // width, width)
        mean = n.mean(groups, 2)
        peak, valley = (n.op(kind, groups, axes=[2], keepdims=0) for kind in ("ReduceMax", "ReduceMin"))
        contrasts += [n.op("Sub", peak, mean), n.op("Sub", mean, valley)]
    parts = _shape(n, n.part(cepstra, 0, SHAPE, 1), front, frames) + _rhythm(n, bands, frames)
    parts += [n.log(n.mean(rough)), n.log(n.square(n.second(n.mean(x), 0)))]
    parts += [part for c in contrasts for part in (n.mean(c), n.deviation(c))]
    parts += _persistence(n, detail, frames)
    statistics = n.reshape(n.op("Concat", *parts, axis=0), 1, front.statistics)
    pooled = n.constant(front.rough.numpy())
    blocks = _blocks(n, cepstra, contrasts, n.op("MatMul", rough, pooled), frames)
    return statistics, n.op("Concat", *blocks, *_tonal_blocks(n, x, detail, pooled, frames), axis=1)


def _shape(n, cepstra, front, frames):
    centred = n.centred(cepstra)
    variance = n.energy(centred)
    spread = n.op("Sqrt", n.add(n.part(variance, 0, CORRELATED, 0), SQUARE_FLOOR))
    scaled = n.op("Div", n.part(centred, 0, CORRELATED, 1), spread)
    products = n.op("MatMul", n.op("Transpose", scaled, perm=[1, 0]), scaled)
    flat = n.times(n.reshape(products, CORRELATED * CORRELATED), 1.0 / frames)
    correlation = n.op("Gather", flat, n.constant(front.lower.numpy()), axis=0)
    return [n.mean(cepstra), n.log(variance), n.log(n.energy(n.change(cepstra, frames))), correlation]


def _rhythm(n, bands, frames):
    parts, box, length = [n.log(n.energy(n.centred(bands)))], bands, frames
    for lag in LAGS:
        if lag > 1:
            half = lag // 2
            both = n.op("Add", n.part(box, half, length, 0), n.part(box, 0, length - half, 0))
            box, length = n.times(both, 0.5), length - half
        parts.append(n.log(n.energy(n.change(box, length, lag))))
    change = n.change(bands, frames)
    energy = n.add(n.energy(change), LOG_FLOOR)
    rising = n.op("Div", n.energy(n.op("Relu", change)), energy)
    peaked = n.op("Div", n.energy(n.square(change)), n.square(energy))
    return parts + [rising, n.log(peaked)]


def _persistence(n, detail, frames):
    def grouped(product):
        return n.mean(n.reshape(n.mean(product), MELS // 8, 8), 1)

    energy = n.add(grouped(n.square(detail)), LOG_FLOOR)
    parts = [n.op("Log", energy)]
    for lag in PERSISTENCE:
        product = n.op("Mul", n.part(detail, lag, frames, 0), n.part(detail, 0, frames - lag, 0))
        parts.append(n.op("Div", grouped(product), energy))
    return parts


def _block_mean(n, x, frames, width):
    steps = frames // BLOCK
    return n.mean(n.reshape(n.part(x, 0, steps * BLOCK, 0), steps, BLOCK, width), 1)


def _blocks(n, cepstra, contrasts, rough, frames):
    level = _block_mean(n, cepstra, frames, CEPSTRA)
    squares = _block_mean(n, n.square(cepstra), frames, CEPSTRA)
    spread = n.op("Relu", n.op("Sub", squares, n.square(level)))
    first = n.constant(np.zeros((1, CEPSTRA), dtype=np.float32))
    change = n.square(n.op("Concat", first, n.change(cepstra, frames), axis=0))
    parts = [level, n.log(spread), n.log(_block_mean(n, change, frames, CEPSTRA)), n.log(_block_mean(n, rough, frames, BANDS))]
    widths = [MELS // width for width in GROUPS for _ in range(2)]
    return parts + [_block_mean(n, c, frames, width) for c, width in zip(contrasts, widths)]


def _tonal_blocks(n, x, detail, pooled, frames):
    def grouped(product):
        return _block_mean(n, n.mean(n.reshape(product, frames, MELS // 8, 8), 2), frames, MELS // 8)

    energy = n.add(grouped(n.square(detail)), LOG_FLOOR)
    uneven = n.square(n.second(_block_mean(n, x, frames, MELS), 1))
    parts = [n.log(n.op("MatMul", uneven, pooled)), n.op("Log", energy)]
    for lag in BLOCK_PERSISTENCE:
        product = n.op("Mul", n.part(detail, lag, frames, 0), n.part(detail, 0, frames - lag, 0))
        first = n.constant(np.zeros((lag, MELS), dtype=np.float32))
        parts.append(n.op("Div", grouped(n.op("Concat", first, product, axis=0)), energy))
    return parts
