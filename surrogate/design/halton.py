"""Halton sequences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from surrogate.design.space_filling import Sequence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Halton(Sequence):
    """The first points of a scrambled Halton sequence.

    Good for any `n` in few dimensions (up to about 10); beyond that `Sobol` or `LatinHypercube` fill better.
    `extend` continues the sequence.

    Parameters
    ----------
    n : int
        Number of runs.
    seed : int, optional
        Scrambles the sequence; the same seed gives the same rows. None (the default) gives fresh ones at each call,
        which cannot be continued.

    Raises
    ------
    ValueError
        If `n` or `seed` is not a whole number in range.

    References
    ----------
    Halton, J. H. (1960). On the efficiency of certain quasi-random sequences of points in evaluating
    multi-dimensional integrals. Numerische Mathematik, 2, 84-90.

    Owen, A. B. (2017). A randomized Halton algorithm in R. arXiv:1706.02808.

    Examples
    --------
    >>> Halton(50, seed=0).sample({"b": (0.1, 0.45), "q": (2.0, 4.5)}).shape
    (50, 2)
    """

    def fill(self, n: int, d: int, rng: np.random.Generator) -> NDArray[np.float64]:
        from scipy.stats import qmc

        return qmc.Halton(d, rng=rng).random(n)
