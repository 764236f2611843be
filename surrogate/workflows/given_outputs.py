"""Outputs of runs made elsewhere: numbers and fields told apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


def numbers_and_fields(y: Any) -> tuple[Any, dict[str, Any]]:
    """Return the outputs of `y` that are numbers, and those that are arrays.

    Parameters
    ----------
    y : object
        Outputs in any form. In a dict those of two or more dimensions are fields, a row a run.

    Returns
    -------
    numbers : object
        `y` itself unless it is a dict with fields, then the dict of the others.
    fields : dict of str to ndarray

    Raises
    ------
    ValueError
        If the rows of a field differ in shape or hold nothing, or `y` is one array of more than two dimensions.

    Examples
    --------
    >>> numbers, fields = numbers_and_fields({"lift": [0.1, 0.2], "Cp": [[1.0, 2.0], [3.0, 4.0]]})
    >>> list(numbers), fields["Cp"].shape
    (['lift'], (2, 2))
    """
    if not isinstance(y, Mapping):
        if np.ndim(y) > 2:
            raise ValueError(
                f'y: an array of shape {np.shape(y)} is a field, which needs a name: give {{"name": y}} instead.'
            )
        return y, {}
    fields: dict[str, Any] = {}
    for name, values in y.items():
        try:
            array = np.asarray(values)
        except ValueError:
            raise ValueError(
                f"y[{name!r}]: all runs must answer with arrays of one shape; these differ. Interpolate them to the "
                "same places, or cut them to the same length."
            ) from None
        if array.ndim > 1:
            if not array.size:
                raise ValueError(f"y[{name!r}]: has shape {array.shape}, which holds no numbers. Leave it out.")
            if array.dtype.kind not in "biuf":
                raise ValueError(f"y[{name!r}]: a field is made of real numbers; got dtype {array.dtype}.")
            fields[str(name)] = array
    return {name: values for name, values in y.items() if str(name) not in fields}, fields
