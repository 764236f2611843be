"""Derivatives by inputs from derivatives by features."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.space import Integer, Real

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from surrogate.space import Space


def per_input(space: Space, frame: pd.DataFrame, slopes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn derivatives by features into derivatives by inputs.

    Parameters
    ----------
    space : Space
        Which scales the features come from.
    frame : DataFrame of shape (n, d)
        The inputs.
    slopes : ndarray of shape (n, ..., p)
        Derivatives by features.

    Returns
    -------
    ndarray of shape (n, ..., d)
        NaN for categories.
    """
    result = np.full((*slopes.shape[:-1], len(space)), np.nan)
    a_row = (-1, *(1 for _ in slopes.shape[1:-1]))
    column = 0
    for i, (name, parameter) in enumerate(space.parameters.items()):
        width: Any = None
        if isinstance(parameter, Real):
            low, high = parameter.scale
            width = np.log(high / low) * frame[name].to_numpy().reshape(a_row) if parameter.log else high - low
        elif isinstance(parameter, Integer):
            width = parameter.high - parameter.low
        if width is not None:
            result[..., i] = slopes[..., column] / width
        column += len(parameter.feature_names(name))
    return result
