"""Sobol' sequences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from surrogate.design.pool import sobol_points
from surrogate.design.space_filling import Sequence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Sobol(Sequence):
    """The first points of a scrambled Sobol' sequence.

    Exactly `n` points for any `n`. Perfect balance (each half, quarter, ... of each axis holds the same number
    of points) comes at powers of two: 64, 128, 256, ...; in between the design fills the space almost as well.
    `extend` continues the sequence, so 100 runs extended by 28 are the 128 runs of one balanced design.

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
        If `n` or `seed` is not a whole number in range; for more than 21,201 parameters.

    References
    ----------
    Sobol', I. M. (1967). On the distribution of points in a cube and the approximate evaluation of integrals.
    USSR Computational Mathematics and Mathematical Physics, 7(4), 86-112.

    Owen, A. B. (1998). Scrambling Sobol' and Niederreiter-Xing points. Journal of Complexity, 14(4), 466-489.

    Examples
    --------
    >>> runs = Sobol(100, seed=0).sample({"b": (0.1, 0.45), "q": (2.0, 4.5)})
    >>> more = Sobol(100, seed=0).extend(runs, 28, space={"b": (0.1, 0.45), "q": (2.0, 4.5)})
    >>> len(runs), len(more)
    (100, 28)
    """

    def fill(self, n: int, d: int, rng: np.random.Generator) -> NDArray[np.float64]:
        return sobol_points(n, d, rng)
