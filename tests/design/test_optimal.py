"""Optimal designs against known optima, theory and an exhaustive search."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from surrogate.design import LatinHypercube, Optimal
from surrogate.design.exchange import exchange
from surrogate.design.optimal import model_terms
from surrogate.space import Categorical, Integer, Space


def cube(d: int) -> Space:
    return Space([(-1.0, 1.0)] * d)


def log_determinant(space: Space, rows: pd.DataFrame, model: str) -> float:
    terms = model_terms(space, rows, model)
    return float(np.linalg.slogdet(terms.T @ terms)[1])


def test_a_linear_model_in_8_runs_gets_the_orthogonal_optimum():
    # Hadamard's bound: |X'X| is at most n^p for levels within -1 and 1, reached by orthogonal columns only.
    rows = Optimal(8, seed=0, model="linear").sample(cube(4)).to_numpy()
    terms = np.column_stack([np.ones(8), rows])
    assert (terms.T @ terms).round(9).tolist() == (8 * np.eye(5)).tolist()


def test_the_quadratic_of_one_parameter_gets_limits_and_middle():
    # de la Garza 1954 / Guest 1958: the D-optimal points of a quadratic on [-1, 1] are -1, 0 and 1.
    assert sorted(Optimal(3, seed=0).sample(cube(1))["x1"]) == [-1.0, 0.0, 1.0]


def test_nine_runs_for_the_quadratic_of_two_parameters_are_the_grid():
    # Box & Draper 1971: for n = 9 the D-optimal exact design on the square is the 3 x 3 factorial.
    rows = Optimal(9, seed=0).sample(cube(2))
    assert set(map(tuple, rows.to_numpy())) == {(a, b) for a in (-1.0, 0.0, 1.0) for b in (-1.0, 0.0, 1.0)}


@pytest.mark.parametrize("weighted", [False, True])
def test_exchange_finds_the_best_of_all_subsets(weighted):
    rng = np.random.default_rng(0)
    found = []
    for _ in range(5):
        candidates = np.column_stack([np.ones(12), rng.uniform(-1, 1, (12, 2))])
        weight = np.diag([1.0, 2.0, 3.0]) if weighted else None

        def loss(rows, candidates=candidates, weight=weight):
            information = candidates[list(rows)].T @ candidates[list(rows)]
            return (
                -np.linalg.slogdet(information)[1] if weight is None else np.trace(weight @ np.linalg.inv(information))
            )

        best = min(loss(rows) for rows in combinations(range(12), 5))
        got = exchange(candidates, 5, np.empty((0, 3)), weight, rng)
        assert len(set(got)) == 5
        found.append(loss(got) == pytest.approx(best, rel=1e-9))
    assert all(found)


@pytest.mark.parametrize("criterion", ["D", "A", "I"])
def test_each_criterion_wins_by_its_own_measure(criterion):
    # The mean of the terms' products over the cube, exactly: 1, 1/3, 1/5 and 1/9 by the even powers.
    space, d = cube(3), 3
    grid = np.polynomial.legendre.leggauss(5)
    points = np.array(np.meshgrid(*[grid[0]] * d)).reshape(d, -1).T
    weights = np.prod(np.array(np.meshgrid(*[grid[1] / 2] * d)).reshape(d, -1), axis=0)
    region = model_terms(space, space.frame(points), "quadratic")
    moments = (region * weights[:, None]).T @ region

    def measure(rows: pd.DataFrame) -> float:
        terms = model_terms(space, rows, "quadratic")
        covariance = np.linalg.inv(terms.T @ terms)
        return {"D": np.linalg.slogdet(covariance)[1], "A": np.trace(covariance), "I": np.trace(moments @ covariance)}[
            criterion
        ]

    values = {c: measure(Optimal(14, seed=0, criterion=c).sample(space)) for c in ("D", "A", "I")}
    # An exchange finds a local optimum; another criterion's design may be better by luck, but not by 1 %.
    assert values[criterion] <= min(values.values()) + 0.01 * abs(min(values.values()))


def test_more_terms_than_pydoe_can_start_with_are_no_problem():
    # pydoe 1.6 returns a singular design here; the theoretical continuous optimum bounds the efficiency by 1.
    space = cube(5)
    rows = Optimal(30, seed=0).sample(space)
    efficiency = np.exp(log_determinant(space, rows, "quadratic") / 21) / 30
    assert 0.4 < efficiency < 0.5


def test_no_run_is_made_twice_and_all_differ_from_existing_ones():
    space = cube(2)
    rows = Optimal(20, seed=0).sample(space)
    assert len(rows.drop_duplicates()) == 20
    more = Optimal(20, seed=0).extend(rows, 20, space=space)
    assert len(pd.concat([rows, more]).drop_duplicates()) == 40


def test_extending_helps_the_model_more_than_spreading():
    space = cube(3)
    rows = LatinHypercube(8, seed=0).sample(space)
    ours = pd.concat([rows, Optimal(1, seed=0).extend(rows, 8, space=space)])
    spread = pd.concat([rows, LatinHypercube(8, seed=0).extend(rows, 8, space=space)])
    assert log_determinant(space, ours, "quadratic") > log_determinant(space, spread, "quadratic") + 5


def test_categories_and_constraints_take_part():
    space = Space(
        {"a": (0.0, 1.0), "b": (0.0, 1.0), "f": Categorical(["gas", "coal", "sun"])}, constraints=["a + b <= 1"]
    )
    rows = Optimal(18, seed=0).sample(space)
    assert space.contains(rows).all()
    assert rows["f"].value_counts().min() >= 5
    assert {(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)} <= set(zip(rows["a"], rows["b"], strict=True))


def test_terms_are_the_stated_model():
    space = Space({"a": (0.0, 2.0), "f": Categorical(["u", "v", "w"]), "i": Integer(0, 1), "j": Integer(0, 4)})
    rows = LatinHypercube(40, seed=0).sample(space)
    # 1 + a + 2 (f) + i + j; products across parameters: a f (2), a i, a j, f i (2), f j (2), i j; squares of a and j.
    widths = [model_terms(space, rows, model).shape[1] for model in ("linear", "interactions", "quadratic")]
    assert widths == [6, 15, 17]
    assert np.linalg.matrix_rank(model_terms(space, rows, "quadratic")) == 17


@pytest.mark.parametrize(
    ("settings", "space", "message"),
    [
        (
            {"n": 5},
            cube(2),
            "^n: the quadratic model has 6 coefficients, which 5 runs cannot determine. Give at least 6",
        ),
        ({"n": 9, "model": "linear"}, Space({"i": Integer(0, 1), "j": Integer(0, 3)}), "^n: asked for 9 runs"),
        ({"n": 9}, Space([(0, 1)] * 2, constraints=["x1 < 1e-9"]), "^(model: the feasible points|n: asked for)"),
    ],
)
def test_what_cannot_be_done_is_a_clear_error(settings, space, message):
    with pytest.raises(ValueError, match=message):
        Optimal(**settings, seed=0).sample(space)


@pytest.mark.parametrize("setting", [{"criterion": "E"}, {"model": "cubic"}])
def test_unknown_settings_list_what_is_allowed(setting):
    with pytest.raises(ValueError, match="expected one of"):
        Optimal(10, **setting)
