"""The fixed front end of `crnn-large`: what a window's columns say about spectral shape, fine structure and rhythm.

Nothing here is learned. Learned first layers of this size found less in 442 clips than these textbook descriptors:
cepstra, spectral contrast and roughness, persistence of detail, modulation. Touch it together with its ONNX nodes
in `fine_structure_nodes.py`.
"""

import numpy as np
import torch
from torch import nn

MELS = 128
CEPSTRA, SHAPE, CORRELATED = 40, 32, 24
BANDS, GROUPS = 32, (8, 16)
LAGS, PERSISTENCE = (1, 2, 4, 8, 16, 32), (1, 2, 4, 8, 16)
BLOCK, BLOCK_PERSISTENCE = 8, (2, 4)
LOG_FLOOR, SQUARE_FLOOR = 1e-3, 1e-6


def bases():
    """Constant matrices: cepstra (orthonormal DCT-II), means of bands, detail (less the mean of nine mels), bands of roughness."""
    k, n = np.arange(CEPSTRA), np.arange(MELS)
    cepstra = np.cos(np.pi / MELS * np.outer(n + 0.5, k)) * np.sqrt(2.0 / MELS)
    cepstra[:, 0] /= np.sqrt(2.0)
    bands = np.zeros((MELS, BANDS))
    bands[n, n // (MELS // BANDS)] = BANDS / MELS
    detail = np.eye(MELS)
    for mel in range(MELS):
        np.add.at(detail, (np.clip(np.arange(mel - 4, mel + 5), 0, MELS - 1), mel), -1.0 / 9.0)
    rough = bands[1:-1] / bands[1:-1].sum(axis=0)
    return {name: m.astype(np.float32) for name, m in zip(("cepstra", "bands", "detail", "rough"), (cepstra, bands, detail, rough))}


def _log(x):
    return torch.log(x + LOG_FLOOR)


def _second(x):
    """Second difference along the last axis."""
    return x[..., 2:] - 2.0 * x[..., 1:-1] + x[..., :-2]


def _energy(x):
    return (x * x).mean(dim=1)


def _deviation(x):
    return torch.sqrt(_energy(x - x.mean(dim=1, keepdim=True)) + SQUARE_FLOOR)


def _block_mean(x):
    """Mean over every block of columns, [batch, frames // 8, ..]."""
    steps = x.shape[1] // BLOCK
    return x[:, : steps * BLOCK].unflatten(1, (steps, BLOCK)).mean(dim=2)


class FineStructure(nn.Module):
    """(statistics [batch, n] of the whole window, blocks [batch, frames // 8, m]) of normalised windows [batch, frames, mels]."""

    def __init__(self):
        super().__init__()
        for name, matrix in bases().items():
            self.register_buffer(name, torch.from_numpy(matrix))
        lower = torch.tril_indices(CORRELATED, CORRELATED, -1)
        self.register_buffer("lower", lower[0] * CORRELATED + lower[1])
        with torch.no_grad():
            statistics, blocks = self(torch.zeros(1, 40, MELS))
        self.statistics, self.channels = statistics.shape[1], blocks.shape[2]

    @torch.no_grad()
    def forward(self, x):
        cepstra, rough = x @ self.cepstra, _second(x).square()
        contrasts = [c for width in GROUPS for c in self._contrast(x, width)]
        detail = x @ self.detail
        blocks = torch.cat([self._blocks(cepstra, contrasts, rough), self._tonal_blocks(x, detail)], dim=2)
        parts = self._shape(cepstra[..., :SHAPE]) + self._rhythm(x @ self.bands)
        parts += [_log(rough.mean(dim=1)), _log(_second(x.mean(dim=1)).square())]
        parts += [part for c in contrasts for part in (c.mean(dim=1), _deviation(c))]
        parts += self._persistence(detail)
        return torch.cat(parts, dim=1), blocks

    @staticmethod
    def _contrast(x, width):
        """Per group of mels and column: peak over mean, and mean over valley."""
        groups = x.unflatten(2, (MELS // width, width))
        mean = groups.mean(dim=3)
        return [groups.amax(dim=3) - mean, mean - groups.amin(dim=3)]

    def _shape(self, cepstra):
        """Means, spreads and correlations of cepstra."""
        mean = cepstra.mean(dim=1)
        centred = cepstra - mean[:, None]
        variance = _energy(centred)
        scaled = centred[..., :CORRELATED] / torch.sqrt(variance[:, None, :CORRELATED] + SQUARE_FLOOR)
        correlation = (scaled.transpose(1, 2) @ scaled / cepstra.shape[1]).flatten(1)[:, self.lower]
        return [mean, _log(variance), _log(_energy(cepstra[:, 1:] - cepstra[:, :-1])), correlation]

    @staticmethod
    def _rhythm(bands):
        """Energy of modulation at octaves of time scales, and the shape of onsets."""
        parts = [_log(_energy(bands - bands.mean(dim=1, keepdim=True)))]
        box = bands
        for lag in LAGS:
            if lag > 1:
                box = 0.5 * (box[:, lag // 2 :] + box[:, : -(lag // 2)])
            # A box that is too long for a short window leaves one difference of zero.
            step = min(lag, box.shape[1] - 1)
            parts.append(_log(_energy(box[:, step:] - box[:, : box.shape[1] - step])))
        change = bands[:, 1:] - bands[:, :-1]
        energy = _energy(change) + LOG_FLOOR
        rising, peaked = _energy(change.clamp_min(0.0)) / energy, _energy(change.square()) / energy.square()
        return parts + [rising, _log(peaked)]

    @staticmethod
    def _persistence(detail):
        """Per group of eight mels: energy of the detail, and how much of it is still there some columns later."""
        def grouped(product):
            return product.mean(dim=1).unflatten(1, (MELS // 8, 8)).mean(dim=2)

        energy = grouped(detail * detail) + LOG_FLOOR
        return [torch.log(energy)] + [grouped(detail[:, lag:] * detail[:, :-lag]) / energy for lag in PERSISTENCE]

    def _blocks(self, cepstra, contrasts, rough):
        """Shape and contrast of every block of eight columns, as a sequence."""
        change = torch.nn.functional.pad(cepstra[:, 1:] - cepstra[:, :-1], (0, 0, 1, 0))
        level = _block_mean(cepstra)
        spread = (_block_mean(cepstra * cepstra) - level * level).clamp_min(0.0)
        parts = [level, _log(spread), _log(_block_mean(change * change)), _log(_block_mean(rough @ self.rough))]
        return torch.cat(parts + [_block_mean(c) for c in contrasts], dim=2)

    def _tonal_blocks(self, x, detail):
        """Roughness of every block's mean spectrum, and energy and persistence of its detail."""
        def grouped(product):
            return _block_mean(product.unflatten(2, (MELS // 8, 8)).mean(dim=3))

        energy = grouped(detail * detail) + LOG_FLOOR
        parts = [_log(_second(_block_mean(x)).square() @ self.rough), torch.log(energy)]
        for lag in BLOCK_PERSISTENCE:
            product = torch.nn.functional.pad(detail[:, lag:] * detail[:, :-lag], (0, 0, lag, 0))
            parts.append(grouped(product) / energy)
        return torch.cat(parts, dim=2)
