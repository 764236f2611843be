"""Data-driven designs: rows like the data, whatever the columns."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import BaggingClassifier, GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.tree import DecisionTreeClassifier

import surrogate.design
from surrogate.design import (
    Bootstrap,
    Boundary,
    BoxSampling,
    DataDrivenDesign,
    GaussianMixture,
    KernelDensity,
    LeafSampling,
    Marginals,
    Munge,
    NaiveBayesMixture,
    RightRows,
    Sobol,
)

FREE = [
    Munge(),
    Munge(1.0, 0.5),
    KernelDensity(),
    KernelDensity(0.1),
    GaussianMixture(),
    NaiveBayesMixture(),
    Bootstrap(),
    Marginals(),
    BoxSampling(),
    BoxSampling(Sobol(1)),
]


def names(design):
    return repr(design)


def mixed(n=120, seed=0):
    rng = np.random.default_rng(seed)
    group = rng.integers(0, 3, n)
    return pd.DataFrame(
        {
            "size": rng.normal(group, 0.2),
            "count": rng.poisson(3 + group),
            "small": rng.random(n).astype(np.float32),
            "fuel": np.array(["gas", "coal", "sun"], dtype=object)[group],
            "grade": pd.Categorical(np.array(["low", "high", "high"])[group], categories=["low", "high"], ordered=True),
            "on": rng.random(n) < 0.3,
            "bit": (rng.random(n) < 0.5).astype(float),
            "gap": np.where(rng.random(n) < 0.2, np.nan, rng.normal(size=n)),
        }
    )


def test_every_data_driven_design_is_tested_here():
    public = {getattr(surrogate.design, name) for name in surrogate.design.__all__}
    kinds = {c for c in public if isinstance(c, type) and issubclass(c, DataDrivenDesign)} - {DataDrivenDesign}
    assert kinds == {type(d) for d in FREE} | {LeafSampling, Boundary, RightRows}


@pytest.mark.parametrize("design", FREE, ids=names)
def test_columns_dtypes_values_and_limits_are_those_of_the_data(design):
    X = mixed()
    rows = design.fit(X).sample(500, seed=1)
    assert list(rows.columns) == list(X.columns)
    assert (rows.dtypes == X.dtypes).all()
    assert len(rows) == 500
    for name in ("fuel", "on", "bit"):
        assert set(rows[name]) <= set(X[name])
    assert list(rows["grade"].cat.categories) == ["low", "high"]
    for name in ("size", "count", "small", "gap"):
        assert rows[name].min() >= X[name].min()
        assert rows[name].max() <= X[name].max()


@pytest.mark.parametrize("design", FREE, ids=names)
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(design):
    X = mixed()[["size", "count"]].to_numpy(float)
    design.fit(X)
    assert design.sample(50, seed=3).tobytes() == design.sample(50, seed=3).tobytes()
    assert design.sample(50, seed=3).tobytes() != design.sample(50, seed=4).tobytes()


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32, np.float64])
@pytest.mark.parametrize("design", FREE, ids=names)
def test_arrays_come_back_as_arrays_of_their_dtype(design, dtype):
    X = (10 * np.random.default_rng(0).random((30, 3))).astype(dtype)
    rows = design.fit(X).sample(40, seed=0)
    assert isinstance(rows, np.ndarray)
    assert rows.dtype == dtype
    assert rows.shape == (40, 3)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-3, 3), st.sampled_from("abc"), st.floats(-5, 5)), min_size=2, max_size=30),
    st.integers(1, 70),
    st.sampled_from([Munge(), KernelDensity(), NaiveBayesMixture(), Bootstrap(), Marginals(), BoxSampling()]),
)
def test_any_small_table_is_sampled_without_leaving_it(data, n, design):
    X = pd.DataFrame(data, columns=["i", "c", "f"])
    if isinstance(design, Munge) and len(X.drop_duplicates()) < 2:
        return
    rows = design.fit(X).sample(n, seed=0)
    assert len(rows) == n
    assert set(rows["c"]) <= set(X["c"])
    assert rows["f"].between(X["f"].min(), X["f"].max()).all()
    assert rows["i"].between(X["i"].min(), X["i"].max()).all()


def test_codes_of_numbers_can_be_declared_nominal():
    X = np.array([[1.0, 0.1], [40.0, 0.2], [700.0, 0.3], [1.0, 0.9], [40.0, 0.7]])
    assert set(Munge(0.7, 0.2, nominal=[0]).fit(X).sample(300, seed=0)[:, 0]) <= {1.0, 40.0, 700.0}
    with pytest.raises(ValueError, match=r"nominal: \['country'\]"):
        Munge(nominal=["country"]).fit(pd.DataFrame(X))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Munge(1.5), "swap_probability"),
        (lambda: Munge(local_variance=0), "local_variance"),
        (lambda: KernelDensity("wide"), "bandwidth"),
        (lambda: Boundary(share=0), "share"),
        (lambda: Boundary(part=1.5), "part"),
        (lambda: LeafSampling(min_rows=0), "min_rows"),
        (lambda: LeafSampling(swap_probability=2), "swap_probability"),
        (lambda: RightRows().fit([[1.0], [2.0]]), "right: true labels"),
        (lambda: RightRows().fit([[1.0], [2.0]], right=[True]), "each of 2 rows"),
        (lambda: RightRows().fit([[1.0], [2.0]], right=[True, False]), "1 of 2 rows right"),
        (lambda: Munge().sample(3), "fit it to data"),
        (lambda: Munge().fit([[1.0, 2.0]]), "two different rows"),
        (lambda: Munge().fit([[1.0], [np.inf], [2.0]]), "infinite"),
        (lambda: Munge().fit([1.0, 2.0]), "shape"),
        (lambda: Bootstrap().fit(np.empty((0, 2))), "at least one row"),
        (lambda: Bootstrap().fit([[1.0]]).sample(0), "n: expected"),
        (lambda: LeafSampling().fit([[1.0], [2.0]]), "ensemble"),
        (lambda: Boundary().fit([[1.0], [2.0]]), "teacher"),
    ],
)
def test_what_is_wrong_is_said(make, message):
    with pytest.raises(ValueError, match=message):
        make()


# MUNGE ---------------------------------------------------------------------------------------------------------------


def correlated(n=400):
    """Two columns of correlation near 0.95 and one of 0 and 1 that goes with them."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=n)
    y = x + rng.normal(scale=0.33, size=n)
    return np.column_stack([x, y, (x + 0.3 * rng.normal(size=n) > 0).astype(float)])


