"""The choice between emulators: by unseen runs, by the preference, and never undone by one that fails."""

from __future__ import annotations

import warnings
from types import SimpleNamespace

import numpy as np
import pytest

from surrogate.models.emulators import MLP, BoostedTrees, Emulator, GaussianProcess, PolynomialChaos, Warped, selection
from surrogate.models.emulators.selection import default_candidates, select
from surrogate.models.records import Constant
from surrogate.validation import cross_validate, folds


class Mean(Emulator):
    """Answers the mean of the runs: the worst that is allowed."""

    def _fit(self, X, y):
        return Constant(value=float(y.mean()), spread=0.0, n_inputs=X.shape[1])


class Broken(Emulator):
    """Cannot be fitted."""

    def _fit(self, X, y):
        raise np.linalg.LinAlgError("not positive definite\nsecond line")


class Counting(Mean):
    """Notes how many runs each fit has seen."""

    seen: list = []  # noqa: RUF012

    def _fit(self, X, y):
        Counting.seen.append(len(y))
        return super()._fit(X, y)


def smooth(n, seed=0):
    X = np.random.default_rng(seed).random((n, 2))
    return X, np.sin(4 * X[:, 0]) + X[:, 1] ** 2


def test_the_smaller_out_of_fold_error_wins_and_the_other_is_dropped_early():
    X, y = smooth(40)
    chosen = select({"mean": Mean(), "gp": GaussianProcess()}, X, y)
    assert chosen.kind == "gp"
    assert [row["name"] for row in chosen.rows] == ["gp", "mean"]
    assert [row["folds"] for row in chosen.rows] == ["10 of 10", "3 of 10"]
    assert [row["chosen"] for row in chosen.rows] == [True, False]
    assert chosen.rows[1]["note"] == "dropped early"
    assert chosen.rows[1]["q2"] < 0.1


def test_the_winner_is_fitted_to_all_runs_and_its_folds_to_none_of_their_own():
    X, y = smooth(30)
    Counting.seen.clear()
    select({"counting": Counting()}, X, y)
    assert Counting.seen == [27] * 10 + [30]


def test_out_of_fold_predictions_are_those_of_cross_validation():
    X, y = smooth(30)
    chosen = select({"mean": Mean()}, X, y, seed=3)
    expected = cross_validate(Mean(), X, y, folds(X, seed=3))
    np.testing.assert_array_equal(chosen.out_of_fold.prediction, expected.prediction)
    np.testing.assert_array_equal(chosen.out_of_fold.fold, expected.fold)


def test_a_jump_is_left_to_trees():
    X = np.random.default_rng(0).random((150, 2))
    y = np.floor(3 * X[:, 0]) + 2.0 * (X[:, 1] > 0.4)
    assert select(default_candidates(150), X, y).kind == "boosted_trees"


def test_one_candidate_that_fails_does_not_cost_the_others():
    X, y = smooth(20)
    chosen = select({"broken": Broken(), "mean": Mean()}, X, y)
    assert chosen.kind == "mean"
    assert chosen.rows[-1]["note"] == "failed: not positive definite"
    with pytest.raises(ValueError, match=r"no emulator could be fitted.*broken failed: not positive definite"):
        select({"broken": Broken()}, X, y)


@pytest.mark.parametrize("prefer", ["speed", "small"])
def test_speed_and_small_trade_little_accuracy_for_cost(prefer):
    X, y = smooth(60)
    nearly = y + 0.1 * np.random.default_rng(1).normal(size=60)
    assert select({"gp": GaussianProcess(), "mean": Mean()}, X, nearly, prefer=prefer).kind == "gp"
    noise = np.random.default_rng(2).normal(size=60)
    assert select({"gp": GaussianProcess(), "mean": Mean()}, X, noise, prefer=prefer).kind == "mean"


