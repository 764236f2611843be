"""What a user knows of the errors of the runs' answers: read, checked, and matched with the runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from surrogate.transfer import TransferSet

_ALLOWED = "a standard deviation, one a run, or the name of an output that holds them"


def check_noise(noise: Any) -> None:
    """Refuse what cannot be the noise of runs that are still to be made.

    Parameters
    ----------
    noise : object
        A number, a name, or a dict of these by output.

    Raises
    ------
    ValueError, TypeError
        If it is anything else.
    """
    for where, value in _each(noise):
        if isinstance(value, str):
            continue
        if np.ndim(value) != 0:
            raise TypeError(
                f"{where}: a number or the name of an output is needed before the runs are made; got "
                f"{type(value).__name__}. Let the simulator answer with the standard deviation as one more output, and "
                "give its name."
            )
        _numbers(value, where)


def of_columns(noise: Any, X: Any) -> tuple[Any, Any]:
    """Take the columns that `noise` names out of a DataFrame of inputs; return both."""
    names = [value for _, value in _each(noise) if isinstance(value, str)]
    here = [name for name in dict.fromkeys(names) if name in getattr(X, "columns", ())]
    if not here:
        return noise, X
    values = {name: X[name].to_numpy() for name in here}
    found = (
        {output: values.get(value, value) if isinstance(value, str) else value for output, value in noise.items()}
        if isinstance(noise, Mapping)
        else values.get(noise, noise)
    )
    return found, X.drop(columns=here)


def read_noise(
    noise: Any, runs: TransferSet, outputs: tuple[str, ...]
) -> tuple[dict[str, NDArray[np.float64]], tuple[str, ...]]:
    """Match the noise with the successful runs.

    Parameters
    ----------
    noise : float, array_like, str, or dict of these by output
        Standard deviations. Text names an output of the runs that holds them.
    runs : TransferSet
        The runs.
    outputs : tuple of str
        The outputs to fit.

    Returns
    -------
    stds : dict of str to ndarray of shape (n,)
        By output, of the successful runs.
    outputs : tuple of str
        Without those that hold standard deviations.

    Raises
    ------
    ValueError, TypeError
        Naming what is wrong.

    Examples
    --------
    >>> from surrogate import TransferSet
    >>> runs = TransferSet.from_frame({"x": [0.0, 0.5, 1.0]}, {"y": [1.0, 2.0, 3.0], "error": [0.1, 0.1, 0.2]})
    >>> read_noise({"y": "error"}, runs, ("y", "error"))
    ({'y': array([0.1, 0.1, 0.2])}, ('y',))
    """
    if noise is None:
        return {}, outputs
    named = {value for _, value in _each(noise) if isinstance(value, str)}
    left = tuple(name for name in outputs if name not in named)
    numbers = [name for name in left if name in runs.output_names]
    if not isinstance(noise, Mapping):
        if len(numbers) != 1:
            raise ValueError(
                f"noise: one output in numbers can have it; there are {', '.join(numbers) or 'none'}. "
                "Give a dict by output, as in {'y': 0.1}."
            )
        noise = {numbers[0]: noise}
    for name in noise:
        if name not in numbers:
            raise ValueError(
                f"noise: {name!r} is not an output in numbers that is fitted; there are {', '.join(numbers)}."
            )
    return {name: _of_runs(value, runs, f"noise[{name!r}]") for name, value in noise.items()}, left


def _of_runs(value: Any, runs: TransferSet, where: str) -> NDArray[np.float64]:
    if isinstance(value, str):
        if value not in runs.output_names:
            known = ", ".join(runs.output_names)
            raise ValueError(f"{where}: {value!r} is neither an output of the runs ({known}) nor a column of X.")
        return _numbers(runs[value].to_numpy(), where)
    if np.ndim(value) == 0:
        return np.full(len(runs), float(_numbers(value, where)))
    planned, ok = len(runs.inputs), np.flatnonzero((runs.status == "ok").to_numpy())
    array = np.asarray(value)
    if array.shape not in {(planned,), (len(ok),)}:
        raise ValueError(f"{where}: one number a run is needed, shape ({planned},); got shape {array.shape}.")
    return _numbers(array[ok] if len(array) == planned else array, where)


def _numbers(value: Any, where: str) -> NDArray[np.float64]:
    array = np.asarray(value)
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{where}: {_ALLOWED} is needed; got {value!r}.")
    if not np.isfinite(array).all() or (array < 0).any():
        bad = array[~np.isfinite(array) | (array < 0)].ravel()[0]
        raise ValueError(f"{where}: standard deviations are finite and not negative; got {bad}.")
    return array.astype(np.float64)


def _each(noise: Any) -> list[tuple[str, Any]]:
    if noise is None:
        return []
    if isinstance(noise, Mapping):
        return [(f"noise[{name!r}]", value) for name, value in noise.items()]
    return [("noise", noise)]
