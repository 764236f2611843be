"""New points for box finders: drawn from what may vary, as the inputs were declared, and never run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from surrogate.models.boxes.columns import Columns, Kind, read_columns
from surrogate.space import Space

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray


@dataclass(frozen=True)
class NewPoints:
    """Points of a space in the three forms that labelling and searching need.

    Attributes
    ----------
    inputs : DataFrame of shape (n, d)
    features : ndarray of shape (n, p)
        What emulators see.
    columns : Columns
        What box finders search on.
    """

    inputs: pd.DataFrame
    features: NDArray[np.float64]
    columns: Columns


def draw_points(space: Space, runs: Columns, n: int, seed: int) -> NewPoints:
    """Draw the first `n` points of a scrambled Sobol' sequence from the declared distributions.

    Parameters
    ----------
    space : Space
        Constraints included; it may have parameters that the runs do not.
    runs : Columns
        The runs to be searched: only their parameters are drawn, and ordered categories stay ordered.
    n, seed : int
    """
    import pandas as pd

    from surrogate.design import Sobol

    names = [column.name for column in runs.columns]
    inputs = Sobol(n, seed=seed).sample(space)[names]
    shown = inputs.copy()
    for column in runs.columns:
        if column.kind is Kind.ORDERED:
            shown[column.name] = pd.Categorical(inputs[column.name], categories=list(column.values), ordered=True)
    return NewPoints(inputs, features_of(space, inputs), read_columns(shown))


def features_of(space: Space, inputs: pd.DataFrame) -> NDArray[np.float64]:
    """Return what emulators see of those parameters that are columns of `inputs`, shape (n, p)."""
    return Space({str(name): space[str(name)] for name in inputs}).features(inputs)


def inputs_of(runs: Columns) -> pd.DataFrame:
    """Return columns as the table that they were read from, row for row."""
    import pandas as pd

    return pd.DataFrame({column.name: column.values[column.ranks] for column in runs.columns})
