"""Runs made elsewhere find their planned rows, or nothing is recorded."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from surrogate.design import LatinHypercube
from surrogate.space import Categorical, Integer
from surrogate.transfer import TransferSet, collect, plan_runs, record, verify

BOUNDS = {"x": (0, 1), "n": Integer(1, 9), "fuel": Categorical(["gas", "coal"])}


@pytest.fixture
def planned(tmp_path):
    table = plan_runs(None, BOUNDS, LatinHypercube(12, seed=0), store=tmp_path / "s.runs")
    return tmp_path / "s.runs", table


def answered(table):
    return table.assign(cost=table.x * table.n, mass=table.x + 1.0)


def test_a_design_goes_out_as_csv_and_its_answers_come_back_in_any_order_and_in_parts(planned, tmp_path):
    store, table = planned
    table.to_csv(tmp_path / "design.csv", index=False)
    back = answered(pd.read_csv(tmp_path / "design.csv"))
    back.iloc[8:][::-1].to_csv(tmp_path / "one.csv", index=False)
    back.iloc[:8].drop(columns="row").to_csv(tmp_path / "two.csv", index=False)
    assert len(record(store, tmp_path / "one.csv")) == 4
    runs = record(store, tmp_path / "two.csv")
    assert (runs.status == "ok").all()
    np.testing.assert_allclose(runs["cost"], table.x * table.n, rtol=1e-15)
    assert runs.X.columns.tolist() == ["x", "n", "fuel"]
    assert len(record(store, back)) == 12  # the same again changes nothing
    assert verify(store).ok


def test_failures_are_recorded_as_such_and_may_be_made_good(planned):
    store, table = planned
    back = answered(table).assign(status="ok", message="", seconds=2.5, host="node7")
    back.loc[3, ["status", "message", "cost", "mass"]] = ["timeout", "killed after 60 s", np.nan, np.nan]
    back.loc[5, "cost"] = np.nan
    runs = record(store, back)
    assert runs.failures.index.tolist() == [3, 5]
    assert runs.failures.status.tolist() == ["timeout", "not finite"]
    assert runs.failures.message[3] == "killed after 60 s"
    assert runs.failures.host[3] == "node7"
    assert runs.failures.seconds[3] == 2.5
    assert len(record(store, answered(table).iloc[[3]])) == 11


def test_numbers_that_another_program_has_rounded_are_found_again(planned):
    store, table = planned
    rounded = answered(table).drop(columns="row").assign(x=[float(f"{x:.13g}") for x in table.x])
    assert len(record(store, rounded)) == 12


def test_a_simulator_that_comes_later_runs_only_what_was_not_recorded(tmp_path):
    calls = []

    class Model:
        def fingerprint(self):
            return "model"

        def __call__(self, x, seed):
            calls.append(x)
            return 2 * x

    design = LatinHypercube(10, seed=1)
    table = plan_runs(Model(), {"x": (0, 1)}, design, store=tmp_path / "s.runs", replicates=2)
    assert {"row", "x", "replicate", "seed"} == set(table)
    record(tmp_path / "s.runs", table.assign(y=2 * table.x).iloc[:15])
    runs = collect(Model(), {"x": (0, 1)}, design, store=tmp_path / "s.runs", replicates=2)
    assert len(runs) == 20
    assert len(calls) == 5


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.assign(row=99), "row 99 was never planned"),
        (lambda t: t.assign(x=t.x[::-1].to_numpy()), "Are the rows mixed up"),
        (lambda t: t.drop(columns="row").assign(x=0.5), "no planned run has the inputs of line 1"),
        (lambda t: t.drop(columns=["row", "x"]), "give the column 'row', or all inputs; 'x' is missing"),
        (lambda t: t.drop(columns=["cost", "mass"]), "no column is an output"),
        (lambda t: t.assign(cost="high"), "output 'cost' of line 1 is 'high', no number"),
        (lambda t: t.assign(status="fine"), "status 'fine' of line 1 is none of"),
        (lambda t: pd.concat([t, t]), "12 rows give a run that another row gives"),
        (lambda t: t.iloc[:0], "there are no rows"),
    ],
)
def test_what_does_not_fit_is_named_and_nothing_is_recorded(planned, change, words):
    store, table = planned
    with pytest.raises(ValueError, match=words):
        record(store, change(answered(table)))
    assert (TransferSet.open(store).status == "pending").all()


def test_another_result_for_a_recorded_run_is_refused(planned):
    store, table = planned
    record(store, answered(table))
    with pytest.raises(ValueError, match="is recorded already"):
        record(store, answered(table).assign(mass=0.0))
    with pytest.raises(ValueError, match=r"outputs are .*cost"):
        plan_runs(None, BOUNDS, LatinHypercube(14, seed=1), store=store)
        record(store, answered(table).drop(columns="mass"))
