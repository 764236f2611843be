"""Transfer sets as tables and files of other programs. These are copies: the store stays the truth."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from surrogate.transfer.transfer_set import TransferSet

_STATUS = "status"


def to_table(runs: TransferSet) -> pd.DataFrame:
    """Return all planned runs: inputs, status, and the outputs of those that succeeded; fields are left out.

    Examples
    --------
    >>> from surrogate.transfer import TransferSet
    >>> to_table(TransferSet.from_frame({"x": [0.0, 1.0]}, {"y": [2.0, float("nan")]})).columns.tolist()
    ['x', 'status', 'y']
    """
    table = runs.inputs
    succeeded = (runs.status == "ok").to_numpy()
    table[_STATUS] = runs.status.to_numpy()
    for name in runs.output_names:
        column = np.full(len(table), np.nan)
        column[succeeded] = runs[name]
        # Only an answer without a name, called y, can meet an input's name; the input keeps its column.
        table[name if name not in table else f"{name} (output)"] = column
    return table


def to_xarray(runs: TransferSet) -> Any:
    """Return the successful runs as an ``xarray.Dataset`` along the dimension "run", fields included.

    The axes of a field have the dimensions ``<name>_1``, ``<name>_2``, and so on. Inputs are coordinates.

    Raises
    ------
    ImportError
        If xarray is not installed.
    """
    import xarray

    outputs = {name: ("run", runs[name].to_numpy()) for name in runs.output_names}
    fields = {
        name: (("run", *(f"{name}_{i + 1}" for i in range(array.ndim - 1))), np.array(array))
        for name, array in runs.fields.items()
    }
    X = runs.X
    coordinates = {
        name: ("run", X[name].to_numpy() if X[name].dtype != object else X[name].astype(str).to_numpy(dtype=str))
        for name in X
    }
    return xarray.Dataset({**outputs, **fields}, coordinates)


def write_table(runs: TransferSet, path: str | PathLike[str]) -> Path:
    """Write runs for another program: ``.csv`` and ``.parquet`` all runs without fields, ``.nc`` successful ones with.

    Parameters
    ----------
    runs : TransferSet
    path : path
        The ending says what is written. Parquet needs pyarrow, netCDF needs xarray.

    Returns
    -------
    Path
        Where it was written.

    Raises
    ------
    ValueError
        If the ending is another.
    ImportError
        If the library that writes it is not installed; the message says how to install it.
    """
    path = Path(path)
    writers: dict[str, tuple[str, Callable[[Path], object]]] = {
        ".csv": ("pandas", lambda to: to_table(runs).to_csv(to, index=False)),
        ".parquet": ("pyarrow", lambda to: _of_one_type(to_table(runs)).to_parquet(to, engine="pyarrow", index=False)),
        ".nc": ("xarray", lambda to: to_xarray(runs).to_netcdf(to)),
    }
    if path.suffix.lower() not in writers:
        raise ValueError(f"path: expected a file that ends in {', '.join(writers)}; got {path}.")
    library, write = writers[path.suffix.lower()]
    try:
        write(path)
    except ImportError as error:
        raise ImportError(f"{path.suffix} files need {library}: pip install {library} ({error}).") from error
    return path


def _of_one_type(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with text where a categorical parameter mixes types, which Parquet cannot hold."""
    mixed = [name for name in table if table[name].map(type).nunique() > 1]
    return table.astype(dict.fromkeys(mixed, str))
