"""Numbers and sentences say what the data say, in natural units."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surrogate.report.accounting import Accounting
from surrogate.report.answer import Answer, limit_words
from surrogate.report.axis import Axis
from surrogate.report.caveats import caveats
from surrogate.report.numbers import cut_digits, interval, number, percent
from surrogate.report.report import Report
from surrogate.report.scatter import most_restricted, thinned
from surrogate.space import Box, Categorical, Integer, Real
from tests.report.conftest import MadeFindings, made_scorecard


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.0, "0"),
        (-0.5, "\u22120.5"),
        (1234.5, "1,234"),
        (2.5e-7, "2.5\u00d710⁻⁷"),
        (math.inf, "∞"),
        (0.30000000000000004, "0.3"),
    ],
)
def test_numbers_have_three_digits_and_no_noise(value: float, written: str) -> None:
    assert number(value) == written


def test_no_share_is_rounded_to_nothing_or_to_everything() -> None:
    assert percent(1e-6, sign=False) == "0.1"
    assert percent(1 - 1e-6, sign=False) == "99.9"
    assert (percent(0.0, sign=False), percent(1.0, sign=False)) == ("0", "100")


def test_an_unknown_interval_is_left_out() -> None:
    assert interval(math.nan, 0.5) == ""


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=40), st.floats(0, 1))
def test_rounding_a_limit_never_moves_a_run_across_it(values: list[float], where: float) -> None:
    data = np.sort(np.array(values))
    i = min(int(where * (len(data) - 1)), len(data) - 2)
    cut = float(0.5 * (data[i] + data[i + 1]))
    rounded = float(f"{cut:.{cut_digits(data, cut)}g}")
    assert ((data <= rounded) == (data <= cut)).all()
    assert ((data >= rounded) == (data >= cut)).all()


def test_limits_are_worded_with_units_and_open_sides() -> None:
    values = pd.Series([1.0, 2.0, 3.0])
    length = Real(0, 10, unit="m")
    assert limit_words((-math.inf, 2.5), length, values) == "at most 2.5\u00a0m"
    assert limit_words((1.5, math.inf), length, values) == "at least 1.5\u00a0m"
    assert limit_words((1.5, 2.5), length, values) == "between 1.5 and 2.5\u00a0m"
    assert limit_words((-math.inf, 2.5), Real(0, 10, unit="1"), values) == "at most 2.5"
    assert limit_words((2.5, 2.5), length, values) == "2.5\u00a0m"
    fuel = Categorical(["wind", "gas", "coal"])
    assert limit_words(frozenset({"coal", "wind"}), fuel, values) == "wind or coal"


def test_the_answer_repeats_the_numbers_of_the_chosen_row(study: MadeFindings) -> None:
    row = study.trajectory.iloc[study.chosen]
    text = Answer.of(study).text.replace("\u202f", " ")
    assert f"holds in {100 * row.density:.0f} of 100 futures" in text
    assert f"covers {100 * row.coverage:.0f} % of all" in text
    assert f"{100 * row.heldout_density:.0f} %" in text


def test_accounting_adds_up_and_keeps_the_first_message_of_each_cause(runs: Any) -> None:
    account = Accounting.of(runs)
    assert account.planned == account.ok + account.pending + account.failed == 1037
    assert [(cause.status, cause.n) for cause in account.causes] == [("timeout", 24), ("exception", 13)]
    assert account.causes[1].message == "ValueError: no steady state"


def test_accounting_reads_statuses_that_are_enumerations() -> None:
    from surrogate.simulation import Status

    runs: Any = SimpleNamespace(
        status=pd.Series([Status.OK, Status.TIMEOUT, Status.PENDING], dtype=object),
        failures=pd.DataFrame({"status": [Status.TIMEOUT], "message": ["slow"]}),
    )
    account = Accounting.of(runs)
    assert (account.ok, account.failed, account.pending) == (1, 1, 1)
    assert account.causes[0].message == "slow"


def test_axes_place_ends_middles_and_decades() -> None:
    assert Axis.of(Real(2, 4)).place([2, 3, 4, 9]).tolist() == [0, 0.5, 1, 1]
    assert Axis.of(Real(1e-4, 1.0, log=True)).place([1e-2]).tolist() == pytest.approx([0.5])
    assert [label for _, label in Axis.of(Real(1e-4, 1.0, log=True)).ticks()] == ["0.0001", "0.001", "0.01", "0.1", "1"]
    assert Axis.of(Categorical(["a", "b"])).place(["b", "a"]).tolist() == [0.75, 0.25]
    assert Axis.of(Integer(1, 11)).place([6]).tolist() == [0.5]


@given(st.floats(-1e8, 1e8), st.floats(1e-6, 1e8))
def test_ticks_lie_on_the_axis_and_are_few(low: float, width: float) -> None:
    axis = Axis(low, low + max(width, 1e-9 * abs(low)))
    places = [place for place, _ in axis.ticks()]
    assert 1 <= len(places) <= 10
    assert all(0 <= place <= 1 for place in places)


def test_constant_values_have_an_axis() -> None:
    axis = Axis.around(np.zeros(3), np.zeros(3))
    assert axis.place([0.0]).tolist() == [0.5]


def test_the_most_restricting_inputs_come_first(study: MadeFindings) -> None:
    box = Box({"b": (-np.inf, 0.44), "q": (-np.inf, 2.1), "crews": (2, np.inf)})
    assert most_restricted(box, study) == ["q", "crews", "b"]


def test_thinning_keeps_both_ends_and_all_of_a_small_set() -> None:
    assert thinned(5).tolist() == [0, 1, 2, 3, 4]
    assert thinned(10**6)[[0, -1]].tolist() == [0, 10**6 - 1]
    assert thinned(0).tolist() == [0] or thinned(0).size == 0


def test_caveats_tell_of_failed_runs_in_the_box_and_of_poor_emulators(study: MadeFindings, runs: Any) -> None:
    said = " ".join(caveats(Report(runs=runs, study=study, scorecards={"cost": made_scorecard("cost", q2=0.4)})))
    lost = runs.inputs.iloc[1000:]
    assert f"{int(study.boxes[0].contains(lost).sum())} of the failed runs lie inside the box" in said
    assert "emulator of cost explains only 40" in said


def test_a_limit_that_chance_explains_is_called_weak(study: MadeFindings) -> None:
    study.boxes = [Box({"b": (-np.inf, 0.27), "crews": (2, np.inf)})]
    said = " ".join(caveats(Report(study=study)))
    assert "Chance alone could explain the limit on crews" in said
