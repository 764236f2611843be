"""A certificate holds as rarely wrongly as it says, and says where it holds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import surrogate
from surrogate import LatinHypercube, Space, certify
from surrogate.validation.certificate import rows_needed, upper_bound


def first(X):
    return np.asarray(X)[:, 0] > 0.5


def planted(eps):
    """The same model, wrong in a share of the space that lies anywhere."""

    def wrong(X):
        values = np.asarray(X)
        return first(values) ^ (np.mod(values[:, 1] * 997, 1.0) < eps)

    return wrong


@pytest.mark.parametrize(
    ("eps", "delta", "n"),
    # 1 - 0.9**44 = 0.990; ln(0.05)/ln(0.95) = 58.4: the published 59 of "a tolerance limit of 95 % at 95 %".
    [
        (0.01, 0.05, 299),
        (0.001, 0.05, 2995),
        (0.01, 0.01, 459),
        (0.05, 0.05, 59),
        (0.1, 0.01, 44),
        (0.0001, 0.05, 29956),
    ],
)
def test_the_fewest_rows_without_a_disagreement(eps, delta, n):
    assert rows_needed(eps, delta) == n
    assert (1 - eps) ** n <= delta < (1 - eps) ** (n - 1)
    certificate = certify(first, first, [(0, 1), (0, 1)], eps=eps, delta=delta, seed=0)
    assert certificate.n == n
    assert certificate
    assert certificate.bound == pytest.approx(eps, rel=0.1)


@pytest.mark.parametrize(("share", "refused"), [(0.02, 99), (0.05, 100), (0.5, 100)])
def test_a_planted_error_is_refused(share, refused):
    said = [certify(first, planted(share), [(0, 1), (0, 1)], eps=0.01, seed=seed).holds for seed in range(100)]
    assert said.count(False) >= refused


def test_at_the_border_it_holds_wrongly_as_rarely_as_delta():
    said = [bool(certify(first, planted(0.0101), [(0, 1), (0, 1)], delta=0.05, seed=seed)) for seed in range(400)]
    assert np.mean(said) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)


def test_more_rows_forgive_a_few_disagreements():
    certificate = certify(first, planted(0.005), [(0, 1), (0, 1)], eps=0.01, n=5000, seed=1)
    assert certificate.holds
    assert 0 < certificate.disagreement < 0.01
    # Independent of scipy's inverse: at the bound so few disagreements have probability delta.
    from scipy.stats import binom

    k = round(certificate.disagreement * 5000)
    assert binom.cdf(k, 5000, certificate.bound) == pytest.approx(0.05, rel=1e-6)
    assert upper_bound(5, 5, 0.05) == 1.0


def test_numbers_agree_within_a_tolerance_and_losses_are_bounded_by_hoeffding():
    a, b = (lambda X: X["x1"] * 1.0), (lambda X: X["x1"] + 0.01)
    assert not certify(a, b, [(0, 1)], seed=0)
    assert certify(a, b, [(0, 1)], tolerance=0.02, seed=0)
    certificate = certify(a, b, [(0, 1)], eps=0.1, n=2000, loss=lambda one, other: np.abs(one - other), seed=0)
    assert certificate.method == "Hoeffding"
    assert certificate.bound == pytest.approx(0.01 + np.sqrt(np.log(20) / 4000))
    assert certificate.holds
    with pytest.raises(ValueError, match="loss: a number from 0 to 1"):
        certify(a, b, [(0, 1)], loss=lambda one, other: one + 5, seed=0)


def test_rows_come_from_the_distribution_that_is_stated():
    space = Space({"a": (0, 1), "b": (0, 1)}, constraints=["a + b <= 1"])
    seen = []
    certificate = certify(lambda X: seen.append(X) or X["a"], lambda X: X["a"], space, n=500, seed=3)
    assert "a, b" in certificate.distribution
    assert len(seen[0]) == 500
    assert (seen[0]["a"] + seen[0]["b"] <= 1).all()
    rows = pd.DataFrame({"a": [0.1, 0.9, 0.2]})
    assert certify(lambda X: X["a"], lambda X: X["a"], rows).n == 3
    assert certify(first, first, rows.to_numpy(), n=2).distribution == "2 of the 3 rows given"
    assert certify(first, first, lambda n, seed: np.random.default_rng(seed).random((n, 2)), seed=0).holds


def test_rows_of_a_table_are_drawn_and_not_the_first():
    rows = np.column_stack([np.linspace(0, 1, 10_000)] * 2)  # sorted
    certificate = certify(first, lambda X: np.zeros(len(X), dtype=bool), rows, n=1000, seed=0)
    assert certificate.disagreement == pytest.approx(0.5, abs=0.05)
    seen = []
    for _ in range(2):
        certify(lambda X: seen.append(X) or X["a"], lambda X: X["a"], pd.DataFrame({"a": rows[:, 0]}), n=50, seed=1)
    pd.testing.assert_frame_equal(seen[0], seen[1])
    assert seen[0]["a"].is_unique
    for empty in (rows[:0], pd.DataFrame({"a": []})):
        with pytest.raises(ValueError, match="where: at least one row"):
            certify(first, first, empty)


def test_categories_are_compared_as_they_are():
    space = Space({"fuel": surrogate.Categorical(["gas", "coal"]), "a": (0, 1)})
    assert certify(lambda X: X["fuel"], lambda X: X["fuel"].to_numpy(), space, seed=0)


def test_designs_whose_rows_depend_on_each_other_are_refused():
    with pytest.raises(ValueError, match="depend on each other"):
        certify(first, first, LatinHypercube(100))


def test_wrong_arguments_are_named():
    for wrong in ({"eps": 0.0}, {"delta": 1.0}, {"n": 0}, {"tolerance": -1.0}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            certify(first, first, [(0, 1)], **wrong)
    with pytest.raises(TypeError, match="model"):
        certify(3, first, [(0, 1)])
    with pytest.raises(ValueError, match="one shape"):
        certify(first, lambda X: np.zeros((len(X), 2)), [(0, 1)])
