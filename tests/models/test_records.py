"""Records: what is taken apart and put together again predicts the same bits, and nothing else is let in."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, fields
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from numpy.typing import NDArray

from surrogate.models import records
from surrogate.models.records import Constant, Record
from surrogate.models.records import record as contract


@dataclass(frozen=True, eq=False)
class Everything(Record):
    """One field of each type that a record may have."""

    kind: ClassVar[str] = "everything, for these tests"

    switch: bool
    count: int
    number: float
    name: str
    table: NDArray[np.float64]
    codes: NDArray[np.int32]
    layers: tuple[NDArray[np.float64], ...]
    names: tuple[str, ...]
    inner: Constant
    members: tuple[Record, ...]
    note: str | None

    @property
    def n_features(self):
        return 2

    @property
    def _row_bytes(self):
        return 2**18

    def _predict_block(self, X):
        return X @ self.table[0]


def everything(**changes):
    values = {
        "switch": True,
        "count": 3,
        "number": 0.1,
        "name": "Cp",
        "table": np.array([[1.0, 2.0], [3.0, 4.0]]),
        "codes": np.array([1, 2], dtype=np.int32),
        "layers": (np.ones((1, 2)), np.zeros(0)),
        "names": ("a", "b"),
        "inner": Constant(value=1.5, spread=0.0, n_inputs=2),
        "members": (Constant(value=2.5, spread=0.1, n_inputs=2),),
        "note": None,
    }
    return Everything(**{**values, **changes})


def same(one, other):
    if isinstance(one, Record):
        return type(one) is type(other) and all(same(getattr(one, f.name), getattr(other, f.name)) for f in fields(one))
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other


def through_json(record):
    state, arrays = record.to_state()
    return json.loads(json.dumps(state, allow_nan=False)), {name: array.copy() for name, array in arrays.items()}


def test_every_field_survives_the_way_through_json():
    record = everything()
    assert same(Record.from_state(*through_json(record)), record)


@given(value=st.floats(allow_nan=False, allow_infinity=False), n=st.integers(0, 5))
def test_every_finite_number_survives_to_the_last_bit(value, n):
    record = everything(number=value, table=np.full((n, 2), value))
    assert same(Record.from_state(*through_json(record)), record)


def test_arrays_are_named_by_their_path():
    _, arrays = everything().to_state()
    assert set(arrays) == {"table", "codes", "layers.0", "layers.1"}


def test_every_public_record_is_found_by_its_kind():
    public = [getattr(records, name) for name in records.__all__]
    concrete = [part for part in public if hasattr(part, "kind")]
    assert all(contract._record_types()[part.kind] is part for part in concrete)
    assert len({part.kind for part in concrete}) == len(concrete)


@pytest.mark.parametrize("kind", ["no such kind", "os.system", "", None, 3, ["constant"]])
def test_an_unknown_kind_is_an_error_that_lists_the_known_ones(kind):
    with pytest.raises(ValueError, match=r"constant, .*gaussian_process.*upgrade"):
        Record.from_state({"kind": kind}, {})


def test_a_state_of_another_kind_than_expected_is_refused():
    with pytest.raises(ValueError, match="Everything is expected here"):
        Everything.from_state(*Constant(value=1.0, spread=0.0, n_inputs=1).to_state())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("switch", 1),
        ("count", 2.0),
        ("count", True),
        ("number", "0.1"),
        ("number", float("nan")),
        ("number", None),
        ("name", 3),
        ("name", ["a"]),
        ("table", [1.0, 2.0]),
        ("table", {"array": "codes", "dtype": "<i4", "shape": [2]}),
        ("table", {"array": "gone", "dtype": "<f8", "shape": [2, 2]}),
        ("table", {"array": "table", "dtype": "<f8", "shape": [4]}),
        ("table", {"array": "table", "dtype": "<f4", "shape": [2, 2]}),
        ("table", {"array": "table"}),
        ("names", [1, 2]),
        ("names", "ab"),
        ("inner", None),
        ("inner", "constant"),
        ("members", [1.0]),
        ("note", 3),
    ],
)
def test_a_field_of_another_type_than_declared_is_refused(field, value):
    state, arrays = through_json(everything())
    with pytest.raises(ValueError, match=field):
        Record.from_state({**state, field: value}, arrays)


def test_missing_and_unknown_fields_are_named():
    state, arrays = through_json(everything())
    del state["count"]
    with pytest.raises(ValueError, match=r"missing \['count'\], unknown \['extra'\]"):
        Record.from_state({**state, "extra": 1}, arrays)


def test_arrays_of_a_record_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        everything().table[0, 0] = 9.0


def test_arrays_of_any_layout_give_the_same_bits():
    table = np.random.default_rng(0).random((50, 40))
    assert everything(table=np.asfortranarray(table)).table.flags.c_contiguous
    assert_array_equal(everything(table=np.asfortranarray(table)).table, table)


def test_a_kind_cannot_be_taken_twice():
    with pytest.raises(TypeError, match="taken by Constant"):

        @dataclass(frozen=True, eq=False)
        class Impostor(Record):
            kind: ClassVar[str] = "constant"


def test_blocks_cover_all_rows_in_order():
    X = np.random.default_rng(0).random((1001, 2))  # _row_bytes makes blocks of eight rows
    assert_array_equal(everything().predict(X), [row @ np.array([1.0, 2.0]) for row in X])
    assert everything().predict(np.empty((0, 2))).shape == (0,)


def test_records_need_numpy_alone():
    """In a fresh interpreter, touching every record loads none of the heavy libraries."""
    code = (
        "import sys; from surrogate.models import records; [getattr(records, name) for name in records.__all__];"
        "heavy = {'scipy', 'sklearn', 'pandas', 'xgboost', 'dask', 'numba'} & set(sys.modules); assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
