"""What a peel or a paste is worth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Objective = Callable[["float", "float", "Floats", "Floats", "float", "float"], "Floats"]


def original(n_old: float, k_old: float, n_new: Floats, k_new: Floats, n_all: float, k_all: float) -> Floats:
    """Density of the new box [1]_.

    Parameters
    ----------
    n_old, k_old : float
        Rows and cases of interest (or sum of a real target) in the box as it is.
    n_new, k_new : ndarray of shape (c,)
        The same for each of c candidate boxes, none of them empty.
    n_all, k_all : float
        The same for all rows.

    Returns
    -------
    ndarray of shape (c,)
        The larger, the better; only a positive worth is taken.

    References
    ----------
    .. [1] Friedman & Fisher 1999, Statistics and Computing 9, 123-143.

    Examples
    --------
    >>> import numpy as np
    >>> original(10, 4, np.array([8.0]), np.array([4.0]), 20, 5)
    array([0.5])
    """
    return k_new / n_new


def lenient1(n_old: float, k_old: float, n_new: Floats, k_new: Floats, n_all: float, k_all: float) -> Floats:
    """Gain in density per row given up, which is fair between columns that are cut in steps of different size [1]_.

    Parameters and result are those of `original`.

    References
    ----------
    .. [1] Kwakkel & Jaxa-Rozen 2016, Environmental Modelling & Software 79, 311-321.

    Examples
    --------
    >>> import numpy as np
    >>> lenient1(10, 4, np.array([8.0]), np.array([4.0]), 20, 5)
    array([0.05])
    """
    return (k_new / n_new - k_old / n_old) / _moved(n_old, n_new)


def lenient2(n_old: float, k_old: float, n_new: Floats, k_new: Floats, n_all: float, k_all: float) -> Floats:
    """Gain in density per row given up, times the rows kept (equation 14.6 of [1]_).

    Parameters and result are those of `original`.

    References
    ----------
    .. [1] Friedman & Fisher 1999, Statistics and Computing 9, 123-143.

    Examples
    --------
    >>> import numpy as np
    >>> lenient2(10, 4, np.array([8.0]), np.array([4.0]), 20, 5)
    array([0.4])
    """
    return n_new * (k_new / n_new - k_old / n_old) / _moved(n_old, n_new)


def _moved(n_old: float, n_new: Floats) -> Floats:
    """Return the rows given up or taken in; a candidate that moves none gains nothing, whatever it is divided by."""
    moved = np.abs(n_old - n_new)
    return np.where(moved > 0, moved, 1.0)


def wracc(n_old: float, k_old: float, n_new: Floats, k_new: Floats, n_all: float, k_all: float) -> Floats:
    """Weighted relative accuracy of the new box: its mass times what its density has above that of all rows [1]_.

    Parameters and result are those of `original`. The search ends where no box is denser than all rows.

    References
    ----------
    .. [1] Lavrac, Flach & Zupan 1999, Inductive Logic Programming, LNCS 1634, 174-185.

    Examples
    --------
    >>> import numpy as np
    >>> wracc(10, 4, np.array([8.0]), np.array([4.0]), 20, 5)
    array([0.1])
    """
    return k_new / n_all - n_new / n_all * (k_all / n_all)


@dataclass(frozen=True)
class FBeta:
    """F-beta score of the new box: the harmonic mean of density and coverage, coverage being `beta` times as important.

    Called as `original` is.

    Parameters
    ----------
    beta : float, default 1

    References
    ----------
    .. [1] van Rijsbergen 1979, Information Retrieval, chapter 7.

    Examples
    --------
    >>> import numpy as np
    >>> FBeta(1)(10, 4, np.array([8.0]), np.array([4.0]), 20, 5).round(4)
    array([0.6154])
    """

    beta: float = 1.0

    def __call__(self, n_old: float, k_old: float, n_new: Floats, k_new: Floats, n_all: float, k_all: float) -> Floats:
        squared = self.beta**2
        return (1 + squared) * k_new / (squared * k_all + n_new)


OBJECTIVES: dict[str, Objective] = {
    "original": original,
    "lenient1": lenient1,
    "lenient2": lenient2,
    "wracc": wracc,
    "f1": FBeta(1),
    "f0.5": FBeta(0.5),
    "f2": FBeta(2),
}
