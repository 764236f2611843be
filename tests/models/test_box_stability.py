"""Stability of boxes: overlap in volume, resampling, learning curves, the same on every executor."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, norm

from surrogate.models.boxes import PRIM, consistency, overlap, volume
from surrogate.models.boxes.columns import read_columns
from surrogate.models.boxes.evidence.box_volume import observed_space
from surrogate.models.boxes.evidence.resampled_search import ResampledSearch, resampled
from surrogate.models.boxes.evidence.stability import learning_curve, resample
from surrogate.space import Categorical, Integer, Real, Space

UNIT = Space({"a": (0, 1), "b": (0, 1)})


def case(n=800, seed=0):
    generator = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "a": generator.random(n),
            "b": generator.random(n),
            "steps": generator.integers(0, 10, n),
            "fuel": generator.choice(["gas", "coal", "wind"], n),
        }
    )
    y = ((X["a"] > 0.5) & (X["steps"] <= 5) & (X["fuel"] != "gas")) ^ (generator.random(n) < 0.05)
    return read_columns(X), y.to_numpy(float)


def test_the_published_unit_of_consistency():
    boxes = [{"a": (0, 0.5), "b": (0, 0.5)}, {"a": (0.25, 0.75), "b": (0.25, 0.75)}]
    assert overlap(*boxes, UNIT) == pytest.approx(1 / 7)
    assert consistency(boxes, UNIT) == pytest.approx(1 / 7)
    assert np.isnan(consistency(boxes[:1], UNIT))


def test_overlap_is_that_of_counting_many_points():
    space = Space(
        {
            "x": Real(1e-3, 1.0, log=True),
            "z": Real(-np.inf, np.inf, distribution=norm()),
            "n": Integer(0, 9),
            "m": Integer(0, 20, distribution=binom(20, 0.3)),
            "fuel": Categorical(("gas", "coal", "wind")),
        }
    )
    one = {"x": (0.01, 0.5), "n": (2, 7), "fuel": frozenset({"gas", "coal"}), "m": (3, np.inf)}
    other = {"x": (0.05, np.inf), "z": (-1.0, 1.0), "n": (-np.inf, 5), "fuel": frozenset({"coal", "wind"})}
    X = space.from_unit(np.random.default_rng(0).random((200_000, 5)))
    from surrogate.space import Box

    inside = [Box(limits).contains(X) for limits in (one, other)]
    assert volume(one, space) == pytest.approx(inside[0].mean(), abs=0.005)
    assert volume(other, space) == pytest.approx(inside[1].mean(), abs=0.005)
    shared = (inside[0] & inside[1]).mean() / (inside[0] | inside[1]).mean()
    assert overlap(one, other, space) == pytest.approx(shared, abs=0.01)


def test_boxes_apart_share_nothing_and_equal_ones_everything():
    assert overlap({"a": (0, 0.2)}, {"a": (0.5, 1)}, UNIT) == 0
    assert overlap({"a": (0.2, 0.4)}, {"a": (0.2, 0.4)}, UNIT) == 1
    fuels = Space({"fuel": Categorical(("x", "y"))})
    assert overlap({"fuel": frozenset({"x"})}, {"fuel": frozenset({"y"})}, fuels) == 0
    with pytest.raises(ValueError, match="'c' is not a parameter"):
        volume({"c": (0, 1)}, UNIT)


def test_resampling_is_the_same_on_every_executor():
    columns, y = case()
    expected = resample(PRIM(), columns, y, 0.8, 0.9, n_resamples=11, seed=3)
    for workers in (1, 3):
        with ThreadPoolExecutor(workers) as executor:
            found = resample(PRIM(), columns, y, 0.8, 0.9, n_resamples=11, seed=3, executor=executor)
        pd.testing.assert_frame_equal(found, expected)
        assert found.attrs == expected.attrs
    assert not resample(PRIM(), columns, y, 0.8, 0.9, n_resamples=11, seed=4).equals(expected)


@pytest.mark.slow
def test_resampling_is_the_same_in_processes():
    columns, y = case()
    expected = resample(PRIM(), columns, y, 0.8, 0.9, n_resamples=4)
    pd.testing.assert_frame_equal(resample(PRIM(), columns, y, 0.8, 0.9, n_resamples=4, executor="processes"), expected)


def test_limits_travel_without_loss():
    columns, y = case()
    search = ResampledSearch(PRIM(), columns, y, 0.8, 0.9, 0)
    boxes = [step.limits for step in PRIM().search(columns, y)] + [{}]
    assert search.decoded(search._encoded(boxes)) == boxes


def test_a_search_that_fails_on_a_worker_is_an_error():
    class Failing(PRIM):
        def search(self, columns, y):
            raise OSError("disk full")

    columns, y = case(100)
    with pytest.raises(RuntimeError, match="disk full"):
        resampled(ResampledSearch(Failing(), columns, y, 0.8, 0.9, 0), [50])


def test_resampling_tells_informative_inputs_and_where_their_limits_are():
    columns, y = case()
    step = PRIM().search(columns, y)[-1]
    table = resample(PRIM(), columns, y, 0.8, 0.9, limits=step.limits, n_resamples=20)
    assert (table.loc[["a", "steps", "fuel"], "reproduced_coverage"] > 0.7).all()
    assert table.loc["b", "reproduced_coverage"] < 0.7
    assert table.loc["a", "low_5"] <= table.loc["a", "low"] <= table.loc["a", "low_95"]
    assert table.loc["a", "low"] == pytest.approx(0.5, abs=0.1)
    assert 0 < table.attrs["consistency"] <= 1 and 0 < table.attrs["overlap"] <= 1


def test_more_runs_make_boxes_of_different_samples_more_alike():
    columns, y = case(1600)
    curve = learning_curve(PRIM(), columns, y, 0.8, 0.9, n_resamples=20)
    measured = curve[~curve["extrapolated"]]
    assert curve["runs"].tolist() == [100, 200, 400, 800, 1600, 3200]
    assert measured["overlap"].iloc[-1] > measured["overlap"].iloc[0] + 0.1
    assert curve["overlap"].between(0, 1).all()
    assert curve["overlap"].iloc[-1] >= curve["overlap"].iloc[-2] >= measured["overlap"].mean()
    assert ((measured["overlap_5"] <= measured["overlap"]) & (measured["overlap"] <= measured["overlap_95"])).all()


def test_the_extrapolation_is_near_what_more_runs_give():
    columns, y = case(3200, seed=5)
    half = columns.take(np.arange(1600))
    expected = learning_curve(PRIM(), half, y[:1600], 0.8, 0.9, n_resamples=20)["overlap"].iloc[-2]
    found = learning_curve(PRIM(), columns, y, 0.8, 0.9, n_resamples=20, parts=(2,))["overlap"].iloc[0]
    assert expected == pytest.approx(found, abs=0.15)


def test_where_there_is_nothing_to_find_boxes_have_less_in_common():
    columns, y = case()
    noise = np.random.default_rng(0).permutation(y)
    found, expected = (
        learning_curve(PRIM(), columns, cases, 0.8, 0.9, n_resamples=10)["overlap"].iloc[3] for cases in (noise, y)
    )
    assert found < expected - 0.15


def test_sizes_are_checked():
    columns, y = case(100)
    with pytest.raises(ValueError, match="parts: must be at least 2"):
        learning_curve(PRIM(), columns, y, 0.8, 0.9, parts=(1,))
    with pytest.raises(ValueError, match="too few"):
        learning_curve(PRIM(), columns, y, 0.8, 0.9, parts=(90,))
    assert list(observed_space(columns).names) == ["a", "b", "steps", "fuel"]
