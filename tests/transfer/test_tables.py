"""Other programs get the same numbers."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from surrogate.space import Categorical
from surrogate.transfer import collect, to_table, to_xarray, write_table


@pytest.fixture(scope="module")
def runs():
    def model(x, fuel):
        return {"y": math.nan if x > 0.9 else x, "path": np.array([x, 2 * x, 3 * x])}

    return collect(model, {"x": (0, 1), "fuel": Categorical(["gas", 3])}, 40, seed=1)


def test_a_csv_holds_all_planned_runs_with_exact_numbers(runs, tmp_path):
    back = pd.read_csv(write_table(runs, tmp_path / "runs.csv"))
    assert back.columns.tolist() == ["x", "fuel", "status", "y"]
    assert len(back) == 40
    np.testing.assert_allclose(back["y"].dropna(), runs["y"], rtol=1e-15)
    assert set(back[back["y"].isna()].status) == {"not finite"}


def test_parquet_holds_the_same_table(runs, tmp_path):
    pytest.importorskip("pyarrow")
    back = pd.read_parquet(write_table(runs, tmp_path / "runs.parquet"))
    table = to_table(runs)
    assert back["y"].equals(table["y"])
    assert back["fuel"].tolist() == [str(value) for value in table["fuel"]]


def test_xarray_and_netcdf_hold_the_fields_too(runs, tmp_path):
    xarray = pytest.importorskip("xarray")
    data = to_xarray(runs)
    assert data["path"].dims == ("run", "path_1")
    np.testing.assert_array_equal(data["path"], runs.fields["path"])
    np.testing.assert_array_equal(data["x"], runs.X["x"])
    with xarray.open_dataset(write_table(runs, tmp_path / "runs.nc")) as back:
        np.testing.assert_array_equal(back["y"], runs["y"])


def test_other_endings_and_missing_libraries_are_named(runs, tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=r"ends in \.csv, \.parquet, \.nc"):
        write_table(runs, tmp_path / "runs.xlsx")
    monkeypatch.setitem(__import__("sys").modules, "xarray", None)
    with pytest.raises(ImportError, match="pip install xarray"):
        write_table(runs, tmp_path / "runs.nc")


def test_an_output_without_a_name_never_takes_the_column_of_an_input():
    table = to_table(collect(lambda x, y: x + 10 * y, {"x": (0, 1), "y": (0, 1)}, 5))
    assert table.columns.tolist() == ["x", "y", "status", "y (output)"]
    np.testing.assert_allclose(table["y (output)"], table["x"] + 10 * table["y"])