def correlation(X):
    return np.corrcoef(X[:, 0], X[:, 1])[0, 1]


def test_munge_keeps_the_correlation_and_the_names():
    X = correlated()
    rows = Munge(local_variance=1.0).fit(X).sample(20_000, seed=0)
    assert abs(correlation(rows) - correlation(X)) <= 0.02
    assert set(rows[:, 2]) == {0.0, 1.0}


def test_munge_without_swaps_copies_the_table():
    X = correlated(50)
    rows = Munge(swap_probability=0.0).fit(X).sample(150, seed=0)
    np.testing.assert_allclose(rows, np.tile(X, (3, 1)), rtol=0, atol=1e-12)


def test_munge_that_always_swaps_names_gives_mutual_neighbours_each_others_rows():
    X = np.array([["a", "b", "c"], ["a", "b", "d"], ["x", "y", "z"], ["x", "w", "z"]], dtype=object)
    rows = Munge(swap_probability=1.0).fit(X).sample(4, seed=0)
    assert rows.tolist() == X[[1, 0, 3, 2]].tolist()


def test_munge_keeps_the_counts_of_every_name():
    X = mixed()
    rows = Munge().fit(X).sample(3 * len(X), seed=5)
    assert (rows["fuel"].value_counts() == 3 * X["fuel"].value_counts()).all()


def test_equal_rows_do_not_keep_munge_from_making_new_ones():
    X = np.repeat([[0.0, 1.0], [1.0, 3.0], [3.0, 4.0]], 40, axis=0)
    assert len(np.unique(Munge().fit(X).sample(500, seed=0), axis=0)) > 100


