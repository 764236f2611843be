"""Proper orthogonal decomposition of fields by the method of snapshots, all of it in products of runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_MOST_SNAPSHOTS = 1000  # of which modes are made; more say little new and cost their square
_BLOCK = 4_000_000  # numbers at a time: 32 MB
_RESOLVED = 1e-10  # of the variance of the first mode: below, products of double precision no longer tell modes apart
_SMALLEST = 1e-120  # size of a field that can still be squared
_ROUNDING = 8 * float(np.finfo(np.float64).eps)  # of the largest number of a field


@dataclass(frozen=True)
class Basis:
    """Modes as sums of snapshots.

    Parameters
    ----------
    rows : ndarray of int, shape (t,)
        Which snapshots; numbers of rows of `Snapshots.rows`.
    weights : ndarray of shape (t, r)
        Weights of these snapshots in each mode; each column adds up to zero.
    variances : ndarray of shape (r,)
        Of the coefficients, summed over the snapshots; descending.
    """

    rows: NDArray[np.intp]
    weights: Floats
    variances: Floats


class Snapshots:
    """Runs of a field, and the products between them that modes, projections and errors are made of.

    A mode is a sum of snapshots, and so is a predicted field. Products of whole fields are therefore taken once;
    modes for any part of the runs, the coefficients of other runs and what the modes leave out follow from the
    products alone, however large the field is. Fields are read block by block and never copied as a whole.

    Parameters
    ----------
    Y : ndarray of shape (n, N)
        A row a run. With more than 1,000 runs modes are made of a thousand of them, drawn at random.
    seed : int
        Of that draw.

    Raises
    ------
    ValueError
        If the field is too large or too small in size to be squared.

    References
    ----------
    Sirovich, L. (1987). Turbulence and the dynamics of coherent structures. Quarterly of Applied Mathematics 45,
    561-571.
    """

    def __init__(self, Y: Floats, seed: int = 0) -> None:
        n = len(Y)
        self.Y = Y
        self.rows = np.arange(n)
        if n > _MOST_SNAPSHOTS:
            self.rows = np.sort(np.random.default_rng(seed).choice(n, _MOST_SNAPSHOTS, replace=False))
        self.products = np.zeros((n, len(self.rows)))  # of runs and snapshots, from which the mean is taken
        self.squares = np.zeros(n)
        self.largest = max(float(np.abs(Y[:, part]).max()) for part in self.blocks())
        if self.largest and not _SMALLEST < self.largest < 1.0 / _SMALLEST:
            raise ValueError(
                f"runs: the field reaches {self.largest:.3g}, whose square floating point cannot hold. "
                "Return it in another unit, or its logarithm."
            )
        self.noise = (_ROUNDING * self.largest) ** 2 * Y.size
        for part in self.blocks():
            block = Y[:, part] - Y[self.rows, part].mean(axis=0)
            self.products += block @ block[self.rows].T
            self.squares += np.einsum("ij,ij->i", block, block)

    def blocks(self) -> Iterator[slice]:
        """Return slices of locations that together are the field."""
        width = max(1, _BLOCK // len(self.Y))
        return (slice(start, start + width) for start in range(0, self.Y.shape[1], width))

    def basis(self, runs: NDArray[np.intp] | None = None) -> Basis:
        """Make modes of some runs, all by default.

        Parameters
        ----------
        runs : ndarray of int, optional
            Ascending numbers of runs.

        Returns
        -------
        Basis
            All modes that rounding leaves.
        """
        rows = np.arange(len(self.rows)) if runs is None else np.flatnonzero(np.isin(self.rows, runs))
        gram = self.products[np.ix_(self.rows[rows], rows)]
        gram = gram - gram.mean(axis=0) - gram.mean(axis=1)[:, None] + gram.mean()
        variances, vectors = np.linalg.eigh(gram)
        variances, vectors = variances[::-1], vectors[:, ::-1]
        kept = variances > max(_RESOLVED * variances[0], self.noise)
        return Basis(rows, vectors[:, kept] / np.sqrt(variances[kept]), variances[kept])

    def coefficients(self, basis: Basis) -> Floats:
        """Project all runs on the modes of `basis`, around the mean of its snapshots; shape (n, r)."""
        products = self.products[:, basis.rows]
        projected: Floats = (products - products[self.rows[basis.rows]].mean(axis=0)) @ basis.weights
        return projected

    def distances(self, basis: Basis) -> Floats:
        """Squared distances of all runs from the mean of the snapshots of `basis`, summed over the field; (n,)."""
        products = self.products[:, basis.rows]
        squared: Floats = self.squares - 2.0 * products.mean(axis=1) + products[self.rows[basis.rows]].mean()
        return squared

    def as_sums(self, basis: Basis, coefficients: Floats) -> Floats:
        """Fields with these `coefficients` (m, k) of the first k modes, as weights (m, snapshots) of snapshots."""
        weights = np.zeros((len(coefficients), len(self.rows)))
        k = coefficients.shape[1]
        weights[:, basis.rows] = coefficients @ basis.weights[:, :k].T + 1.0 / len(basis.rows)
        return weights
