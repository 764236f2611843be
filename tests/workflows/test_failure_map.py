"""Failed runs: where they are, and how many lie in a box."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from surrogate import LatinHypercube, SimulationFailed, Space, TransferSet, collect, discover

SPACE = Space({"load": (0.0, 1.0), "speed": (0.0, 1.0), "tint": (0.0, 1.0)})


def engine(load, speed, tint):
    if load > 0.7 and speed < 0.6:
        raise SimulationFailed("stalled")
    return {"heat": load + 0.2 * speed}


@pytest.fixture(scope="module")
def runs():
    return collect(engine, SPACE, LatinHypercube(300, seed=0), max_failed=1)


def test_the_failure_map_says_where_the_simulator_breaks_down(runs):
    study = discover(runs, "failed", max_boxes=1)
    assert len(study.X) == 300
    assert set(study.box.limits) == {"load", "speed"}
    assert study.box.limits["load"][0] == pytest.approx(0.7, abs=0.05)
    assert study.box.limits["speed"][1] == pytest.approx(0.6, abs=0.08)
    assert study.y.sum() == len(runs.failures)
    assert "the simulator fails" in study.rules()[0]


def test_one_kind_of_failure_can_be_asked_for(runs):
    assert discover(runs, "status == 'exception'", max_boxes=1).box == discover(runs, "failed", max_boxes=1).box
    with pytest.raises(ValueError, match="'timeout'\" holds in none of the 300 runs.*exception, ok"):
        discover(runs, "status == 'timeout'")


def test_every_box_says_how_many_runs_failed_in_it(runs):
    study = discover(runs, "heat > 0.6", max_boxes=1)
    table = study.failures().iloc[0]
    lost = runs.failures
    inside = study.box.contains(lost)
    assert table["failed"] == inside.sum() > 0
    assert table["timeout"] == 0
    assert table["runs"] == study.box.contains(runs.inputs).sum()
    assert table["share"] == pytest.approx(inside.sum() / table["runs"])
    assert table["elsewhere"] == pytest.approx((~inside).sum() / (300 - table["runs"]))
    assert f"{inside.sum()} failed ({100 * table['share']:.2g} %" in study.rules()[0]


def test_timeouts_are_told_apart(runs):
    study = discover(runs, "heat > 0.6", max_boxes=1)
    lost = study.lost.assign(status=["timeout", *study.lost["status"][1:]])
    from dataclasses import replace

    slow = replace(study, lost=lost)
    assert slow.failures()["timeout"].iloc[0] == study.box.contains(lost.iloc[:1]).sum()


def test_without_failures_nothing_is_said_of_them():
    runs = collect(lambda a, b: a * b, {"a": (0, 1), "b": (0, 1)}, 100)
    study = discover(runs, "y > 0.4", max_boxes=1)
    assert study.failures()["failed"].sum() == 0
    assert "failed" not in study.rules()[0]
    with pytest.raises(ValueError, match="'failed' holds in none of the 100 runs"):
        discover(runs, "failed")


def test_a_table_says_by_missing_values_or_by_a_status_what_failed(runs):
    table = runs.inputs
    ok = (runs.status == "ok").to_numpy()
    table.loc[ok, "heat"] = runs["heat"].to_numpy()
    expected = discover(runs, "failed", max_boxes=1).box
    assert discover(table, "failed", max_boxes=1).box == expected
    assert discover(table.fillna({"heat": 0.0}).assign(status=runs.status), "failed", max_boxes=1,
                    inputs=list(SPACE.names)).box == expected  # fmt: skip
    in_box = discover(table, "heat > 0.6", max_boxes=1)
    assert in_box.failures()["failed"].sum() > 0


def test_an_output_called_failed_is_just_an_output():
    X = LatinHypercube(100, seed=0).sample(SPACE)
    runs = TransferSet.from_frame(X, {"failed": X["load"]}, space=SPACE)
    assert discover(runs, "failed > 0.5", max_boxes=1).y.sum() == (X["load"] > 0.5).sum()


def test_a_csv_of_runs_is_read_with_and_without_an_index(tmp_path):
    X = LatinHypercube(120, seed=0).sample(SPACE)
    table = X.assign(heat=X["load"])
    table.to_csv(tmp_path / "indexed.csv")
    table.to_csv(tmp_path / "plain.csv", index=False)
    expected = discover(table, "heat > 0.6", max_boxes=1).box
    for name in ("indexed.csv", "plain.csv"):
        study = discover(tmp_path / name, "heat > 0.6", max_boxes=1)
        assert study.box == expected
        assert list(study.X) == list(SPACE.names)
    assert discover(str(tmp_path / "plain.csv"), "heat > 0.6", max_boxes=1).box == expected


def test_a_store_is_read_by_its_path(tmp_path):
    collect(engine, SPACE, LatinHypercube(60, seed=0), max_failed=1, store=tmp_path / "engine.runs")
    assert discover(tmp_path / "engine.runs", "failed", max_boxes=1).runs is not None


def test_files_that_are_no_runs_are_refused_with_a_reason(tmp_path):
    with pytest.raises(FileNotFoundError, match="runs: there is no file or folder"):
        discover(tmp_path / "none.csv", "y > 0")
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(ValueError, match="is not a CSV table"):
        discover(tmp_path / "empty.csv", "y > 0")
    (tmp_path / "semicolons.csv").write_text("a;b\n1;2\n3;4\n")
    with pytest.raises(ValueError, match="has only the column 'a;b'. Are its columns divided by commas"):
        discover(tmp_path / "semicolons.csv", "y > 0")
    pd.DataFrame(np.eye(3), columns=list("abc")).to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(ValueError, match="names 'y'; the columns of runs are a, b, c"):
        discover(tmp_path / "t.csv", "y > 0")