def test_rounds_of_disjoint_pairs_are_the_pairs_one_after_another():
    from surrogate.design.munge import _disjoint, _pairs

    pairs = _pairs(np.random.default_rng(0).random((300, 3)))
    rounds = _disjoint(pairs)
    assert sum(len(a) for a, _ in rounds) == len(pairs)
    at_once, in_turn = np.arange(300), np.arange(300)
    for a, b in rounds:
        assert len(set(a) | set(b)) == 2 * len(a)
        at_once[a], at_once[b] = at_once[b], at_once[a].copy()
    for a, b in pairs:
        in_turn[a], in_turn[b] = in_turn[b], in_turn[a]
    assert (at_once == in_turn).all()


def test_munge_is_fast():
    X = np.random.default_rng(0).normal(size=(10_000, 30))
    start = time.process_time()
    Munge().fit(X).sample(100_000, seed=0)
    assert time.process_time() - start < 5.0  # under 2 s on a quiet machine


# The others ----------------------------------------------------------------------------------------------------------


def test_kernel_density_follows_the_density_up_to_the_limits():
    X = np.random.default_rng(0).random((2000, 1))
    rows = KernelDensity().fit(X).sample(50_000, seed=0)[:, 0]
    share = np.histogram(rows, bins=10, range=(0, 1))[0] / len(rows)
    assert share == pytest.approx(np.histogram(X, bins=10, range=(0, 1))[0] / 2000, abs=0.01)
    assert share[0] == pytest.approx(0.1, abs=0.02)  # nothing leaks out


def test_gaussian_mixture_keeps_means_covariances_and_names_together():
    X = mixed(300)[["size", "small", "fuel", "grade"]]
    rows = GaussianMixture().fit(X).sample(6000, seed=0)
    for fuel, part in X.groupby("fuel"):
        assert rows.loc[rows["fuel"] == fuel, "size"].mean() == pytest.approx(part["size"].mean(), abs=0.1)
    assert set(map(tuple, rows[["fuel", "grade"]].drop_duplicates().to_numpy())) == set(
        map(tuple, X[["fuel", "grade"]].drop_duplicates().to_numpy())
    )


def test_naive_bayes_mixture_learns_dependence_through_its_components():
    X = mixed(600)[["size", "fuel", "gap"]]
    rows = NaiveBayesMixture().fit(X).sample(6000, seed=0)
    for fuel, part in X.groupby("fuel"):
        assert rows.loc[rows["fuel"] == fuel, "size"].mean() == pytest.approx(part["size"].mean(), abs=0.25)
    assert rows["gap"].isna().mean() == pytest.approx(X["gap"].isna().mean(), abs=0.03)


def test_marginals_keep_columns_and_lose_what_joins_them():
    X = correlated(2000)
    rows = Marginals().fit(X).sample(20_000, seed=0)
    assert rows[:, 0].mean() == pytest.approx(X[:, 0].mean(), abs=0.05)
    assert abs(correlation(rows)) < 0.03


@pytest.mark.parametrize("scale", [1.0, 1e-6])
def test_leaf_sampling_visits_leaves_as_often_as_the_data(scale):
    rng = np.random.default_rng(0)
    X = scale * rng.random((400, 4))
    y = (X[:, 0] + X[:, 1] > scale).astype(int)
    forest = RandomForestClassifier(20, max_depth=3, random_state=0).fit(X, y)
    rows = LeafSampling().fit(X, forest).sample(20_000, seed=0)
    tree = forest.estimators_[0].tree_
    leaves = [np.bincount(tree.apply(part.astype(np.float32)), minlength=tree.node_count) for part in (X, rows)]
    shares = [counts / counts.sum() for counts in leaves]
    assert np.abs(shares[0] - shares[1]).max() < 0.06


def test_leaf_sampling_with_the_trees_own_leaves_leaves_none_of_them():
    X = np.random.default_rng(0).random((200, 3))
    tree = DecisionTreeClassifier(max_leaf_nodes=6, random_state=0).fit(X, X[:, 0] + X[:, 1] > 1)
    rows = LeafSampling(tree, min_rows=1, swap_probability=1.0).fit(X).sample(5000, seed=0)
    counts = [np.bincount(tree.apply(part), minlength=tree.tree_.node_count) for part in (X, rows)]
    assert np.abs(counts[0] / 200 - counts[1] / 5000).max() < 0.03
    assert len(np.unique(rows, axis=0)) == 5000


