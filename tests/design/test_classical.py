"""Classical designs against their published tables and properties, not against the library that makes them."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from surrogate.design import (
    BoxBehnken,
    CentralComposite,
    DefinitiveScreening,
    FractionalFactorial,
    FullFactorial,
    PlackettBurman,
)
from surrogate.space import Categorical, Integer, Real, Space


def coded(design, d: int) -> np.ndarray:
    return design.sample(Space([(-1.0, 1.0)] * d)).to_numpy()


def off_diagonal(table: np.ndarray) -> float:
    gram = table.T @ table
    return float(np.abs(gram - np.diag(np.diag(gram))).max(initial=0.0))


def resolution(table: np.ndarray) -> int:
    """Length of the shortest set of columns with a constant product."""
    d = table.shape[1]
    for length in range(1, d + 1):
        for columns in combinations(range(d), length):
            if abs(table[:, columns].prod(axis=1).sum()) == len(table):
                return length
    return d + 1


# Full factorial


def test_full_factorial_is_every_combination_once():
    rows = FullFactorial({"a": 2, "i": 9}).sample(
        {"a": (0.0, 1.0), "b": (10.0, 20.0), "i": Integer(1, 4), "f": Categorical(["gas", "coal", "sun"])}
    )
    expected = pd.MultiIndex.from_product([[0.0, 1.0], [10.0, 15.0, 20.0], [1, 2, 3, 4], ["gas", "coal", "sun"]])
    assert len(rows) == len(expected)
    assert set(rows.itertuples(index=False, name=None)) == set(expected)


def test_full_factorial_levels_of_a_log_axis_are_equally_spaced_in_the_logarithm():
    rows = FullFactorial(4).sample({"k": Real(1e-3, 1.0, log=True), "a": (0.0, 1.0)})
    assert sorted(rows["k"].unique()) == pytest.approx([1e-3, 1e-2, 1e-1, 1.0])


def test_full_factorial_leaves_out_what_breaks_a_constraint():
    rows = FullFactorial(3).sample(Space([(0.0, 1.0)] * 2, constraints=["x1 + x2 <= 1"]))
    assert len(rows) == 6


@pytest.mark.parametrize(
    ("levels", "message"),
    [
        (1, "^levels: expected a whole number of at least 2, got 1"),
        ({"a": 0}, r"^levels\['a'\]: expected a whole number"),
        ([2, True], r"^levels\[1\]: expected"),
    ],
)
def test_wrong_levels_are_a_clear_error(levels, message):
    with pytest.raises(ValueError, match=message):
        FullFactorial(levels)


def test_levels_that_do_not_fit_the_space_are_a_clear_error():
    with pytest.raises(ValueError, match="^levels: expected 2 numbers, one each for x1, x2; got 3"):
        FullFactorial([2, 2, 2]).sample([(0, 1), (0, 1)])
    with pytest.raises(ValueError, match="^levels: 'z' is not a parameter that varies; these are x1, x2"):
        FullFactorial({"z": 2}).sample([(0, 1), (0, 1)])
    with pytest.raises(ValueError, match=r"^levels: .* = 3.49e\+09 runs; at most 10,000,000"):
        FullFactorial().sample([(0, 1)] * 20)


# Plackett-Burman


@pytest.mark.parametrize(
    ("d", "runs"),
    [(1, 4), (3, 4), (4, 8), (7, 8), (11, 12), (15, 16), (19, 20), (23, 24), (24, 32), (35, 40), (47, 48)],
)
def test_plackett_burman_is_balanced_and_orthogonal_in_the_known_number_of_runs(d, runs):
    table = coded(PlackettBurman(), d)
    assert table.shape == (runs, d)
    assert set(np.unique(table)) == {-1.0, 1.0}
    assert not table.sum(axis=0).any()
    assert off_diagonal(table) == 0


def test_plackett_burman_of_11_is_the_published_cyclic_table():
    # Plackett & Burman 1946: the row ++-+++---+- and its cyclic shifts, and a row of minus; up to order and signs.
    row = np.array([1, 1, -1, 1, 1, 1, -1, -1, -1, 1, -1])
    published = np.vstack([*(np.roll(row, i) for i in range(11)), -np.ones(11)])
    ours = coded(PlackettBurman(), 11)
    # All Hadamard matrices of order 12 are equivalent; the absolute alias sums of three columns are a fingerprint.
    sums = [
        sorted(abs((t[:, i] * t[:, j] * t[:, k]).sum()) for i, j, k in combinations(range(11), 3))
        for t in (ours, published)
    ]
    assert sums[0] == sums[1]
    assert set(sums[0]) == {4.0}  # no main effect is fully mixed with an interaction


# Fractional factorial


# Box, Hunter & Hunter (2005), Table 6.22; NIST handbook 5.3.3.4.7: runs for d parameters at a resolution.
@pytest.mark.parametrize(
    ("d", "least", "runs"),
    [
        (3, 3, 4),
        (5, 3, 8),
        (6, 3, 8),
        (7, 3, 8),
        (11, 3, 16),
        (4, 4, 8),
        (6, 4, 16),
        (8, 4, 16),
        (5, 5, 16),
        (6, 5, 32),
        (8, 5, 64),
    ],
)
def test_fractional_factorial_reaches_its_resolution_in_the_published_number_of_runs(d, least, runs):
    table = coded(FractionalFactorial(resolution=least), d)
    assert table.shape == (runs, d)
    assert off_diagonal(table) == 0
    assert not table.sum(axis=0).any()
    assert resolution(table) >= least


def test_generators_say_which_columns_are_products():
    table = coded(FractionalFactorial(generators="a b c -abc"), 4)
    assert (table[:, 3] == -table[:, :3].prod(axis=1)).all()
    assert len(np.unique(table[:, :3], axis=0)) == 8


@pytest.mark.parametrize("generators", ["a b", "a b c d e", "a b x", "a b b", "ab bc ac"])
def test_wrong_generators_are_a_clear_error(generators):
    with pytest.raises(ValueError, match="^generators: "):
        FractionalFactorial(generators=generators).sample([(0, 1)] * 3)


def test_a_resolution_out_of_reach_is_a_clear_error():
    with pytest.raises(ValueError, match="^resolution: expected a whole number of at least 3"):
        FractionalFactorial(resolution=2)


# Response surfaces


@pytest.mark.parametrize(("d", "runs"), [(3, 12), (4, 24), (5, 40), (6, 48), (7, 56), (8, 112)])
def test_box_behnken_has_the_published_number_of_runs_and_the_centre(d, runs):
    table = coded(BoxBehnken(), d)
    assert table.shape == (runs + 1, d)
    assert (table[-1] == 0).all()
    varied = np.abs(table[:-1]).sum(axis=1)
    assert (varied == (3 if d in (6, 7) else 2)).all()
    assert len(np.unique(table, axis=0)) == runs + 1
    assert off_diagonal(table) == 0
    # Each parameter is at its limits equally often.
    assert len(set(np.abs(table).sum(axis=0))) == 1


def test_box_behnken_of_3_is_the_published_table():
    edges = {tuple(row) for row in coded(BoxBehnken(center=0), 3)}
    expected = {(a, b, 0) for a in (-1, 1) for b in (-1, 1)} | {(a, 0, b) for a in (-1, 1) for b in (-1, 1)}
    assert edges == expected | {(0, a, b) for a in (-1, 1) for b in (-1, 1)}


@pytest.mark.parametrize("d", [3, 4, 5, 6, 7, 9])
@pytest.mark.parametrize("design", [BoxBehnken(), CentralComposite(), CentralComposite("inscribed")], ids=repr)
def test_response_surface_designs_determine_a_full_quadratic(design, d):
    table = coded(design, d)
    terms = [np.ones(len(table)), *table.T, *(table.T**2)]
    terms += [table[:, i] * table[:, j] for i, j in combinations(range(d), 2)]
    assert np.linalg.matrix_rank(np.column_stack(terms)) == len(terms)


@pytest.mark.parametrize("d", [2, 3, 5])
def test_central_composite_has_corners_stars_and_centre_within_the_limits(d):
    faced, inscribed = coded(CentralComposite(), d), coded(CentralComposite("inscribed"), d)
    for table in (faced, inscribed):
        assert len(table) == 2**d + 2 * d + 1
        assert np.abs(table).max() == 1
        assert (np.abs(table).max(axis=0) == 1).all()
    assert set(np.unique(faced)) == {-1.0, 0.0, 1.0}


@pytest.mark.parametrize("d", [2, 3, 4])
def test_inscribed_central_composite_is_rotatable(d):
    # Box & Hunter 1957: fourth moments of a rotatable design fulfil sum x_i^4 = 3 sum x_i^2 x_j^2.
    table = coded(CentralComposite("inscribed"), d)
    assert (table[:, 0] ** 4).sum() == pytest.approx(3 * (table[:, 0] ** 2 * table[:, 1] ** 2).sum())
    assert np.unique(np.round(np.abs(table[: 2**d]), 12)) == pytest.approx([2 ** (-d / 4)])


@pytest.mark.parametrize("design", [BoxBehnken, CentralComposite])
def test_the_centre_is_run_as_often_as_asked(design):
    assert len(coded(design(center=5), 3)) == len(coded(design(center=0), 3)) + 5


def test_the_circumscribed_variant_is_refused_with_a_way_out():
    with pytest.raises(ValueError, match="^variant: .*widen the bounds"):
        CentralComposite("circumscribed")


# Definitive screening


@pytest.mark.parametrize(
    ("d", "runs"), [(4, 9), (6, 13), (8, 17), (10, 21), (12, 25), (14, 29), (16, 33), (18, 37), (7, 17), (3, 9)]
)
def test_definitive_screening_separates_main_effects_from_the_second_order(d, runs):
    table = coded(DefinitiveScreening(), d)
    assert table.shape == (runs, d)
    assert off_diagonal(table) == 0
    second_order = np.column_stack([table[:, i] * table[:, j] for i in range(d) for j in range(i, d)])
    assert not (table.T @ second_order).any()
    mirrored = {tuple(row) for row in table}
    assert mirrored == {tuple(-row + 0.0) for row in table}
    # Jones & Nachtsheim 2011: each parameter is at its centre three times (mirrored pair and centre run), even d.
    assert d % 2 or ((table == 0).sum(axis=0) == 3).all()


def test_definitive_screening_keeps_categories_in_their_columns():
    rows = DefinitiveScreening().sample(
        {"a": (0.0, 1.0), "f": Categorical(["gas", "coal"]), "b": (5.0, 6.0), "c": (8.0, 9.0)}
    )
    assert rows["f"].value_counts().to_dict() == {"gas": len(rows) // 2, "coal": len(rows) // 2}
    assert set(rows["b"]) == {5.0, 5.5, 6.0}
    assert set(rows["c"]) == {8.0, 8.5, 9.0}


# How coded levels become values


def test_coded_levels_are_limits_and_middles_of_each_kind_of_parameter():
    space = Space(
        {
            "a": (2.0, 4.0),
            "k": Real(1e-4, 1.0, log=True),
            "i": Integer(0, 10),
            "g": stats.norm(3, 2),
            "u": Real(0.0, 2.0, distribution=stats.uniform(0, 2)),
        }
    )
    rows = CentralComposite().sample(space)
    assert sorted(set(rows["a"])) == [2.0, 3.0, 4.0]
    assert sorted(set(rows["k"])) == pytest.approx([1e-4, 1e-2, 1.0])
    assert sorted(set(rows["i"])) == [0, 5, 10]
    assert sorted(rows["g"].unique()) == pytest.approx(stats.norm(3, 2).ppf([0.001, 0.5, 0.999]))
    assert sorted(rows["u"].unique()) == pytest.approx([0.0, 1.0, 2.0])


def test_a_category_of_two_values_is_a_factor_of_two_level_designs():
    rows = PlackettBurman().sample({"f": Categorical(["gas", "coal"]), "a": (0.0, 1.0), "b": (0.0, 1.0)})
    assert pd.crosstab(rows["f"], rows["a"]).to_numpy().tolist() == [[1, 1], [1, 1]]


def test_integers_with_too_few_values_are_a_clear_error():
    with pytest.raises(ValueError, match=r"^space\['i'\]: BoxBehnken sets it to 3 levels, but only 2 whole numbers"):
        BoxBehnken().sample({"i": Integer(0, 1), "a": (0, 1), "b": (0, 1)})


@pytest.mark.parametrize(("design", "least"), [(BoxBehnken(), 3), (CentralComposite(), 2), (DefinitiveScreening(), 3)])
def test_too_few_parameters_are_a_clear_error(design, least):
    with pytest.raises(ValueError, match=f"^space: .* needs at least {least} parameters that vary, got 1"):
        design.sample({"a": (0, 1), "held": Categorical(["gas"])})


def test_too_many_corners_are_a_clear_error():
    with pytest.raises(ValueError, match=r"^space: CentralComposite has 2\^17 corners"):
        CentralComposite().sample([(0, 1)] * 17)
