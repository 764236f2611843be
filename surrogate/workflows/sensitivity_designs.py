"""Designs of sensitivity analysis by SALib, as tables that `collect` runs; and finding them again among runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.space import Space

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


def saltelli_design(bounds: Any, n: int, *, second_order: bool = False, seed: int = 0) -> pd.DataFrame:
    """Plan runs for Sobol' indices: n blocks of d + 2 rows, or 2 d + 2 with second order, for d inputs.

    Run it with ``collect(simulator, bounds, saltelli_design(bounds, n))`` and hand the runs to `sensitivity`, which
    finds the blocks again. A run that fails costs its block only.

    Parameters
    ----------
    bounds : bounds
        What varies, in any form: also a SALib problem.
    n : int
        Number of blocks; a power of two keeps the balance of Sobol' points.
    second_order : bool, default False
        Whether pairs of inputs are wanted too.
    seed : int, default 0
        Scrambles the points.

    Returns
    -------
    DataFrame
        A row a run, in SALib's order.

    Raises
    ------
    ValueError
        If `n` is no whole number above 0, or the space has constraints.

    References
    ----------
    Saltelli, A., Annoni, P., Azzini, I., et al. (2010). Variance based sensitivity analysis of model output. Computer
    Physics Communications 181(2), 259-270.

    Examples
    --------
    >>> saltelli_design({"x": (0, 1), "y": (0, 2)}, 8).shape
    (32, 2)
    """
    from SALib.sample import sobol

    space = _independent(bounds, n)
    steps = sobol.sample(_unit_problem(space), _power_of_two(n), calc_second_order=second_order, seed=seed)
    width = 2 * len(space) + 2 if second_order else len(space) + 2
    return space.from_unit(steps[: n * width])


def morris_design(bounds: Any, n: int, *, levels: int = 4, seed: int = 0) -> pd.DataFrame:
    """Plan runs for Morris' elementary effects: n trajectories of d + 1 rows, each row one step in one input.

    Parameters
    ----------
    bounds : bounds
        What varies, in any form: also a SALib problem.
    n : int
        Number of trajectories; 10 to 50 are usual to find inputs that do not matter.
    levels : int, default 4
        Number of levels of each input, even.
    seed : int, default 0
        Of the trajectories.

    Returns
    -------
    DataFrame
        A row a run.

    Raises
    ------
    ValueError
        If `n` is no whole number above 0, `levels` is odd, or the space has constraints.

    References
    ----------
    Morris, M. D. (1991). Factorial sampling plans for preliminary computational experiments. Technometrics 33,
    161-174.

    Examples
    --------
    >>> morris_design({"x": (0, 1), "y": (0, 2)}, 10).shape
    (30, 2)
    """
    from SALib.sample import morris

    space = _independent(bounds, n)
    if levels < 2 or levels % 2:
        raise ValueError(f"levels: an even number of at least 2 is needed; got {levels}. 4 is usual.")
    return space.from_unit(morris.sample(_unit_problem(space), n, num_levels=levels, seed=seed))


def saltelli_blocks(table: NDArray[Any]) -> tuple[int, bool] | None:
    """Return the length of Saltelli blocks in a table and whether they are of second order, None if it has none."""
    d = table.shape[1]
    for second_order, width in ((True, 2 * d + 2), (False, d + 2)):
        if len(table) == 0 or len(table) % width:
            continue
        blocks = table.reshape(-1, width, d)
        a, b = blocks[:, 0], blocks[:, -1]
        others = [(a, b)] if not second_order else [(a, b), (b, a)]
        made = np.concatenate([_exchanged(*pair) for pair in others], axis=1)
        if (blocks[:, 1:-1] == made).all():
            return width, second_order
    return None


def morris_trajectories(unit: NDArray[np.float64]) -> bool:
    """Whether rows of the unit cube are Morris trajectories: each row differs from the one before in one input."""
    d = unit.shape[1]
    if d < 2 or len(unit) == 0 or len(unit) % (d + 1):
        return False
    moved = ~np.isclose(np.diff(unit.reshape(-1, d + 1, d), axis=1), 0.0)
    return bool((moved.sum(axis=2) == 1).all() and (moved.sum(axis=1) == 1).all())


def _exchanged(base: NDArray[Any], other: NDArray[Any]) -> NDArray[Any]:
    """Return rows of `base`, one input after the other taken from `other`; shape (blocks, d, d)."""
    d = base.shape[1]
    rows = np.repeat(base[:, None, :], d, axis=1)
    for j in range(d):
        rows[:, j, j] = other[:, j]
    return rows


def _independent(bounds: Any, n: int) -> Space:
    if not isinstance(n, int | np.integer) or isinstance(n, bool) or n < 1:
        raise ValueError(f"n: a whole number of at least 1 is needed; got {n!r}. 1024 blocks are a good start.")
    space = Space.from_bounds(bounds)
    if space.constraints:
        raise ValueError(
            "bounds: this design needs independent inputs, and the space has constraints. Use another design and take "
            "indices from its runs: sensitivity(runs)."
        )
    return space


def _unit_problem(space: Space) -> dict[str, Any]:
    names = list(space.names)
    return {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}


def _power_of_two(n: int) -> int:
    return 1 << max(0, int(n) - 1).bit_length()
