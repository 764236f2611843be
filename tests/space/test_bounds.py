"""Every form of bounds is read, and every wrong one gets an error that names the entry and the repair."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import optimize, stats

from surrogate import Categorical, Integer, Real, Space


def test_every_form_of_bounds_gives_the_same_space():
    pairs = [(0.0, 1.0), (2, 3)]
    forms = [
        pairs,
        tuple(pairs),
        np.array(pairs),
        optimize.Bounds([0, 2], [1, 3]),
        {"x1": (0, 1), "x2": [2, 3]},
        {"num_vars": 2, "names": ["x1", "x2"], "bounds": pairs},
        Space(pairs),
    ]
    for form in forms:
        assert Space.from_bounds(form).parameters == {"x1": Real(0, 1), "x2": Real(2, 3)}


def test_a_pair_is_real_even_when_its_limits_are_whole_numbers():
    assert isinstance(Space({"n": (1, 5)})["n"], Real)
    assert isinstance(Space({"n": Integer(1, 5)})["n"], Integer)


def test_only_a_bare_list_is_positional():
    assert Space([(0, 1)]).positional
    assert not Space({"a": (0, 1)}).positional
    assert not Space({"num_vars": 1, "names": ["a"], "bounds": [[0, 1]]}).positional


@pytest.mark.parametrize(
    ("dist", "values", "reference"),
    [
        ("norm", [3, 2], stats.norm(3, 2)),
        ("triang", [1.0, 3.0, 0.5], stats.triang(0.5, loc=1, scale=2)),
        ("lognorm", [0.5, 0.2], stats.lognorm(0.2, scale=math.exp(0.5))),
        ("truncnorm", [0, 2, 1, 0.5], stats.truncnorm(-2, 2, loc=1, scale=0.5)),
        ("weibull", [1.5, 2.0], stats.weibull_min(1.5, scale=2.0)),
    ],
)
def test_salib_distributions_mean_what_salib_means(dist, values, reference):
    from SALib.util import scale_samples

    u = np.linspace(0.05, 0.95, 7)[:, None]
    problem = {"num_vars": 1, "names": ["a"], "bounds": [values], "dists": [dist]}
    ours = Space(problem).from_unit(u)["a"].to_numpy()
    np.testing.assert_allclose(ours, reference.ppf(u[:, 0]), rtol=1e-12)
    np.testing.assert_allclose(ours, scale_samples(u.copy(), problem)[:, 0], rtol=1e-12)


def test_a_salib_problem_round_trips():
    problem = {"num_vars": 2, "names": ["a", "b"], "bounds": [[0.0, 1.0], [1e-3, 10.0]], "dists": ["unif", "logunif"]}
    assert Space(problem).to_problem() == problem
    with pytest.raises(ValueError, match=r"'c' is categorical.*from_unit"):
        Space({"c": Categorical(["a", "b"])}).to_problem()


def test_frozen_distributions_become_parameters():
    space = Space({"a": stats.norm(3, 1), "k": stats.binom(5, 0.3), "u": stats.uniform(2, 3)})
    assert isinstance(space["a"], Real)
    assert isinstance(space["k"], Integer)
    assert (space["k"].low, space["k"].high) == (0, 5)
    assert (space["u"].low, space["u"].high) == (2.0, 5.0)


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ([(3, 1)], r"bounds\[0\]: low must be below high, got \(3, 1\)\. Swap them: \(1, 3\)"),
        ({"a": (1, 1)}, r"bounds\['a'\]: low must be below high, got \(1, 1\)\. Widen"),
        ({"a": (0, math.inf)}, r"bounds\['a'\]: limits must be finite"),
        ({"a": (math.nan, 1)}, r"bounds\['a'\]: low must be a number"),
        ({"a": (0, True)}, r"bounds\['a'\]: high must be a number"),
        ({"a": ("0", "1")}, r"Categorical\(\['0', '1'\]\)"),
        ({"a": (0, 1, 2)}, r"bounds\['a'\]: expected a pair"),
        ({"a": 3}, r"bounds\['a'\]: expected a pair"),
        ([[(0, 1), (0, 1)]], r"bounds\[0\]: expected a pair of numbers.*nested"),
        ([[0, 0, 0], [1, 1, 1]], r"list\(zip\(lows, highs\)\)"),
        ((0, 1), r"got one pair \(0, 1\)\. Write \[\(0, 1\)\]"),
        (np.zeros((2, 3)), r"shape \(d, 2\)"),
        ({}, "at least one parameter"),
        ([], "at least one"),
        ({"a": Real, "b": (0, 1)}, r"bounds\['a'\]"),
        ({"num_vars": 2, "names": ["a"], "bounds": [[0, 1]]}, "num_vars=2 but has 1 names"),
        (
            {"num_vars": 1, "names": ["a"], "bounds": [[0, 1]], "dists": ["normal"]},
            "unknown SALib distribution 'normal'",
        ),
    ],
)
def test_wrong_bounds_are_named_with_their_repair(bounds, message):
    with pytest.raises(ValueError, match=message):
        Space(bounds)


@pytest.mark.parametrize("bounds", [None, 3, "ab", {1: (0, 1)}])
def test_what_is_no_bounds_at_all_is_a_type_error(bounds):
    with pytest.raises(TypeError, match="bounds"):
        Space(bounds)


def test_wrong_parameters_are_refused():
    with pytest.raises(ValueError, match="log=True needs low above 0"):
        Real(0, 1, log=True)
    with pytest.raises(ValueError, match="frozen continuous"):
        Real(0, 1, distribution=stats.norm)
    with pytest.raises(ValueError, match="frozen continuous"):
        Real(0, 1, distribution=stats.poisson(3))
    with pytest.raises(ValueError, match="whole number"):
        Integer(0.5, 3)
    with pytest.raises(ValueError, match="'a' twice"):
        Categorical(["a", "a"])
    with pytest.raises(ValueError, match="must be a list"):
        Categorical("abc")
    with pytest.raises(ValueError, match="at least one"):
        Categorical([])
    with pytest.raises(ValueError, match="its parameters are arrays"):
        Real(0, 1, distribution=stats.norm([0, 1], 1))
