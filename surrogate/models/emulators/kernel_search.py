"""The search for a correlation function and its parameters that all kinds of kriging share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import fmin_l_bfgs_b

from surrogate.models.records.correlation import CORRELATIONS

FloatArray = NDArray[np.float64]
Objective = Callable[[FloatArray], tuple[float, FloatArray]]
Limits = list[tuple[float, float]]
End = tuple[float, FloatArray]

#: Of log posterior: a kernel that much worse than another on some runs is not tried again on most of them.
_FAR_BEHIND = 5.0
_RESUMED_STEPS = 15
_TOLERANCE = 1e-6  # of the objective: tighter ones doubled the time and changed no prediction


def kernels_to_try(
    kernel: str, automatic: list[str], n_starts: int, start: Mapping[str, tuple[float, ...]] | None
) -> list[str]:
    """Return the names of the correlation functions, or say what is wrong with the settings.

    Parameters
    ----------
    kernel : str
        "auto" or a name in `CORRELATIONS`.
    automatic : list of str
        What "auto" stands for.
    n_starts : int
        At least 1.
    start : mapping of str to sequence of float or None
        Where to resume; only its kernels are tried then.

    Returns
    -------
    list of str

    Raises
    ------
    ValueError
        For an unknown kernel or no start.
    """
    if n_starts < 1:
        raise ValueError(f"n_starts: at least 1 is needed; got {n_starts}.")
    if kernel != "auto" and kernel not in CORRELATIONS:
        raise ValueError(f"kernel: 'auto' or one of {', '.join(CORRELATIONS)} is allowed; got {kernel!r}.")
    if start:
        return list(start)
    return automatic if kernel == "auto" else [kernel]


def search_kernels(
    kernels: Sequence[str],
    objective_of: Callable[[str], Objective],
    starts_of: Callable[[Objective, list[FloatArray]], list[FloatArray]],
    limits: Limits,
    steps: tuple[int, int],
    start: Mapping[str, tuple[float, ...]] | None,
) -> dict[str, End]:
    """Minimise the objective of each kernel.

    Short descents show which start leads furthest; only that one is worth finishing.

    Parameters
    ----------
    kernels : sequence of str
        Names.
    objective_of : callable
        Makes the objective, value and gradient, of a kernel.
    starts_of : callable
        Gives starts for an objective, told where the search of the kernel before ended (an empty list for the first).
    limits : list of pairs
        Of the parameters.
    steps : pair of int
        Of a short descent, and of the one that is finished.
    start : mapping of str to sequence of float or None
        Where to resume in place of a search.

    Returns
    -------
    dict of str to (float, ndarray)
        Value and parameters where the search of each kernel ended.
    """
    found: dict[str, End] = {}
    before: list[FloatArray] = []
    for kernel in kernels:
        objective = objective_of(kernel)
        if start:
            found[kernel] = descend(objective, np.array(start[kernel]), limits, _RESUMED_STEPS)
            continue
        ends = (descend(objective, begin, limits, steps[0]) for begin in starts_of(objective, before))
        ahead = min(ends, key=lambda end: end[0])
        found[kernel] = descend(objective, ahead[1], limits, steps[1])
        before = [found[kernel][1]]
    return found


def worth_resuming(found: Mapping[str, End]) -> dict[str, tuple[float, ...]]:
    """Return where the searches ended, of the kernels that were not far behind."""
    best = min(value for value, _ in found.values())
    return {name: tuple(end.tolist()) for name, (value, end) in found.items() if value <= best + _FAR_BEHIND}


def descend(objective: Objective, start: FloatArray, limits: Limits, steps: int) -> End:
    """Minimise by L-BFGS-B from one start."""
    factr = _TOLERANCE / float(np.finfo(np.float64).eps)
    end, value, _ = fmin_l_bfgs_b(objective, start, bounds=limits, maxiter=steps, factr=factr, pgtol=1e-4)
    return float(value), end
