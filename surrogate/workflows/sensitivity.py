"""Which inputs matter: Sobol' indices of a fitted model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from surrogate.space import Space

_RUNS_A_COLUMN = 2048  # of the model, which is cheap; errors of the estimators are then about 0.02


def sobol_indices(predict: Callable[[Any], Any], space: Space, seed: int = 0) -> pd.DataFrame:
    """First-order and total Sobol' indices by Saltelli's and Jansen's estimators (SALib).

    The inputs vary independently, each over its range by its distribution (uniformly where it has none).

    Parameters
    ----------
    predict : callable
        Maps a DataFrame of inputs to one output (n,).
    space : Space
        What varies.
    seed : int, default 0
        Of the sample and of the bootstrap of the intervals.

    Returns
    -------
    DataFrame
        A row an input, columns first, first_low, first_high, total, total_low, total_high (95 % intervals). An output
        that does not vary has indices of zero.

    Raises
    ------
    ValueError
        If the space has constraints: its inputs are then not independent and these indices mean nothing.

    References
    ----------
    Saltelli, A., Annoni, P., Azzini, I., et al. (2010). Variance based sensitivity analysis of model output. Computer
    Physics Communications 181(2), 259-270.
    """
    import pandas as pd
    from SALib.analyze import sobol as analyze
    from SALib.sample import sobol as sample

    if space.constraints:
        raise ValueError(
            "sensitivity: Sobol' indices need independent inputs, and the space has constraints. Fit in a space "
            "without them, or look at a box of it: Space.restrict(box)."
        )
    names = list(space.names)
    problem = {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}
    unit = sample.sample(problem, _RUNS_A_COLUMN, calc_second_order=False, seed=seed)
    answers = np.asarray(predict(space.from_unit(unit)))
    columns = ["first", "first_low", "first_high", "total", "total_low", "total_high"]
    if np.ptp(answers) == 0.0:
        return pd.DataFrame(0.0, index=pd.Index(names, name="input"), columns=columns)
    found = analyze.analyze(problem, answers, calc_second_order=False, seed=seed)
    table = {
        "first": found["S1"],
        "first_low": found["S1"] - found["S1_conf"],
        "first_high": found["S1"] + found["S1_conf"],
        "total": found["ST"],
        "total_low": found["ST"] - found["ST_conf"],
        "total_high": found["ST"] + found["ST_conf"],
    }
    return pd.DataFrame(table, index=pd.Index(names, name="input"))
