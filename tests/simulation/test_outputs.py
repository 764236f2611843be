from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surrogate.simulation import Outcome, OutputForm, Status
from surrogate.simulation.outputs import BadOutput, NotFinite, read_answer, read_answers

finite = st.floats(allow_nan=False, allow_infinity=False)


@given(finite)
def test_a_number_becomes_the_output_y(value):
    for answer in (value, np.float64(value), np.array(value)):
        assert read_answer(answer, None) == {"y": value}


@given(st.lists(finite, min_size=1, max_size=5))
def test_a_row_becomes_y1_to_yk(values):
    expected = {f"y{i + 1}": value for i, value in enumerate(values)}
    assert read_answer(values, None) == expected
    assert read_answer(np.array(values), None) == expected


def test_in_a_dict_numbers_are_outputs_and_arrays_are_fields():
    outputs = read_answer({"lift": np.float32(0.5), "Cp": [1, 2, 3]}, None)
    assert outputs["lift"] == 0.5
    assert type(outputs["lift"]) is float
    np.testing.assert_array_equal(outputs["Cp"], [1.0, 2.0, 3.0])


def test_a_field_is_a_copy():
    buffer = np.zeros(3)
    outputs = read_answer({"Cp": buffer}, None)
    buffer[:] = 9.0
    assert outputs["Cp"].tolist() == [0.0, 0.0, 0.0]


NO_NUMBERS = [None, "1.0", b"1", 1j, object(), [], {}, [[1.0]], [[1], [1, 2]], np.array([1j]), np.array([None])]
NO_OUTPUTS = [{"y": None}, {"y": "a"}, {1: 2.0}, {"y": [1.0, "a"]}, {"y": {"z": 1.0}}]


@pytest.mark.parametrize("answer", [*NO_NUMBERS, *NO_OUTPUTS])
def test_what_is_no_number_is_bad_output(answer):
    with pytest.raises(BadOutput):
        read_answer(answer, None)


@pytest.mark.parametrize("answer", [float("nan"), np.inf, [1.0, np.nan], {"y": -np.inf}, {"Cp": [0.0, np.nan]}])
def test_what_is_not_finite_is_no_answer(answer):
    with pytest.raises(NotFinite):
        read_answer(answer, None)


def test_declared_outputs_name_an_array_and_order_a_dict():
    assert read_answer([1.0, 2.0], ("u", "v")) == {"u": 1.0, "v": 2.0}
    assert list(read_answer({"v": 2.0, "u": 1.0}, ("u", "v"))) == ["u", "v"]
    assert read_answer(3.0, ("u",)) == {"u": 3.0}
    for wrong in ([1.0], {"u": 1.0}, {"u": 1.0, "v": 2.0, "w": 3.0}):
        with pytest.raises(BadOutput):
            read_answer(wrong, ("u", "v"))


def test_vectorised_answers_have_one_entry_a_run():
    assert list(read_answers(np.zeros(3), 3, None)) == ["y"]
    assert list(read_answers(np.zeros((3, 2)), 3, None)) == ["y1", "y2"]
    assert read_answers({"Cp": np.zeros((3, 4, 5))}, 3, None)["Cp"].shape == (3, 4, 5)
    # A sum over all rows looks right for one run: it must not pass the pilot.
    for answer, n in ((np.float64(1.0), 1), (np.zeros(2), 3), (np.zeros((3, 2, 2)), 3), ({"y": 1.0}, 1)):
        with pytest.raises(BadOutput):
            read_answers(answer, n, None)


def test_later_runs_must_have_the_outputs_and_shapes_of_the_first():
    form = OutputForm()
    assert form.check(Outcome(Status.OK, {"y": 1.0, "Cp": np.zeros(3)})).status is Status.OK
    assert form.names == ("y",)
    assert form.fields == {"Cp": (3,)}
    assert form.check(Outcome(Status.OK, {"Cp": np.ones(3), "y": 2.0})).status is Status.OK
    for outputs in ({"y": 1.0}, {"y": 1.0, "Cp": np.zeros(4)}, {"y": np.zeros(1), "Cp": np.zeros(3)}):
        refused = form.check(Outcome(Status.OK, outputs, seconds=2.0))
        assert refused.status is Status.BAD_OUTPUT
        assert not refused.outputs
        assert refused.seconds == 2.0


def test_numbers_of_other_kinds_are_numbers_and_masked_ones_are_missing():
    for number in (Decimal("1.5"), Fraction(3, 2), np.float32(1.5), np.array(1.5), np.longdouble(1.5)):
        assert read_answer(number, None) == {"y": 1.5}
        assert read_answer({"lift": number}, None) == {"lift": 1.5}
    assert read_answer(np.ma.masked_array([1, 2], [False, False]), None) == {"y1": 1.0, "y2": 2.0}
    with pytest.raises(NotFinite):
        read_answer({"Cp": np.ma.masked_array([1.0, 2.0], [False, True])}, None)
    with pytest.raises(BadOutput, match="too large"):
        read_answer(10**400, None)
    for other in (Decimal("nan"), Decimal("Infinity")):
        with pytest.raises(NotFinite):
            read_answer(other, None)