def test_leaf_sampling_knows_which_rows_are_below_a_node_of_trees_grown_in_any_order():
    from surrogate.design.leaf_sampling import _Leaves

    X = np.random.default_rng(0).random((300, 4)).astype(np.float32)
    for most in (None, 20):  # grown in depth first, and best first
        tree = DecisionTreeClassifier(max_leaf_nodes=most, random_state=0).fit(X, X[:, 0] * X[:, 1] > 0.25)
        path = tree.decision_path(X).toarray().astype(bool)
        leaves = _Leaves.of(tree.tree_, X, 5)
        for node in range(tree.tree_.node_count):
            below = leaves.order[leaves.start[node] : leaves.stop[node]]
            assert sorted(below) == np.flatnonzero(path[:, node]).tolist()
        held = path.sum(axis=0)
        smallest = [min(np.flatnonzero(row & (held >= 5)), key=lambda node: held[node]) for row in path]
        assert leaves.node.tolist() == smallest


def test_trees_that_look_at_parts_of_the_columns_are_refused():
    X = np.random.default_rng(0).random((60, 3))
    bagged = BaggingClassifier(DecisionTreeClassifier(), 5, bootstrap_features=True).fit(X, X[:, 0] > 0.5)
    with pytest.raises(ValueError, match="parts of the columns"):
        LeafSampling(bagged).fit(X)


def test_leaf_sampling_reads_boosted_trees_too():
    X = np.random.default_rng(0).random((100, 3))
    teacher = GradientBoostingClassifier(n_estimators=5).fit(X, X[:, 0] > 0.5)
    assert LeafSampling(teacher).fit(X).sample(10, seed=0).shape == (10, 3)


def test_boundary_rows_lie_where_the_teacher_is_unsure_also_with_three_classes_and_names():
    X = mixed(300)[["size", "small", "fuel"]]
    y = np.digitize(X["size"], [0.5, 1.5])
    numbers = X[["size", "small"]].to_numpy()
    teacher = LogisticRegression(C=100).fit(numbers, y)
    rows = Boundary(part=1.0).fit(numbers, teacher).sample(2000, seed=0)
    chance = np.sort(teacher.predict_proba(rows), axis=1)
    everywhere = np.sort(teacher.predict_proba(numbers), axis=1)
    assert np.median(chance[:, -1] - chance[:, -2]) < 0.7 * np.median(everywhere[:, -1] - everywhere[:, -2])
    named = make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression()).fit(X[["fuel"]], y)
    assert set(Boundary(named).fit(X[["fuel"]]).sample(100, seed=0)["fuel"]) <= set(X["fuel"])


def test_half_of_boundary_rows_follow_the_density_so_that_the_rest_is_not_forgotten():
    X = np.random.default_rng(0).normal(size=(300, 1))
    teacher = LogisticRegression(C=100).fit(X, X[:, 0] > 0)
    rows = Boundary().fit(X, teacher).sample(4000, seed=0)[:, 0]
    assert (np.abs(rows) < 0.3).mean() == pytest.approx(0.5 + 0.5 * (np.abs(X) < 0.3).mean(), abs=0.05)
    assert np.abs(rows).max() > 2
    kept = Boundary(part=0.01, density=Bootstrap()).fit(X, teacher).sample(100, seed=0)[:, 0]
    assert np.isin(kept, X).sum() == 99


def test_right_rows_are_made_of_those_that_the_teacher_gets_right():
    X = mixed(200)
    right = (X["fuel"] != "gas").to_numpy()
    rows = RightRows().fit(X, right=right).sample(300, seed=0)
    assert set(rows["fuel"]) == {"coal", "sun"}
    assert (rows.dtypes == X.dtypes).all()
    again = RightRows(Bootstrap()).fit(X[["size"]], right=right).sample(50, seed=0)
    assert again["size"].isin(X["size"][right]).all()