def test_speed_and_small_pay_little_accuracy_and_take_the_more_accurate_of_equals():
    variance, mse = 1.0, np.array([[1e-6, 3e-6, 9e-4, 0.04, 0.5]])
    trials = [SimpleNamespace(predict_us=us, bytes=size) for us, size in ((9, 9), (8, 8), (1.2, 4), (1, 1), (0.1, 1))]
    assert selection.rule("accuracy", trials, variance)(mse).tolist() == [0]
    assert selection.rule("speed", trials, variance)(mse).tolist() == [2]  # 99.9 % is good enough
    assert selection.rule("small", trials, variance)(mse).tolist() == [2]
    assert selection.rule("speed", trials[:2], variance)(mse[:, :2]).tolist() == [0]  # as good as equally fast
    poor = np.array([[0.2, 0.24, 0.3, 0.6, 0.9]])
    assert selection.rule("speed", trials, variance)(poor).tolist() == [0]  # 5 % less, at most, where all are poor


def test_a_warped_candidate_wins_where_inputs_multiply():
    X = np.random.default_rng(0).random((40, 3)) + 0.1
    chosen = select(
        {"pc": PolynomialChaos(), "warped_pc": Warped(PolynomialChaos())}, X, X[:, 0] ** 3 * X[:, 1] / X[:, 2]
    )
    assert chosen.kind == "warped_pc"
    assert not Warped(PolynomialChaos()).suits(X, 100.0 + X[:, 0])


def test_pure_noise_shows_no_skill():
    rng = np.random.default_rng(5)
    X, y = rng.random((40, 3)), rng.normal(size=40)
    errors = select(default_candidates(40), X, y).errors
    assert errors.q2_interval[0] < 0.0
    assert 1.0 - errors.rmse**2 / y.var() < 0.2


def test_an_output_that_never_varies_is_a_constant():
    X, _ = smooth(10)
    chosen = select(default_candidates(10), X, np.full(10, 7.0))
    assert chosen.kind == "constant"
    assert chosen.emulator.record_.predict(X).tolist() == [7.0] * 10
    assert chosen.errors.rmse == 0.0


def test_fewer_runs_than_inputs_and_replicates_are_no_obstacle():
    rng = np.random.default_rng(0)
    X = np.repeat(rng.random((4, 10)), 2, axis=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        chosen = select(default_candidates(8), X, X.sum(axis=1))
    assert np.isfinite(chosen.emulator.predict(rng.random((50, 10)))).all()


def test_too_few_different_runs_are_a_clear_error():
    with pytest.raises(ValueError, match="at least 3 successful runs at different inputs.*got 2"):
        select(default_candidates(4), np.array([[0.0], [1.0], [0.0], [1.0]]), np.arange(4.0))


def test_an_unknown_preference_is_a_clear_error():
    X, y = smooth(10)
    with pytest.raises(ValueError, match="prefer: one of 'accuracy', 'speed', 'small' is allowed; got 'fast'"):
        select({"mean": Mean()}, X, y, prefer="fast")


def test_the_gaussian_process_asks_neighbours_only_where_its_cost_explodes():
    assert "gaussian_process" in default_candidates(2000)
    assert "gaussian_process" not in default_candidates(2001)
    assert "nearest_neighbour_gp" in default_candidates(2001)


def test_kriging_is_left_out_before_its_product_correlation_is_dear():
    assert {"kriging", "pc_kriging"} < set(default_candidates(500))
    assert not {"kriging", "pc_kriging"} & set(default_candidates(501))


def test_later_folds_and_the_final_fit_start_where_the_first_fold_ended():
    X, y = smooth(30)
    chosen = select({"gp": GaussianProcess()}, X, y)
    assert chosen.emulator.start == chosen.out_of_fold.model.start
    assert set(chosen.emulator.start) <= {"matern52", "matern72", "squared_exponential"}


def test_hopeless_candidates_are_dropped_on_few_held_out_runs_and_close_ones_are_not():
    X, y = smooth(150)
    rows = select({"mean": Mean(), "gp": GaussianProcess(), "other": GaussianProcess("matern52")}, X, y).rows
    assert {row["name"]: row["folds"] for row in rows}["mean"] == "1 of 5"


def test_the_same_seed_gives_the_same_model():
    X, y = smooth(20)
    few = {"gp": GaussianProcess(random_state=4), "trees": BoostedTrees(random_state=4), "mlp": MLP(n_members=1)}
    first, second = (select(few, X, y, seed=4) for _ in range(2))
    assert first.kind == second.kind
    np.testing.assert_array_equal(first.emulator.predict(X), second.emulator.predict(X))
    assert first.errors.q2_interval == second.errors.q2_interval
