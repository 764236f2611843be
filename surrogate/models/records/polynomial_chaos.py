"""The record of a sparse polynomial chaos expansion: products of Legendre polynomials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from surrogate.models.records.record import Record

FloatArray = NDArray[np.float64]


def legendre(t: FloatArray, degree: int) -> FloatArray:
    """Legendre polynomials, orthonormal for the uniform distribution on [-1, 1].

    Parameters
    ----------
    t : ndarray of shape (n,)
        Where.
    degree : int
        The highest degree.

    Returns
    -------
    ndarray of shape (degree + 1, n)

    Examples
    --------
    >>> legendre(np.array([1.0]), 2).ravel() ** 2
    array([1., 3., 5.])
    """
    table = np.empty((degree + 1, len(t)))
    table[0] = 1.0
    if degree:
        table[1] = t
    for k in range(1, degree):
        table[k + 1] = ((2 * k + 1) * t * table[k] - k * table[k - 1]) / (k + 1)
    table *= np.sqrt(2.0 * np.arange(degree + 1) + 1.0)[:, None]
    return table


def legendre_slope(table: FloatArray) -> FloatArray:
    """Differentiate the polynomials in a table that `legendre` made, of the same shape.

    Of the plain polynomials, ``P'_k = P'_(k-2) + (2k - 1) P_(k-1)``.
    """
    norm = np.sqrt(2.0 * np.arange(len(table)) + 1.0)[:, None]
    slope = np.zeros_like(table)
    for k in range(1, len(table)):
        slope[k] = (2 * k - 1) * table[k - 1] / norm[k - 1] + (slope[k - 2] if k > 1 else 0.0)
    slope *= norm
    return slope


@dataclass(frozen=True, eq=False)
class PolynomialChaosRecord(Record):
    """A sum of products of orthonormal Legendre polynomials.

    With ``t = 2 (x - location) / width - 1`` the prediction is
    ``sum_i coefficients_i * prod_j legendre(t_j, degrees_ij)``.

    Parameters
    ----------
    location, width : ndarray of shape (p,)
        The interval of each feature over which the polynomials are orthonormal.
    degrees : ndarray of int32, shape (terms, p)
        Degree of each term in each feature; terms are different.
    coefficients : ndarray of shape (terms,)
        One a term, in the output's unit.

    References
    ----------
    Sudret, B. (2008). Global sensitivity analysis using polynomial chaos expansions. Reliability Engineering & System
    Safety 93, 964-979.

    Examples
    --------
    >>> one, two = np.ones(2), np.array([[0, 0], [1, 0], [0, 1]], dtype=np.int32)
    >>> record = PolynomialChaosRecord(0 * one, one, two, np.array([5.0, 2.0, 1.0]))
    >>> record.mean, record.variance, record.sobol_indices()[0]
    (5.0, 5.0, array([0.8, 0.2]))
    """

    kind: ClassVar[str] = "polynomial_chaos"
    has_gradient: ClassVar[bool] = True

    location: FloatArray
    width: FloatArray
    degrees: NDArray[np.int32]
    coefficients: FloatArray

    def __post_init__(self) -> None:
        super().__post_init__()
        terms, p = len(self.coefficients), len(self.location)
        shapes = [a.shape for a in (self.location, self.width, self.degrees, self.coefficients)]
        if shapes != [(p,), (p,), (terms, p), (terms,)] or self.degrees.min(initial=0) < 0:
            raise ValueError(
                "polynomial_chaos: shapes (p,), (p,), (terms, p), (terms,) and no negative degree are needed; "
                f"got {shapes} and a least degree of {self.degrees.min(initial=0)}."
            )

    @property
    def n_features(self) -> int:
        """Number of columns of `X`."""
        return len(self.location)

    @property
    def _row_bytes(self) -> int:
        return 8 * (3 * len(self.coefficients) + 2 * int(self.degrees.max(initial=0)) + 4)

    def _scaled(self, X: FloatArray) -> FloatArray:
        return 2.0 * (X - self.location) / self.width - 1.0

    def _table(self, t: FloatArray, j: int) -> FloatArray:
        return legendre(t[:, j], int(self.degrees[:, j].max(initial=0)))

    def basis(self, X: FloatArray) -> FloatArray:
        """Values of all terms.

        Parameters
        ----------
        X : ndarray of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n, terms)
        """
        return self._terms(self._scaled(X)).T

    def _terms(self, t: FloatArray) -> FloatArray:
        values = np.ones((len(self.coefficients), len(t)))
        for j in range(self.n_features):
            used = np.flatnonzero(self.degrees[:, j])
            if len(used):
                values[used] *= self._table(t, j)[self.degrees[used, j]]
        return values

    def _predict_block(self, X: FloatArray) -> FloatArray:
        prediction: FloatArray = self.coefficients @ self._terms(self._scaled(X))
        return prediction

    def _gradient_block(self, X: FloatArray) -> FloatArray:
        t = self._scaled(X)
        tables = [self._table(t, j) for j in range(self.n_features)]
        gradient = np.zeros_like(X)
        for j, table in enumerate(tables):
            used = np.flatnonzero(self.degrees[:, j])
            if not len(used):
                continue
            product = self.coefficients[used, None] * legendre_slope(table)[self.degrees[used, j]]
            for other, factor in enumerate(tables):
                if other != j:
                    both = np.flatnonzero(self.degrees[used, other])
                    product[both] *= factor[self.degrees[used[both], other]]
            gradient[:, j] = 2.0 / self.width[j] * product.sum(axis=0)
        return gradient

    # What orthonormality gives for nothing ----------------------------------------------------------------------------

    @property
    def mean(self) -> float:
        """Mean over features that are independent and uniform on their intervals."""
        return float(self.coefficients[~self.degrees.any(axis=1)].sum())

    @property
    def variance(self) -> float:
        """Variance over features that are independent and uniform on their intervals."""
        return float((self.coefficients[self.degrees.any(axis=1)] ** 2).sum())

    def sobol_indices(self) -> tuple[FloatArray, FloatArray]:
        """Share of the variance that each feature explains alone, and in all interactions too.

        Returns
        -------
        first, total : ndarray of shape (p,)
            For features that are independent and uniform on their intervals. Zeros where nothing varies.
        """
        used = self.degrees > 0
        share = self.coefficients**2 / (self.variance or 1.0)
        alone = used & (used.sum(axis=1) == 1)[:, None]
        return share @ alone, share @ used
