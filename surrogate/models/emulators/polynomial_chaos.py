"""Sparse polynomial chaos: the most accurate choice where an output is nearly a polynomial of few interactions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from surrogate.models.emulators.emulator import Emulator
from surrogate.models.emulators.orthogonal_basis import basis_values, to_legendre
from surrogate.models.emulators.polynomial_terms import (
    cross_validated_errors,
    hyperbolic_degrees,
    orthogonal_least_squares,
)
from surrogate.models.records.polynomial_chaos import PolynomialChaosRecord

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from surrogate.models.emulators.orthogonal_basis import Bases
    from surrogate.models.records import Record

    FloatArray = NDArray[np.float64]

#: Candidate bases that are cross-validated: the best of some twenty by a criterion that costs a fifth of it.
_FINALISTS = 5

#: Up to here a fifth of the runs is dear to a fit: ten folds instead of five.
_FEW_RUNS = 100


class PolynomialChaos(Emulator):
    """Sparse expansion in orthonormal polynomials, its degree, interactions and terms chosen by the runs.

    Each degree and each hyperbolic truncation give a candidate basis, in which terms are taken by orthogonal least
    squares. An extended Bayesian information criterion, which counts how many candidates there were, names the best
    few bases; five-fold cross-validation, the terms taken anew in each fold, decides between them and on the number
    of terms. A leave-one-out error of terms already taken, even corrected for small samples, kept far too many.

    Features between 0 and 1, as `Space.features` gives them, are taken as uniform there, others as uniform over the
    range of the runs, with Legendre polynomials. Where a distribution is declared, `bases` has the polynomials that are
    orthonormal under it (Hermite's for a normal one): terms are chosen among those, and written as Legendre polynomials
    in the end, which is exact.

    Parameters
    ----------
    q : tuple of float, default (1.0, 0.75, 0.5)
        Hyperbolic truncations to try: 1 keeps all interactions of a total degree, smaller ones favour main effects.
    max_degree : int, default 14
        The highest degree tried.
    max_terms : int, default 150
        Upper limit of the number of terms; two thirds of the number of runs is another.
    max_candidates : int, default 1500
        Bases with more terms to choose from are not tried: they cost time and seldom win.
    bases : tuple of ndarray or None, optional
        One a feature, as `surrogate.models.emulators.orthogonal_basis.declared_bases` makes them of a space; None for
        a feature without a distribution.

    Attributes
    ----------
    record_ : PolynomialChaosRecord
        What predicts; it gives analytic derivatives and Sobol indices.
    error_ : float
        Cross-validated squared error of the expansion, as a share of the variance. It is the least of many: compare
        kinds of emulators by `select`, which redoes all of this in each of its folds.

    References
    ----------
    Blatman, G., Sudret, B. (2011). Adaptive sparse polynomial chaos expansion based on least angle regression. Journal
    of Computational Physics 230, 2345-2367.

    Luthen, N., Marelli, S., Sudret, B. (2021). Sparse polynomial chaos expansions: literature survey and benchmark.
    SIAM/ASA Journal on Uncertainty Quantification 9, 593-649.

    Luthen, N., Marelli, S., Sudret, B. (2022). Automatic selection of basis-adaptive sparse polynomial chaos expansions
    for engineering applications. International Journal for Uncertainty Quantification 12, 49-74.

    Examples
    --------
    >>> X = np.random.default_rng(0).random((40, 2))
    >>> model = PolynomialChaos().fit(X, X[:, 0] ** 2 * X[:, 1])
    >>> model.predict([[0.5, 0.8]]).round(9)
    array([0.2])
    >>> first, total = model.record_.sobol_indices()
    >>> bool(total[0] > first[0] > first[1])
    True
    """

    def __init__(
        self,
        *,
        q: tuple[float, ...] = (1.0, 0.75, 0.5),
        max_degree: int = 14,
        max_terms: int = 150,
        max_candidates: int = 1500,
        bases: Bases | None = None,
    ) -> None:
        self.q = q
        self.max_degree = max_degree
        self.max_terms = max_terms
        self.max_candidates = max_candidates
        self.bases = bases

    def _fit(self, X: FloatArray, y: FloatArray) -> Record:
        self._check()
        location, width = unit_interval(X)
        bases = self.bases or (None,) * X.shape[1]
        declared = np.array([basis is not None for basis in bases])
        location, width = np.where(declared, 0.0, location), np.where(declared, 1.0, width)
        spread = float(y.std())
        standard = (y - y.mean()) / spread
        runs = _Runs((X - location) / width, standard, bases)
        degrees, self.error_ = _choose(runs, tuple(self.q), self._highest(), self.max_terms, self.max_candidates)
        coefficients = np.linalg.lstsq(runs.basis(degrees), standard, rcond=None)[0] * spread
        coefficients[0] += y.mean()
        degrees, coefficients = to_legendre(degrees, coefficients, bases)
        return PolynomialChaosRecord(location, width, degrees, coefficients)

    def _highest(self) -> int:
        """Return the highest degree that all bases have."""
        return min([self.max_degree, *(len(basis) - 1 for basis in self.bases or () if basis is not None)])

    def _check(self) -> None:
        if not self.q or not all(0.0 < q <= 1.0 for q in self.q):
            raise ValueError(f"q: truncations above 0 and at most 1 are allowed; got {self.q!r}.")
        for name in ("max_degree", "max_terms", "max_candidates"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: at least 1 is needed; got {getattr(self, name)}.")


@dataclass(frozen=True, eq=False)
class _Runs:
    """Features in the unit cube and a standardised output, equal where they hold the same numbers."""

    X: FloatArray
    y: FloatArray
    bases: Bases

    def basis(self, degrees: NDArray[np.int32]) -> FloatArray:
        """Values of the terms (n, terms)."""
        return basis_values(self.X, degrees, self.bases)

    @property
    def _bytes(self) -> tuple[bytes, ...]:
        return (
            *(b"" if basis is None else basis.tobytes() for basis in self.bases),
            self.X.tobytes(),
            self.y.tobytes(),
        )

    def __hash__(self) -> int:
        return hash(self._bytes)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Runs) and self._bytes == other._bytes


# Polynomial chaos and PC-kriging are compared on the same runs, and both need these terms.
@lru_cache(maxsize=4)
def _choose(
    runs: _Runs, q: tuple[float, ...], max_degree: int, max_terms: int, max_candidates: int
) -> tuple[NDArray[np.int32], float]:
    """Multi-indices of the terms, the constant first, and their cross-validated error."""
    n, p = runs.X.shape
    most = max(1, min(max_terms, 2 * n // 3))
    best = (np.inf, np.zeros((1, p), dtype=np.int32))
    for candidates in _finalists(runs, q, max_degree, max_candidates, most):
        basis = runs.basis(candidates)
        errors = cross_validated_errors(basis, runs.y, most, 10 if n <= _FEW_RUNS else 5)
        terms = int(errors.argmin()) + 1
        if errors[terms - 1] < best[0]:
            path = orthogonal_least_squares(basis, runs.y, terms)
            best = (float(errors[terms - 1]), candidates[path.order])
    return best[1], best[0]


def _finalists(
    runs: _Runs, q: tuple[float, ...], max_degree: int, max_candidates: int, most: int
) -> list[NDArray[np.int32]]:
    """Multi-indices of the candidate bases that deserve a cross-validation."""
    n, p = runs.X.shape
    ranked: list[tuple[float, int, NDArray[np.int32]]] = []
    seen: set[tuple[int, int]] = set()
    for norm in q:
        for degree in range(1, max_degree + 1):
            candidates = hyperbolic_degrees(p, degree, norm, max_candidates)
            if candidates is None:
                break
            if (degree, len(candidates)) in seen:  # small degrees are the same set for several q
                continue
            seen.add((degree, len(candidates)))
            path = orthogonal_least_squares(runs.basis(candidates), runs.y, most)
            ranked.append((float(path.criterion(n, len(candidates)).min()), len(ranked), candidates))
    return [candidates for *_, candidates in sorted(ranked, key=lambda entry: entry[:2])[:_FINALISTS]]


def unit_interval(X: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Origin and width of the interval that each feature is taken to be uniform on, arrays of shape (p,).

    The unit interval where the runs lie within it and fill half of it, else the range of the runs.
    """
    low, width = X.min(axis=0), np.ptp(X, axis=0)
    unit = (low >= 0.0) & (low + width <= 1.0) & (width >= 0.5)
    return np.where(unit, 0.0, low), np.where(unit | (width == 0.0), 1.0, width)
