"""Which polynomials a sparse expansion is made of: candidates, and the path of orthogonal least squares."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

FloatArray = NDArray[np.float64]

#: Below this share of its norm a candidate is a combination of the terms already taken.
_INDEPENDENT = 1e-10
#: Below this share of the first residual sum of squares only rounding is left.
_EXACT = 1e-26


def hyperbolic_degrees(p: int, degree: int, q: float, most: int) -> NDArray[np.int32] | None:
    """Multi-indices with ``(sum_j degrees_j**q)**(1/q) <= degree``: the smaller `q`, the fewer interactions.

    Parameters
    ----------
    p : int
        Number of features.
    degree : int
        The highest degree.
    q : float
        Between 0 and 1; 1 keeps all of that total degree.
    most : int
        The largest number of multi-indices.

    Returns
    -------
    ndarray of shape (terms, p) or None
        The constant first; None where there are more than `most`.

    References
    ----------
    Blatman, G., Sudret, B. (2011). Adaptive sparse polynomial chaos expansion based on least angle regression. Journal
    of Computational Physics 230, 2345-2367.

    Examples
    --------
    >>> hyperbolic_degrees(2, 2, 0.5, 100).tolist()
    [[0, 0], [0, 1], [0, 2], [1, 0], [2, 0]]
    """
    power = np.arange(degree + 1) ** q
    limit = degree**q * (1 + 1e-12)
    indices, left = np.zeros((1, 0), dtype=np.int32), np.array([limit])
    for _ in range(p):
        row, added = np.nonzero(power[None, :] <= left[:, None])
        if len(row) > most:
            return None
        indices = np.column_stack([indices[row], added.astype(np.int32)])
        left = left[row] - power[added]
    return indices


class Path(NamedTuple):
    """Terms in the order in which they were taken, and the fit with the first 1, 2, ... k of them."""

    order: NDArray[np.intp]  #: (k,) columns
    gains: FloatArray  #: (k,) coefficients of the terms made orthonormal one after the other
    triangle: FloatArray  #: (k, k) upper, ``basis[:, order] = Q @ triangle`` with orthonormal columns Q
    residuals: FloatArray  #: (k,) residual sums of squares

    def predictions(self, basis: FloatArray) -> FloatArray:
        """Predict new rows (m, candidates) with the first 1, 2, ... k terms, an array of shape (m, k)."""
        rows = solve_triangular(self.triangle, basis[:, self.order].T, trans="T", check_finite=False).T
        return np.cumsum(rows * self.gains, axis=1)

    def criterion(self, n: int, candidates: int) -> FloatArray:
        """Compute the extended Bayesian information criterion of each number of terms, for `n` runs.

        Unlike a leave-one-out error it counts from how many candidates the terms were chosen.
        """
        terms = np.arange(1, len(self.order) + 1)
        floor = 1e-26 * self.residuals[0] + 1e-300
        penalty = terms * (np.log(n) + 2.0 * np.log(candidates))
        values: FloatArray = n * np.log(np.maximum(self.residuals, floor)) + penalty
        return values


def orthogonal_least_squares(basis: FloatArray, y: FloatArray, most: int) -> Path:
    """Take term after term, always the one that reduces the residual most.

    The candidates' correlations with the residual and their norms off the terms taken are updated, so a step costs one
    product of the (n, candidates) matrix with a vector.

    Parameters
    ----------
    basis : ndarray of shape (n, candidates)
        The constant in the first column, which is always taken first.
    y : ndarray of shape (n,)
        Output.
    most : int
        The largest number of terms.

    Returns
    -------
    Path

    References
    ----------
    Chen, S., Billings, S. A., Luo, W. (1989). Orthogonal least squares methods and their application to non-linear
    system identification. International Journal of Control 50, 1873-1896.

    Chen, J., Chen, Z. (2008). Extended Bayesian information criteria for model selection with large model spaces.
    Biometrika 95, 759-771.

    Examples
    --------
    >>> x = np.linspace(-1, 1, 9)
    >>> basis = np.stack([x**0, x, x**2, x**3], axis=1)
    >>> orthogonal_least_squares(basis, 1 + x**3, 3).order[:2].tolist()
    [0, 3]
    """
    n, candidates = basis.shape
    most = min(most, max(1, n - 1), candidates)
    squares = np.einsum("ij,ij->j", basis, basis)
    norms, residual, correlations = squares.copy(), y.copy(), y @ basis
    Q, triangle = np.zeros((n, most)), np.zeros((most, most))
    order, gains, residuals = [], [], []
    taken = np.zeros(candidates, dtype=bool)
    pick = 0
    for k in range(most):
        before = Q[:, :k]
        r = before.T @ basis[:, pick]
        rest = basis[:, pick] - before @ r
        again = before.T @ rest  # once more: the first pass loses digits where the candidate is nearly dependent
        rest -= before @ again
        triangle[:k, k], triangle[k, k] = r + again, np.sqrt(rest @ rest)
        q = rest / triangle[k, k]
        Q[:, k], gain = q, float(q @ residual)
        residual -= gain * q
        order.append(pick)
        gains.append(gain)
        residuals.append(float(residual @ residual))
        taken[pick] = True
        if residuals[-1] <= _EXACT * residuals[0]:
            break
        products = q @ basis
        norms -= products * products
        correlations -= gain * products
        promise = np.where(taken | (norms <= _INDEPENDENT * squares), -1.0, correlations**2 / np.maximum(norms, 1e-300))
        pick = int(promise.argmax())
        if promise[pick] < 0.0:
            break
    k = len(order)
    return Path(np.array(order, dtype=np.intp), np.array(gains), triangle[:k, :k], np.array(residuals))


def cross_validated_errors(basis: FloatArray, y: FloatArray, most: int, k: int = 5) -> FloatArray:
    """Mean squared error of 1, 2, ... terms on runs that took no part in choosing them.

    Parameters
    ----------
    basis : ndarray of shape (n, candidates)
        The constant in the first column.
    y : ndarray of shape (n,)
        Output.
    most : int
        The largest number of terms.
    k : int, default 5
        Number of folds.

    Returns
    -------
    ndarray of shape (terms,)
        As long as the longest path of a fold.
    """
    n = len(y)
    fold = np.random.default_rng(0).permutation(n) % min(k, n)
    curves = []
    for number in range(min(k, n)):
        out = fold == number
        path = orthogonal_least_squares(basis[~out], y[~out], most)
        curves.append(((path.predictions(basis[out]) - y[out, None]) ** 2).sum(axis=0))
    # a path that ended early had reached the runs exactly: more terms would not change it
    longest = max(len(curve) for curve in curves)
    total = np.zeros(longest)
    for curve in curves:
        total += np.pad(curve, (0, longest - len(curve)), mode="edge")
    return total / n
