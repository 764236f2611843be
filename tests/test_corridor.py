"""One walk through every room, from a simulator to a surrogate, boxes, a file and a page; and back in."""

from __future__ import annotations

import numpy as np
import pytest

from surrogate import (
    Box,
    Integer,
    LatinHypercube,
    SimulationFailed,
    Sobol,
    Space,
    Surrogate,
    TransferSet,
    collect,
    discover,
)

BOUNDS = {"demand": (0.5, 1.5), "price": (10.0, 90.0), "plants": Integer(1, 6)}


def plan(demand, price, plants):
    """A small energy system: how much of the demand it serves, and at what cost."""
    if demand > 1.45 and plants == 1:
        raise SimulationFailed("the grid collapses")
    served = min(1.0, (0.35 + 0.18 * plants) / demand)
    return {"served": served, "cost": demand * price * (1.2 - 0.05 * plants) + 3.0 * plants}


def test_the_whole_corridor(tmp_path):
    # Data 1 -> Model A -> Data 2
    runs = collect(plan, BOUNDS, LatinHypercube(150, seed=0), store=tmp_path / "plan.runs")
    collapsed = (runs.inputs["demand"] > 1.45) & (runs.inputs["plants"] == 1)
    assert len(runs) == 150 - collapsed.sum()
    assert len(runs.failures) == collapsed.sum() > 0
    assert set(runs.failures["message"]) == {"the grid collapses"}
    again = TransferSet.open(tmp_path / "plan.runs")
    np.testing.assert_array_equal(again.y.to_numpy(), runs.y.to_numpy())

    # Data 2 -> Model B that answers in numbers
    model = Surrogate.from_runs(runs, seed=0)
    fresh = Sobol(256, seed=1).sample(Space(BOUNDS))
    truth = np.array([fresh["demand"] * fresh["price"] * (1.2 - 0.05 * fresh["plants"]) + 3.0 * fresh["plants"]])[0]
    error = model.predict(fresh, output="cost") - truth
    assert 1 - np.mean(error**2) / np.var(truth) > 0.999
    low, high = model.interval(fresh, coverage=0.9, output="cost")
    assert np.mean((low <= truth) & (truth <= high)) > 0.8

    # the model leaves home and answers with the same bits
    model.save(tmp_path / "plan.surrogate")
    assert Surrogate.load(tmp_path / "plan.surrogate").predict(fresh).tobytes() == model.predict(fresh).tobytes()

    # Data 2 -> Model B that answers in regions
    study = discover(runs, "served < 0.9", seed=0)
    assert set(study.box.limits) <= {"demand", "plants"}
    counted = study.box.statistics(runs.X, runs["served"] < 0.9)
    base_rate = np.mean(runs["served"] < 0.9)
    assert counted.density > 1.5 * base_rate
    assert counted.coverage > 0.5
    assert Box.from_json(study.box.to_json()) == study.box

    # the page
    study.report(tmp_path / "plan.html", question="When is demand not served?")
    page = (tmp_path / "plan.html").read_text(encoding="utf-8")
    assert "When is demand not served?" in page
    assert "the grid collapses" in page

    # both closures: a box is a region of the space, and a fitted Model B is itself a simulator
    inside = Space(BOUNDS).restrict(study.box)
    closer = collect(model, inside, Sobol(64, seed=2))
    assert len(closer) == 64
    assert study.box.contains(closer.X).all()
    assert np.mean(closer["served"] < 0.9) > 1.5 * base_rate


def test_a_simulator_that_always_fails_is_one_clear_error_and_nothing_is_lost(tmp_path):
    def broken(demand, price, plants):
        raise RuntimeError("licence not found")

    with pytest.raises(RuntimeError, match="licence not found") as caught:
        Surrogate.fit(broken, BOUNDS, n=30, seed=0, store=tmp_path / "broken.runs")
    assert len(caught.value.runs.failures) > 0
    assert set(TransferSet.open(tmp_path / "broken.runs").failures["status"]) == {"exception"}
