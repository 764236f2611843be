"""Active scenario discovery: where the next runs are made, and what counts."""

from __future__ import annotations

import numpy as np
import pytest

from surrogate import REDS, LatinHypercube, SimulationFailed, Space, TransferSet, collect, discover, discover_actively
from surrogate.models.boxes.reds.next_points import uncertain_points

SPACE = Space({"a": (0.0, 1.0), "b": (0.0, 1.0), "c": (0.0, 10.0)})
FEW = REDS(n_new=4000, peel_alphas=None)


def loss(a, b, c):
    if c > 9.5:
        raise SimulationFailed("too hot")
    return {"loss": float(a - b**2 > 0.3)}  # all that is to be learnt is a border


@pytest.fixture(scope="module")
def study():
    return discover_actively(loss, SPACE, "loss > 0.5", budget=80, batch=20, method=FEW, max_boxes=1, max_failed=1)


def test_the_budget_is_kept_and_failures_are_told(study):
    assert len(study.runs.inputs) == 80
    assert len(study.runs.failures) == (study.runs.inputs["c"] > 9.5).sum() > 0
    assert set(study.runs.failures["message"]) == {"too hot"}


def test_later_runs_lie_nearer_to_the_border(study):
    planned = study.runs.inputs
    distance = np.abs(planned["a"] - planned["b"] ** 2 - 0.3)
    assert distance[40:].mean() < 0.6 * distance[:40].mean()


def test_only_the_space_filling_runs_count(study):
    first = study.runs.inputs[:40]
    assert len(study.X) == (study.runs.status[:40] == "ok").sum()
    assert study.X["a"].isin(first["a"]).all()
    row = study.trajectory.iloc[study.chosen]
    counted = study.box.statistics(study.X, study.y)
    assert (counted.n, counted.k) == (row["n"], row["k"])
    assert study.trajectory["n"].iloc[0] == len(study.X)
    assert study.failures()["runs"].iloc[0] <= 40
    assert set(study.box.limits) <= {"a", "b"}


def test_it_goes_on_where_it_was_stopped(tmp_path):
    made = []

    def counted(a, b):
        made.append(a)
        return {"loss": a - b**2}

    bounds = {"a": (0.0, 1.0), "b": (0.0, 1.0)}
    settings = {
        "budget": 60,
        "batch": 15,
        "method": FEW,
        "max_boxes": 1,
        "store": tmp_path / "s.runs",
        "on_change": "keep",
    }  # the counter changes
    one = discover_actively(counted, bounds, "loss > 0.3", **settings)
    assert len(made) == 60
    other = discover_actively(counted, bounds, "loss > 0.3", **settings)
    assert len(made) == 60
    assert other.box == one.box


def test_batches_fill_the_space_while_there_are_too_few_cases():
    study = discover_actively(
        lambda a, b: {"loss": a - b**2}, {"a": (0, 1), "b": (0, 1)}, "loss > 0.55",
        budget=120, first=20, batch=50, method=FEW, max_boxes=1,
    )  # fmt: skip
    assert len(study.X) == 70


def test_a_study_proposes_runs_that_collect_takes(study):
    X = LatinHypercube(60, seed=0).sample(SPACE)
    runs = TransferSet.from_frame(X, {"loss": X["a"] - X["b"] ** 2 > 0.3}, space=SPACE)
    fresh = discover(runs, "loss > 0.5", max_boxes=1).next_runs(15)
    assert list(fresh.columns) == list(SPACE.names)
    assert SPACE.contains(fresh).all()
    assert np.abs(fresh["a"] - fresh["b"] ** 2 - 0.3).mean() < 0.15
    assert len(collect(loss, SPACE, fresh, max_failed=1).inputs) == 15
    with pytest.raises(ValueError, match="n: must be a whole number"):
        study.next_runs(0)


def test_points_are_uncertain_and_apart():
    grid = np.stack(np.meshgrid(np.linspace(0, 1, 30), np.linspace(0, 1, 30)), axis=-1).reshape(-1, 2)
    p = 1 / (1 + np.exp(-30 * (grid[:, 0] - 0.5)))
    made = grid[::97]
    chosen = uncertain_points(p, grid, made, 10)
    assert len(set(chosen.tolist())) == 10
    assert np.abs(grid[chosen, 0] - 0.5).max() < 0.15
    assert np.ptp(grid[chosen, 1]) > 0.7


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"budget": 5}, "budget: must be a whole number of at least 20"),
        ({"budget": 50, "first": 60}, "first: the first 60 runs must fit"),
        ({"budget": 50, "batch": 0}, "batch: must be a whole number"),
        ({"budget": 50, "method": "prim"}, "method: expected REDS"),
        ({"budget": 50, "policies": {}}, "policies: not an argument of discover_actively"),
    ],
)
def test_wrong_settings_are_refused_before_any_run(settings, message):
    def never(**inputs):
        raise AssertionError("it ran")

    with pytest.raises((ValueError, TypeError), match=message):
        discover_actively(never, SPACE, "loss > 0", **settings)


def test_runs_are_not_lost_to_a_case_that_never_occurs():
    with pytest.raises(ValueError, match="holds in none of the 40 runs") as caught:
        discover_actively(lambda a, b: {"loss": a}, {"a": (0, 1), "b": (0, 1)}, "loss > 3", budget=40, method=FEW)
    assert len(caught.value.runs) == 40
