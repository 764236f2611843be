"""Calibration: probabilities from scores, by a logistic curve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_RIDGE = 1e-3  # keeps the curve finite where scores tell the cases apart without an error


def logit(p: Floats) -> Floats:
    """Return log-odds; probabilities closer than 1e-4 to 0 or 1 count as that close.

    Examples
    --------
    >>> logit(np.array([0.5])).tolist()
    [0.0]
    """
    p = np.clip(p, 1e-4, 1 - 1e-4)
    return np.asarray(np.log(p) - np.log1p(-p), dtype=np.float64)


@dataclass(frozen=True)
class Calibration:
    """A logistic curve from scores to probabilities.

    Parameters
    ----------
    intercept, slope : float
        Log-odds at the mean score, and their gain in one standard deviation of the scores.
    center, spread : float
        Mean and standard deviation of the scores that it was fitted to.

    References
    ----------
    Platt (1999), Probabilistic outputs for support vector machines, Advances in Large Margin Classifiers.

    Examples
    --------
    >>> score = np.linspace(-1.0, 1.0, 200)
    >>> curve = Calibration.fit(score, (score > 0.1).astype(float))
    >>> (curve(np.array([-0.5, 0.5])) > 0.5).tolist()
    [False, True]
    """

    intercept: float
    slope: float
    center: float
    spread: float

    @classmethod
    def fit(cls, score: Floats, y: Floats) -> Calibration:
        """Fit by penalised likelihood; the more score, the more probable.

        Parameters
        ----------
        score, y : ndarray of shape (n,)
            Scores of runs that the model did not see, and whether they are cases, from 0 to 1.
        """
        center, spread = float(score.mean()), float(score.std()) or 1.0
        design = np.column_stack([np.ones(len(score)), (score - center) / spread])
        # Platt's targets: a run more of either kind.
        cases, others = y.sum(), (1 - y).sum()
        target = y * (cases + 1) / (cases + 2) + (1 - y) / (others + 2)
        share = float(target.mean())
        weights = np.array([np.log(share / (1 - share)), 0.0])
        for _ in range(50):
            p = _logistic(design @ weights)
            curvature = design.T @ (design * np.maximum(p * (1 - p), 1e-6)[:, None]) + _RIDGE * np.eye(2)
            step = np.linalg.solve(curvature, design.T @ (target - p) - _RIDGE * weights)
            weights = weights + step / max(1.0, float(np.abs(step).max()) / 4)
            if np.abs(step).max() < 1e-8:
                break
        return cls(float(weights[0]), max(float(weights[1]), 0.0), center, spread)

    def __call__(self, score: Floats) -> Floats:
        """Return the probabilities of scores, shape (n,)."""
        return _logistic(self.intercept + self.slope * (score - self.center) / self.spread)


def _logistic(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -500, 500))), dtype=np.float64)
