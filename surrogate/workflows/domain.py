"""Where a model has runs to stand on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_POINTS = 2000  # kept of the runs; a part of them describes where they are just as well
_BLOCK = 4_000_000  # distances at a time: 32 MB
_SLACK = 1.5


@dataclass(frozen=True)
class Domain:
    """The neighbourhood of the runs that a model was fitted to.

    A row is inside if a run lies within `reach`: one and a half times the largest distance that any run has to its
    nearest neighbour, so that gaps as wide as those between the runs count as covered.

    Parameters
    ----------
    points : ndarray of shape (m, p)
        Features of the runs, at most 2,000 of them.
    reach : float
        Largest distance to the nearest run, in features.

    Examples
    --------
    >>> domain = Domain.fit(np.linspace(0.0, 1.0, 11)[:, None])
    >>> domain.contains(np.array([[0.55], [1.1], [1.3]])).tolist()
    [True, True, False]
    """

    points: NDArray[np.float64]
    reach: float

    @classmethod
    def fit(cls, features: NDArray[np.float64]) -> Domain:
        """Measure the gaps between runs.

        Parameters
        ----------
        features : ndarray of shape (n, p)
            Features of the runs.

        Returns
        -------
        Domain
        """
        points = np.unique(features, axis=0)
        if len(points) > _MOST_POINTS:
            points = points[np.random.default_rng(0).choice(len(points), _MOST_POINTS, replace=False)]
        gaps = _nearest(points, points, itself=True)
        return cls(np.ascontiguousarray(points), _SLACK * float(gaps.max()))

    def contains(self, features: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether a run lies within reach.

        Parameters
        ----------
        features : ndarray of shape (n, p)

        Returns
        -------
        ndarray of bool, shape (n,)
        """
        return _nearest(features, self.points) <= self.reach


def _nearest(rows: NDArray[np.float64], points: NDArray[np.float64], itself: bool = False) -> NDArray[np.float64]:
    """Distance of each row to the nearest point; with `itself`, to the nearest other one."""
    nearest = np.empty(len(rows))
    block = max(1, _BLOCK // len(points))
    length = np.einsum("ij,ij->i", points, points)
    for start in range(0, len(rows), block):
        part = rows[start : start + block]
        squared = np.einsum("ij,ij->i", part, part)[:, None] + length - 2.0 * part @ points.T
        if itself:
            squared[np.arange(len(part)), np.arange(start, start + len(part))] = np.inf
        nearest[start : start + block] = np.sqrt(np.maximum(squared.min(axis=1), 0.0))
    return nearest
