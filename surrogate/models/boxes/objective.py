"""What a peel or a paste is worth."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Objective = Callable[["float", "float", "Floats", "Floats"], "Floats"]


def original(n_old: float, k_old: float, n_new: Floats, k_new: Floats) -> Floats:
    """Density of the new box [1]_.

    Parameters
    ----------
    n_old, k_old : float
        Rows and cases of interest in the box as it is.
    n_new, k_new : ndarray of shape (c,)
        The same for each of c candidate boxes, none of them empty.

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
    >>> original(10, 4, np.array([8.0]), np.array([4.0]))
    array([0.5])
    """
    return k_new / n_new


def lenient1(n_old: float, k_old: float, n_new: Floats, k_new: Floats) -> Floats:
    """Gain in density per row given up, which is fair between columns that are cut in steps of different size [1]_.

    Parameters and result are those of `original`.

    References
    ----------
    .. [1] Kwakkel & Jaxa-Rozen 2016, Environmental Modelling & Software 79, 311-321.

    Examples
    --------
    >>> import numpy as np
    >>> lenient1(10, 4, np.array([8.0]), np.array([4.0]))
    array([0.05])
    """
    gain = k_new / n_new - k_old / n_old
    # A candidate that leaves the rows as they are changes nothing and is worth nothing.
    return gain / np.maximum(np.abs(n_old - n_new), 1)


def lenient2(n_old: float, k_old: float, n_new: Floats, k_new: Floats) -> Floats:
    """Gain in density per row given up, times the rows kept (equation 14.6 of [1]_).

    Parameters and result are those of `original`.

    References
    ----------
    .. [1] Friedman & Fisher 1999, Statistics and Computing 9, 123-143.

    Examples
    --------
    >>> import numpy as np
    >>> lenient2(10, 4, np.array([8.0]), np.array([4.0]))
    array([0.4])
    """
    gain = k_new / n_new - k_old / n_old
    return n_new * gain / np.maximum(np.abs(n_old - n_new), 1)


OBJECTIVES: dict[str, Objective] = {"original": original, "lenient1": lenient1, "lenient2": lenient2}
