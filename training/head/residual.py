"""What the penultimate layer knows beyond the tags, in few dimensions.

The tags' log-odds are a linear image of the penultimate layer. Half of the clips exist as tags only, so what cannot
be told from the tags is taken apart: r = z − E[z | tags], with a linear expectation, is zero on average and therefore
stands at zero where it is not known. Its main axes are kept, each scaled to a variance of 1. Numpy only.
"""

from dataclasses import dataclass

import numpy as np

RIDGE = 1e-3


@dataclass
class Residual:
    """`matrix` [kept, 200] and `offset` [kept]: residual = matrix · penultimate + offset."""

    matrix: np.ndarray
    offset: np.ndarray

    def of(self, penultimate):
        """Residuals [.., kept] of penultimate layers [.., 200]."""
        return penultimate @ self.matrix.T + self.offset


def fit(penultimate, tags_kernel, kept):
    """Fit on penultimate layers [patches, 200]; tags_kernel [50, 200] gives the tags' log-odds up to their biases."""
    mean = penultimate.mean(axis=0)
    centred = penultimate - mean
    covariance = centred.T @ centred / len(centred)
    seen = tags_kernel @ covariance
    inner = seen @ tags_kernel.T
    inner += RIDGE * np.trace(inner) / len(inner) * np.eye(len(inner))
    # z − E[z | tags] = (1 − gain · kernel) (z − mean)
    apart = np.eye(len(mean)) - np.linalg.solve(inner, seen).T @ tags_kernel
    values, axes = np.linalg.eigh(apart @ covariance @ apart.T)
    first = np.argsort(values)[::-1][:kept]
    matrix = (axes[:, first] / np.sqrt(values[first])).T @ apart
    return Residual(matrix, -matrix @ mean)
