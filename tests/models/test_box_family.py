"""Best interval, CART, bagged and rotated boxes, covering and logistic regression: what each alone promises."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surrogate.models.boxes.analysis.logistic import LogisticFactorMap
from surrogate.models.boxes.bagging import BaggedBoxes, undominated
from surrogate.models.boxes.best_interval import BestInterval
from surrogate.models.boxes.cart import CARTBoxes
from surrogate.models.boxes.columns import read_columns
from surrogate.models.boxes.evidence.covering import Covering, find_covers
from surrogate.models.boxes.pareto import ParetoBoxes
from surrogate.models.boxes.prim.prim import PRIM
from surrogate.models.boxes.rotated_prim import RotatedPRIM
from surrogate.models.boxes.rotation import RotatedBox, fit_rotation
from surrogate.models.boxes.trajectory import Step
from surrogate.space import Box


def accuracy(inside, y):
    return y[inside].sum() / len(y) - inside.mean() * y.mean()


def best_of_all_intervals(values, y):
    distinct = np.unique(values)
    return max(
        accuracy((values >= low) & (values <= high), y)
        for low, high in itertools.product(distinct, distinct)
        if low <= high
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 8), st.sampled_from([0.0, 0.25, 1.0])), min_size=3, max_size=40))
def test_the_best_interval_is_that_of_trying_them_all(rows):
    values, y = (np.array(part, dtype=float) for part in zip(*rows, strict=True))
    if y.min() == y.max():
        return
    X = pd.DataFrame({"a": values})
    found = BestInterval().fit(X, y).boxes_[-1]
    assert accuracy(found.contains(X), y) == pytest.approx(best_of_all_intervals(values, y), abs=1e-12)


def test_a_wide_beam_finds_the_best_box_of_two_inputs():
    generator = np.random.default_rng(0)
    for _ in range(5):
        X = pd.DataFrame(generator.integers(0, 5, (60, 2)), columns=["a", "b"])
        y = ((X["a"] >= 2) & (X["b"] <= 2) ^ (generator.random(60) < 0.2)).to_numpy(float)
        best = max(
            accuracy(((X["a"] >= a) & (X["a"] <= b) & (X["b"] >= c) & (X["b"] <= d)).to_numpy(), y)
            for a, b, c, d in itertools.product(range(5), repeat=4)
            if a <= b and c <= d
        )
        assert accuracy(BestInterval(beam_size=20).fit(X, y).boxes_[-1].contains(X), y) == pytest.approx(best)


def test_a_wider_beam_is_never_worse_and_depth_limits_inputs():
    generator = np.random.default_rng(1)
    X = pd.DataFrame(generator.random((400, 6)), columns=list("abcdef"))
    y = ((X["a"] > 0.5) & (X["b"] < 0.6) ^ (generator.random(400) < 0.2)).to_numpy(float)
    narrow, wide = (BestInterval(beam_size=size).fit(X, y).boxes_[-1] for size in (1, 5))
    assert accuracy(wide.contains(X), y) >= accuracy(narrow.contains(X), y) - 1e-12
    assert BestInterval(depth=2).fit(X, y).trajectory_["n_restricted"].tolist() == [0, 1, 2]


def test_the_best_categories_are_those_denser_than_the_base_rate():
    X = pd.DataFrame({"fuel": list("aaaabbbbcccc")})
    y = np.array([1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 0, 0], dtype=float)
    assert BestInterval().fit(X, y).boxes_[-1].limits == {"fuel": frozenset({"a"})}


def test_cart_splits_categories_ordered_and_not_and_partitions_the_runs():
    generator = np.random.default_rng(2)
    n = 800
    X = pd.DataFrame(
        {
            "a": generator.random(n),
            "steps": generator.integers(0, 9, n),
            "fuel": generator.choice(["gas", "coal", "wind"], n),
            "size": pd.Categorical(generator.choice(["s", "m", "l"], n), categories=["s", "m", "l"], ordered=True),
            "tax": generator.random(n) < 0.5,
        }
    )
    y = (X["fuel"] == "coal") & (X["size"] != "s") & X["tax"]
    tree = CARTBoxes().fit(X, y)
    assert (np.sum([box.contains(X) for box in tree.boxes_[1:]], axis=0) == 1).all()
    assert tree.box_.limits == {"fuel": {"coal"}, "size": {"m", "l"}, "tax": {True}}
    assert tree.predict(X).tolist() == y.tolist()


def test_a_tree_that_may_not_split_is_the_box_without_limits():
    X = np.random.default_rng(0).random((10, 2))
    assert [box.limits for box in CARTBoxes(mass_min=0.6).fit(X, X[:, 0] > 0.5).boxes_] == [{}]


def test_leaves_are_matched_by_coverage_and_density():
    steps = [Step({}, 100, 20.0), Step({}, 10, 9.0), Step({}, 10, 0.0)]
    others = [Step({}, 80, 16.0), Step({}, 8, 0.0), Step({}, 9, 8.0)]
    assert CARTBoxes().match(steps, others).tolist() == [0, 2, 1]


def test_bagging_is_seeded_and_its_boxes_trade_coverage_for_density():
    generator = np.random.default_rng(3)
    X = pd.DataFrame({"a": generator.random(300), "fuel": generator.choice(["x", "y", "z"], 300)})
    y = (X["a"] > 0.6) & (X["fuel"] != "z")
    search = BaggedBoxes(n_bags=8).fit(X, y)
    assert BaggedBoxes(n_bags=8).fit(X, y).boxes_ == search.boxes_
    assert (search.trajectory_["coverage"].diff().dropna() <= 0).all()
    assert (search.trajectory_["density"].iloc[1:].diff().dropna() > 0).all()
    assert search.limited_shares_.index[0] in {"a", "fuel"}
    assert BaggedBoxes(n_bags=8, n_inputs=1).fit(X, y).trajectory_["n_restricted"].max() == 1


def test_what_is_undominated_is_beaten_by_none():
    generator = np.random.default_rng(0)
    n = generator.integers(1, 50, 200)
    steps = [Step({}, int(rows), float(generator.integers(0, rows + 1))) for rows in n]
    kept = undominated(steps)
    for step in steps:
        beaten = [o for o in kept if o.k >= step.k and o.k / o.n >= step.k / step.n]
        assert beaten
    assert not any(
        (a.k > b.k and a.k / a.n >= b.k / b.n) or (a.k >= b.k and a.k / a.n > b.k / b.n) for a in kept for b in kept
    )


def test_no_box_of_the_pareto_set_beats_another():
    generator = np.random.default_rng(4)
    X = pd.DataFrame(generator.random((500, 4)))
    y = ((X[0] > 0.5) & (X[1] < 0.6)) ^ (generator.random(500) < 0.1)
    table = ParetoBoxes().fit(X, y).trajectory_
    assert table["mass"].min() >= PRIM().mass_min
    rows = table[["coverage", "density", "n_restricted"]].iloc[1:].to_numpy()
    for one, other in itertools.permutations(rows, 2):
        assert not (one[0] >= other[0] and one[1] >= other[1] and one[2] <= other[2])


def test_the_pareto_set_needs_no_more_searches_than_it_may():
    calls = []

    class Counting(PRIM):
        def search(self, columns, y):
            calls.append(len(columns.columns))
            return super().search(columns, y)

    X = np.random.default_rng(0).random((200, 8))
    ParetoBoxes(Counting(), n_searches=7).fit(X, X[:, 0] + X[:, 1] > 1.3)
    assert len(calls) <= 7


def askew(n=600, seed=0):
    generator = np.random.default_rng(seed)
    X = pd.DataFrame(
        {"a": generator.random(n), "b": 100 * generator.random(n), "fuel": generator.choice(["x", "y"], n)}
    )
    return X, (X["a"] - X["b"] / 100).abs() < 0.1


def test_an_askew_region_needs_one_rotated_limit_only():
    X, y = askew()
    rotated, straight = RotatedPRIM().fit(X, y), PRIM().fit(X, y)
    assert rotated.box_.statistics(X, y).density > straight.box_.statistics(X, y).density + 0.2
    assert list(rotated.box_.limits) == ["r_1"]


def test_a_rotated_box_says_the_same_in_every_form():
    import sqlite3
    from contextlib import closing

    X, y = askew()
    box = RotatedPRIM(groups={"size": ["a", "b"]}).fit(X, y).box_
    inside = box.contains(X)
    read = RotatedBox.from_json(box.to_json())
    assert read == box
    np.testing.assert_array_equal(read.contains(X), inside)
    with closing(sqlite3.connect(":memory:")) as connection:
        X.to_sql("runs", connection, index=False)
        query = f"SELECT COUNT(*) FROM runs WHERE {box.to_sql()}"
        assert connection.execute(query).fetchone()[0] == inside.sum()
    assert "a" in box.to_text() and "b" in box.to_text()
    np.testing.assert_array_equal(box.contains(X.to_numpy()), inside)


def test_rotated_coordinates_are_weighted_sums_in_the_inputs_own_units():
    X, y = askew()
    rotation = fit_rotation(X, y)
    coordinates = rotation.transform(X)
    for name in rotation.coordinates:
        weights, constant = rotation.weights(name)
        np.testing.assert_allclose(sum(w * X[key] for key, w in weights.items()) + constant, coordinates[name])
    np.testing.assert_allclose(rotation.axes["r"].T @ rotation.axes["r"], np.eye(2), atol=1e-12)


def test_groups_are_checked_and_discover_refuses_what_it_cannot_validate():
    X, y = askew()
    with pytest.raises(ValueError, match="'fuel' is not one of the numeric inputs"):
        RotatedPRIM(groups={"g": ["a", "fuel"]}).fit(X, y)
    with pytest.raises(ValueError, match="named twice"):
        RotatedPRIM(groups={"g": ["a"], "h": ["a"]}).fit(X, y)
    with pytest.raises(TypeError, match="cannot cross-validate"):
        RotatedPRIM().search(read_columns(X), y.to_numpy(float))


@pytest.mark.parametrize("variant", ["removing", "relabelling"])
def test_covering_finds_both_boxes_and_changes_no_argument(variant):
    X = pd.DataFrame(np.random.default_rng(0).random((1500, 3)), columns=["a", "b", "c"])
    y = ((X["a"] > 0.8) | (X["b"] < 0.2)).astype(int)
    before = y.copy()
    boxes = find_covers(PRIM(), X, y, variant=variant, max_boxes=2)
    assert len(boxes) == 2
    covered = boxes[0].contains(X) | boxes[1].contains(X)
    assert y[covered].sum() > 0.9 * y.sum()
    assert y[covered].mean() > 0.9
    pd.testing.assert_series_equal(y, before)


def test_covering_keeps_the_least_mass_a_share_of_all_rows():
    X = pd.DataFrame({"a": np.linspace(0, 1, 100)})
    y = (X["a"] > 0.5).to_numpy(float)
    covering = Covering(PRIM(mass_min=0.1), read_columns(X), y)
    covering.add({"a": (0.6, np.inf)})
    assert covering.finder.mass_min == pytest.approx(0.1 * 100 / covering.columns.n)
    with pytest.raises(ValueError, match="variant: must be one of"):
        Covering(PRIM(), read_columns(X), y, "deleting")


def test_logistic_weights_are_those_of_maximum_likelihood():
    from scipy.optimize import minimize

    generator = np.random.default_rng(0)
    X = generator.normal(size=(500, 2)) * [1, 10]
    y = (X @ [1.0, 0.1] + generator.logistic(size=500) > 0.5).astype(float)
    found = LogisticFactorMap().fit(X, y)
    assert found.terms_ == ["x2", "x1"] or found.terms_ == ["x1", "x2"]

    def deviance(w):
        odds = X @ w[1:] + w[0]
        return 2 * (np.logaddexp(0, odds) - y * odds).sum()

    best = minimize(deviance, np.zeros(3), method="BFGS", tol=1e-10)
    assert found.coef_[["x1", "x2"]].tolist() == pytest.approx(best.x[1:], rel=1e-4)
    assert found.intercept_ == pytest.approx(best.x[0], rel=1e-3)
    assert found.steps_["bic"].iloc[-1] == pytest.approx(best.fun + 3 * np.log(500))


def test_logistic_regression_takes_categories_and_separable_cases():
    generator = np.random.default_rng(1)
    X = pd.DataFrame(
        {
            "fuel": generator.choice(["gas", "coal", "wind"], 300),
            "size": pd.Categorical(generator.choice(["s", "m", "l"], 300), categories=["s", "m", "l"], ordered=True),
            "same": 1.0,
        }
    )
    found = LogisticFactorMap().fit(X, X["fuel"] == "coal")
    assert found.terms_ == ["fuel = coal"]
    np.testing.assert_array_equal(found.predict(X), X["fuel"] == "coal")
    ordered = LogisticFactorMap().fit(X, X["size"] == "l")
    np.testing.assert_array_equal(ordered.predict(X), X["size"] == "l")
    assert ordered.terms_ == ["size"]
    assert LogisticFactorMap().fit(X[["fuel"]], generator.random(300) < 0.5).terms_ == []


def test_raising_the_threshold_trades_coverage_for_density():
    generator = np.random.default_rng(2)
    X = generator.random((800, 3))
    y = X[:, 0] + X[:, 1] + 0.2 * generator.standard_normal(800) > 1.2
    table = LogisticFactorMap().fit(X, y).tradeoff(X, y)
    assert (table["coverage"].diff().dropna() <= 0).all()
    assert table["density"].iloc[-1] > table["density"].iloc[0]


def test_parameters_are_checked_by_name():
    X = np.random.default_rng(0).random((50, 2))
    y = X[:, 0] > 0.5
    for finder, message in [
        (BestInterval(beam_size=0), "beam_size"),
        (BestInterval(depth=0), "depth"),
        (CARTBoxes(mass_min=1), "mass_min"),
        (BaggedBoxes(n_bags=0), "n_bags"),
        (BaggedBoxes(mass_min=-1), "mass_min"),
        (ParetoBoxes(n_searches=0), "n_searches"),
        (RotatedPRIM(peel_alpha=0.7), "peel_alpha"),
        (LogisticFactorMap(threshold=1), "threshold"),
    ]:
        with pytest.raises(ValueError, match=f"^{message}"):
            finder.fit(X, y)
    for finder in (BaggedBoxes(finder="prim"), ParetoBoxes(finder="prim")):
        with pytest.raises(TypeError, match="^finder"):
            finder.fit(X, y)


def test_boxes_of_every_finder_are_boxes():
    X, y = askew()
    for finder in (BestInterval(), CARTBoxes(), BaggedBoxes(n_bags=3), ParetoBoxes(), RotatedPRIM()):
        assert all(isinstance(box, Box) for box in finder.fit(X, y).boxes_)
