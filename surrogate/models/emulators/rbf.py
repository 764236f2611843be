"""Radial basis functions: an emulator that is fitted at once, with hardly anything to estimate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from surrogate.models.emulators.emulator import Emulator
from surrogate.models.records.correlation import squared_distances
from surrogate.models.records.rbf import RBFRecord

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from surrogate.models.records import Record

    FloatArray = NDArray[np.float64]

_SMOOTHINGS = 10.0 ** np.arange(-10, 3)
_MOST_RUNS = 500  # an eigenvalue decomposition costs ten times a Cholesky factor


class RBF(Emulator):
    """Cubic radial basis functions with a linear tail, as smooth as leaving runs out says.

    The ridge on the weights is the one of least leave-one-out error, which is known in closed form for all of them
    from one eigenvalue decomposition. With hardly more runs than features the functions are distances and the tail is a
    constant. All features count the same: where some matter more, a Gaussian process is better.

    Attributes
    ----------
    record_ : RBFRecord
        What predicts.
    smoothing_ : float
        The ridge chosen, as a share of the largest eigenvalue.

    References
    ----------
    Gutmann, H.-M. (2001). A radial basis function method for global optimization. Journal of Global Optimization 19,
    201-227.

    Rippa, S. (1999). An algorithm for selecting a good value for the parameter c in radial basis function
    interpolation. Advances in Computational Mathematics 11, 193-210.

    Examples
    --------
    >>> X = np.random.default_rng(0).random((60, 2))
    >>> model = RBF().fit(X, X[:, 0] + np.sin(3 * X[:, 1]))
    >>> bool(abs(model.predict([[0.5, 0.5]])[0] - 0.5 - np.sin(1.5)) < 0.01)
    True
    """

    def suits(self, X: FloatArray, y: FloatArray) -> bool:
        """Up to 500 runs: beyond, the decomposition is dear."""
        return len(y) <= _MOST_RUNS

    def _fit(self, X: FloatArray, y: FloatArray) -> Record:
        location, width = X.min(axis=0), np.ptp(X, axis=0)
        varied = width > 0.0
        width = np.where(varied, width, 1.0)
        z, n = (X - location) / width, len(y)
        linear = n > 2 * (int(varied.sum()) + 1)
        F = np.column_stack([np.ones(n), z[:, varied]]) if linear else np.ones((n, 1))
        power = 3 if linear else 1
        values = np.sqrt(squared_distances(z, z)) ** power * (1.0 if linear else -1.0)

        # what the tail cannot say: there the values are positive definite
        left, sizes, _ = np.linalg.svd(F)
        rank = int((sizes > 1e-10 * sizes[0]).sum())
        rest = left[:, rank:]
        eigenvalues, vectors = np.linalg.eigh(rest.T @ values @ rest)
        modes, projected = rest @ vectors, vectors.T @ (rest.T @ y)
        eigenvalues = np.maximum(eigenvalues, 0.0)
        ridges = _SMOOTHINGS * float(eigenvalues.max(initial=1e-300))
        errors = []
        for ridge in ridges:
            damped = 1.0 / (eigenvalues + ridge)
            left_out = (modes @ (damped * projected)) / np.maximum((modes**2) @ damped, 1e-300)
            errors.append(float(left_out @ left_out))
        best = int(np.argmin(errors))
        self.smoothing_ = float(_SMOOTHINGS[best])
        weights = modes @ (projected / (eigenvalues + ridges[best]))
        tail = np.linalg.lstsq(F, y - values @ weights - ridges[best] * weights, rcond=None)[0]
        trend = np.zeros(X.shape[1] + 1)
        trend[np.flatnonzero(np.append(True, varied & linear))] = tail
        return RBFRecord(
            power=power,
            location=location,
            width=width,
            points=np.ascontiguousarray(z),
            weights=weights if linear else -weights,
            trend=trend,
        )
