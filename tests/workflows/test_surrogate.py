"""The engineer's front door: right, checked, honest and kept."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import dask
import dask.array
import numpy as np
import pandas as pd
import pytest

from sims.functions import Borehole, Ishigami
from surrogate import Categorical, Integer, LatinHypercube, Real, Space, Surrogate, TransferSet, collect
from surrogate.models.emulators import BoostedTrees, GaussianProcess, selection
from surrogate.simulation import SimulationFailed
from surrogate.validation import q2

DEFAULT = selection.default_candidates
BOUNDS = {"x": (-1.0, 1.0), "y": (0.0, 2.0)}


def plane(x, y):
    return 3.0 * x - y + 0.5 * x * y


def two(x, y):
    return {"sum": x + y, "product": x * y}


@pytest.fixture(autouse=True, scope="module")
def quick():
    """Most guarantees do not depend on the choice between emulators: one of them is enough, and quick."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            selection, "default_candidates", lambda n, seed: {"gaussian_process": GaussianProcess(n_starts=1)}
        )
        yield


@pytest.fixture
def all_candidates(monkeypatch):
    monkeypatch.setattr(selection, "default_candidates", DEFAULT)


@pytest.fixture(scope="module")
def model():
    return Surrogate.fit(plane, BOUNDS, n=25, seed=0)


@pytest.fixture(scope="module")
def pair():
    return Surrogate.fit(two, BOUNDS, n=25, seed=0)


@pytest.fixture(scope="module")
def rows():
    return Space(BOUNDS).from_unit(np.random.default_rng(0).random((50, 2)))


# It is right ----------------------------------------------------------------------------------------------------------


def test_borehole_from_100_runs_reaches_what_a_tuned_kriging_reaches(all_candidates):
    simulator = Borehole()
    model = Surrogate.fit(simulator, n=100, seed=0)
    fresh = simulator.space.from_unit(np.random.default_rng(9).random((4096, 8)))
    truth = np.asarray(simulator(**{name: fresh[name].to_numpy() for name in fresh}))
    smooth = {"gaussian_process", "kriging", "pc_kriging", "polynomial_chaos"}
    assert model.scorecard.kind.removeprefix("warped_") in smooth
    assert set(model.scorecard.candidates["name"]) == set(DEFAULT(100, 0)) - {"stochastic_kriging"}
    assert q2(truth, model.predict(fresh)) >= 0.9995
    lower, upper = model.interval(fresh)
    assert 0.9 <= np.mean((lower <= truth) & (truth <= upper)) <= 1.0
    assert model.in_domain(fresh).mean() > 0.97


def test_intervals_hold_on_average_over_functions_and_seeds():
    shares = []
    simulator = Ishigami()
    fresh = simulator.space.from_unit(np.random.default_rng(9).random((1000, 3)))
    truth = np.asarray(simulator(**{name: fresh[name].to_numpy() for name in fresh}))
    for seed in range(3):
        lower, upper = Surrogate.fit(simulator, n=60, seed=seed).interval(fresh, 0.9)
        shares.append(np.mean((lower <= truth) & (truth <= upper)))
    assert 0.8 <= np.mean(shares) <= 0.99


def test_the_scorecard_is_not_better_than_fresh_points_say(model, rows):
    card = model.scorecard
    assert card.rmse >= 0.5 * np.sqrt(np.mean((model.predict(rows) - plane(**rows)) ** 2))
    assert card.q2_interval[0] <= card.q2 <= card.q2_interval[1]
    assert card.n == 25
    assert card.candidates["chosen"].sum() == 1


def test_gradients_are_those_of_the_prediction_in_units_of_the_inputs():
    space = Space(
        {"p": (1e5, 2e5), "k": Real(0.01, 10.0, log=True), "n": Integer(1, 6), "fuel": Categorical(["a", "b"])}
    )
    inputs = space.from_unit(np.random.default_rng(0).random((60, 4)))
    y = inputs["p"] / 1e5 + np.log(inputs["k"]) + 0.1 * inputs["n"] + (inputs["fuel"] == "a")
    model = Surrogate.from_runs(inputs, y, space)
    at = space.frame({"p": [1.5e5, 1.2e5], "k": [0.1, 2.0], "n": [3, 4], "fuel": ["a", "b"]})
    slopes = model.gradient(at)
    assert slopes.shape == (2, 4)
    np.testing.assert_allclose(slopes[:, 0], 1e-5, rtol=0.02)
    np.testing.assert_allclose(slopes[:, 1], 1 / at["k"], rtol=0.02)
    np.testing.assert_allclose(slopes[:, 2], 0.1, rtol=0.1)
    assert np.isnan(slopes[:, 3]).all()


def test_sensitivity_gives_the_known_indices_of_ishigami():
    model = Surrogate.fit(Ishigami(), n=200, seed=0)
    table = model.sensitivity()
    assert list(table.columns) == ["first", "first_low", "first_high", "total", "total_low", "total_high"]
    np.testing.assert_allclose(table["first"], [0.3139, 0.4424, 0.0], atol=0.05)  # Ishigami & Homma 1990, a=7, b=0.1
    np.testing.assert_allclose(table["total"], [0.5576, 0.4424, 0.2437], atol=0.05)
    assert (table["total_low"] <= table["total"]).all()


def test_sensitivity_refuses_dependent_inputs():
    space = Space({"a": (0, 1), "b": (0, 1)}, constraints=["a + b <= 1"])
    model = Surrogate.fit(lambda a, b: a + 2 * b, space, n=15)
    with pytest.raises(ValueError, match="need independent inputs, and the space has constraints"):
        model.sensitivity()


# It takes what users have ---------------------------------------------------------------------------------------------


def test_shapes_are_one_column_for_one_output_and_k_for_several(model, pair, rows):
    assert model.predict(rows).shape == (50,)
    assert pair.predict(rows).shape == (50, 2)
    assert pair.outputs == ("sum", "product")
    np.testing.assert_array_equal(pair.predict(rows, output="product"), pair.predict(rows)[:, 1])
    for one, shape in ((model, (50,)), (pair, (50, 2))):
        mean, std = one.predict(rows, return_std=True)
        lower, upper = one.interval(rows)
        assert mean.shape == std.shape == lower.shape == upper.shape == shape
        assert (std >= 0).all()
        assert (lower <= mean).all()
        assert (mean <= upper).all()
    assert pair.gradient(rows).shape == (50, 2, 2)
    assert pair.scorecard is pair.scorecards["sum"]


def test_tables_are_matched_by_name_and_arrays_by_position(model, rows):
    expected = model.predict(rows)
    np.testing.assert_array_equal(model.predict(rows.to_numpy()), expected)
    np.testing.assert_array_equal(model.predict(rows[["y", "x"]].assign(other="text")), expected)
    np.testing.assert_array_equal(model.predict({"y": rows["y"], "x": rows["x"]}), expected)


def test_a_kind_without_a_deviation_of_its_own_states_the_size_of_its_errors(rows, monkeypatch):
    monkeypatch.setattr(selection, "default_candidates", lambda n, seed: {"boosted_trees": BoostedTrees()})
    jump = Surrogate.fit(lambda x, y: float(x > 0.1) + 2.0 * (y > 1.2), BOUNDS, n=80, seed=0)
    _, std = jump.predict(rows, return_std=True)
    np.testing.assert_allclose(std, jump.scorecard.rmse)
    with pytest.raises(NotImplementedError, match="no analytic gradient"):
        jump.gradient(rows)


def test_dask_arrays_give_dask_arrays_with_equal_numbers(model, pair, rows):
    X = dask.array.from_array(rows.to_numpy(), chunks=(17, 1))
    for one in (model, pair):
        lazy = one.predict(X)
        assert isinstance(lazy, dask.array.Array)
        assert lazy.shape == one.predict(rows).shape
        with dask.config.set(scheduler="synchronous"):
            np.testing.assert_allclose(lazy.compute(), one.predict(rows), rtol=1e-5)
            _, std = one.predict(X, return_std=True)
            np.testing.assert_allclose(std.compute(), one.predict(rows, return_std=True)[1], rtol=1e-3)
            np.testing.assert_allclose(one.interval(X)[1].compute(), one.interval(rows)[1], rtol=1e-3)
            np.testing.assert_array_equal(one.in_domain(X).compute(), one.in_domain(rows))


def test_dask_tables_keep_their_index_and_give_named_outputs(model, pair, rows):
    frames = pytest.importorskip("dask.dataframe", exc_type=ImportError)
    labelled = rows.set_index(pd.Index(range(100, 150)))
    table = frames.from_pandas(labelled, npartitions=3)
    with dask.config.set(scheduler="synchronous"):
        one, several = model.predict(table).compute(), pair.predict(table).compute()
        inside = model.in_domain(table).compute()
    assert one.index.equals(labelled.index)
    np.testing.assert_allclose(one.to_numpy(), model.predict(rows), rtol=1e-5)
    assert list(several.columns) == ["sum", "product"]
    assert inside.dtype == bool


def test_a_model_is_itself_a_simulator(model, pair, rows):
    runs = collect(pair, design=LatinHypercube(40, seed=1))
    assert runs.output_names == ("sum", "product")
    np.testing.assert_allclose(runs.y.to_numpy(), pair.predict(runs.X), rtol=1e-5)
    positional = Surrogate.fit(lambda x: x[0] + x[1], [(0, 1), (0, 1)], n=15)
    again = Surrogate.fit(positional, n=15)
    assert again.space.positional
    np.testing.assert_allclose(again.predict([[0.25, 0.5]]), [0.75], atol=1e-3)
    assert model(x=0.5, y=1.0)["y"].shape == (1,)


def test_runs_made_elsewhere_are_taken_in_every_form(rows):
    rows = rows.iloc[:25]
    answers = plane(**rows)
    array = Surrogate.from_runs(rows.to_numpy(), answers.to_numpy(), BOUNDS)
    for other in (
        Surrogate.from_runs(rows, answers, BOUNDS),
        Surrogate.from_runs(rows.assign(z=answers), "z", BOUNDS),
        Surrogate.from_runs(TransferSet.from_frame(rows, answers, space=BOUNDS)),
    ):
        np.testing.assert_array_equal(other.predict(rows), array.predict(rows))
    several = Surrogate.from_runs(TransferSet.from_frame(rows, {"a": answers, "b": -answers, "c": answers}), ["c", "a"])
    assert several.outputs == ("c", "a")
    assert Surrogate.from_runs(rows, answers).space.names == ("x", "y")


def test_policies_are_one_more_input():
    model = Surrogate.fit(
        lambda x, y, tax: x + y - tax, BOUNDS, n=20, seed=0, policies={"none": {"tax": 0.0}, "high": {"tax": 2.0}}
    )
    at = pd.DataFrame({"x": [0.0, 0.0], "y": [1.0, 1.0], "policy": ["none", "high"]})
    np.testing.assert_allclose(model.predict(at), [1.0, -1.0], atol=0.02)


# It is honest about trouble -------------------------------------------------------------------------------------------


def test_failed_runs_are_left_out_and_counted():
    def fragile(x, y):
        if x > 0.9:
            raise SimulationFailed("diverged")
        return float("nan") if y > 1.95 else plane(x, y)

    model = Surrogate.fit(fragile, BOUNDS, n=60, seed=0)
    failed = len(model.transfer.failures)
    assert 3 <= failed <= 7
    assert model.scorecard.n_failed == failed
    assert model.scorecard.n == 60 - failed
    assert f"{failed} failed runs left out" in repr(model.scorecard)


def test_when_all_runs_fail_the_error_carries_them():
    def broken(x, y):
        raise SimulationFailed("licence server down")

    with pytest.raises(Exception, match="licence server down") as caught:
        Surrogate.fit(broken, BOUNDS, n=15)
    assert len(caught.value.runs.failures) == 15
    with pytest.raises(ValueError, match="none of 15 runs succeeded.*licence server down") as caught:
        Surrogate.fit(broken, BOUNDS, n=15, max_failed=1.0)
    assert len(caught.value.runs.failures) == 15


def test_an_error_while_fitting_carries_the_runs():
    with pytest.raises(ValueError, match="at least 3 successful runs at different inputs") as caught:
        Surrogate.fit(plane, BOUNDS, pd.DataFrame({"x": [0.0, 0.5], "y": [1.0, 1.0]}))
    assert len(caught.value.runs) == 2


def test_a_constant_output_is_learned_as_such(rows):
    model = Surrogate.fit(lambda x, y: 4.0, BOUNDS, n=12)
    assert model.scorecard.constant
    assert "answers that constant" in repr(model)
    np.testing.assert_array_equal(model.predict(rows), 4.0)
    lower, upper = model.interval(rows, 0.9)
    np.testing.assert_allclose([lower[0], upper[0]], 4.0)
    assert (model.sensitivity()["total"] == 0.0).all()


def test_noise_is_called_nothing_learned():
    noise = iter(np.random.default_rng(0).normal(size=40))
    model = Surrogate.fit(lambda x, y: next(noise), BOUNDS, n=40)
    assert "Not surely better than the mean" in model.scorecard.verdict


def test_outputs_over_many_decades_and_inputs_of_any_unit_are_no_trouble():
    space = {"pressure": (1e5, 3e7), "length": (1e-9, 1e-6)}
    model = Surrogate.fit(lambda pressure, length: 1e-30 * pressure * length, space, n=30, seed=0)
    assert model.scorecard.q2 > 0.99
    wide = Surrogate.fit(lambda x, y: 10.0 ** (6 * x), BOUNDS, n=40, seed=0)
    assert np.isfinite(wide.predict(wide.transfer.X)).all()


def test_fewer_runs_than_inputs_give_a_model():
    model = Surrogate.fit(lambda x: x.sum(), [(0, 1)] * 12, n=6, seed=0)
    assert model.scorecard.n == 6
    assert np.isinf(model.interval(np.full((1, 12), 0.5))[1]).all()


def test_in_domain_is_false_outside_the_limits_and_far_from_runs(model):
    assert model.in_domain([[0.0, 1.0], [0.0, 2.1], [9.0, 9.0]]).tolist() == [True, False, False]
    clustered = Surrogate.from_runs(
        np.random.default_rng(0).random((40, 2)) * [0.2, 0.2], np.arange(40.0), {"x": (0, 1), "y": (0, 1)}
    )
    assert clustered.in_domain([[0.1, 0.1], [0.9, 0.9]]).tolist() == [True, False]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n": 1}, "n: a whole number of at least 3 runs"),
        ({"n": 2.5}, "n: a whole number"),
        ({"n": 20, "design": LatinHypercube(20)}, "n, design: give one of them"),
        ({"level": 0.5}, "level: needs a budget"),
        ({"target": 0.9}, "target: needs a budget"),
        ({"target": 99.9, "budget": 50}, "target: a Q2 above 0 and at most 1"),
        ({"n": 60, "budget": 50}, "n, budget: the first n runs must fit"),
        ({"prefer": "fast"}, "prefer: one of 'accuracy'"),
        ({"seed": -1}, "seed"),
        ({"executer": None}, "executer: not an argument of fit.*Is 'executor' meant"),
        ({"bounds": {"x": (1.0, 0.0), "y": (0, 1)}}, r"bounds\['x'\].*[Ss]wap"),
        ({"bounds": {"x": (0.0, 1.0), "z": (0, 1)}}, "'z'"),
        ({"bounds": None}, "bounds"),
    ],
)
def test_wrong_arguments_are_refused_before_the_simulator_runs(arguments, message):
    calls = []
    with pytest.raises((ValueError, TypeError), match=message):
        Surrogate.fit(lambda x, y: calls.append(1), **{"bounds": BOUNDS, **arguments})
    assert not calls


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([[0.0]], "expected shape"),
        ([0.0, 1.0], "reshape"),
        ([[0.0, np.nan]], "finite"),
        (pd.DataFrame({"x": [0.0], "Y": [1.0]}), "column 'y' is missing; got"),
    ],
)
def test_wrong_rows_are_clear_errors(model, X, message):
    for ask in (model.predict, model.interval, model.in_domain, model.gradient):
        with pytest.raises(ValueError, match=message):
            ask(np.array(X) if isinstance(X, list) else X)


def test_unknown_outputs_and_missing_answers_are_clear_errors(model, rows):
    with pytest.raises(ValueError, match="output: one of 'y' is known; got 'z'"):
        model.predict(rows, output="z")
    with pytest.raises(ValueError, match="y: outputs are needed"):
        Surrogate.from_runs(rows)
    with pytest.raises(ValueError, match="y: 'z' is not a column of X"):
        Surrogate.from_runs(rows, "z")
    with pytest.raises(ValueError, match="coverage: a share between 0 and 1"):
        model.interval(rows, 95)


def test_answers_that_are_no_numbers_are_left_out_and_equal_rows_are_no_trouble(rows):
    answers = np.array(plane(**rows))
    answers[:5] = [np.nan, np.inf, -np.inf, np.nan, np.nan]
    twice = pd.concat([rows, rows], ignore_index=True)
    model = Surrogate.from_runs(twice, np.tile(answers, 2), BOUNDS)
    assert model.scorecard.n == 90
    assert model.scorecard.n_failed == 10
    np.testing.assert_allclose(model.predict(rows), plane(**rows), atol=0.05)


# It stops when it is good enough --------------------------------------------------------------------------------------


class Counted:
    """Writes each of its runs to a file."""

    def __init__(self, function, path):
        self.function, self.path = function, path

    def __call__(self, x, y):
        with Path(self.path).open("a") as file:
            file.write(f"{x!r} {y!r}\n")
        return self.function(x, y)

    def runs(self):
        return Path(self.path).read_text().splitlines()


def test_an_adaptive_fit_stops_at_the_target_and_runs_nothing_twice(tmp_path):
    wavy = Counted(lambda x, y: np.sin(4 * x) * y, str(tmp_path / "calls"))
    settings = {"n": 10, "budget": 60, "target": 0.999, "seed": 0, "store": tmp_path / "w.runs"}
    model = Surrogate.fit(wavy, BOUNDS, **settings)
    assert 10 < len(model.transfer) < 60
    assert model.scorecard.q2 >= 0.999
    assert len(wavy.runs()) == len(set(wavy.runs())) == len(model.transfer)
    Surrogate.fit(wavy, BOUNDS, **settings)
    assert len(wavy.runs()) == len(model.transfer)


def test_an_adaptive_fit_stops_at_the_budget(tmp_path):
    noisy = Counted(lambda x, y: 1e4 * (x + y) % 1.0, str(tmp_path / "calls"))
    model = Surrogate.fit(noisy, BOUNDS, n=15, budget=22, target=0.99, seed=0)
    assert len(model.transfer) == len(noisy.runs()) == 22
    assert len(Surrogate.fit(plane, BOUNDS, budget=12).transfer) == 12


# It is kept -----------------------------------------------------------------------------------------------------------


def test_the_same_call_gives_the_same_model(rows):
    first, second = (Surrogate.fit(plane, BOUNDS, n=15) for _ in range(2))
    np.testing.assert_array_equal(first.predict(rows), second.predict(rows))


@pytest.mark.parametrize("which", ["model", "pair", "trees", "mixed"])
def test_a_loaded_model_answers_the_very_same_bits(which, tmp_path, rows, request, monkeypatch):
    if which == "trees":
        monkeypatch.setattr(selection, "default_candidates", lambda n, seed: {"boosted_trees": BoostedTrees()})
        one = Surrogate.fit(lambda x, y: float(x > 0.1) + (y > 1.2), BOUNDS, n=60)
    elif which == "mixed":
        space = Space({"x": Real(0.1, 10, log=True, unit="m"), "fuel": Categorical(["gas", "coal"])}, ["x <= 9"])
        one = Surrogate.fit(lambda x, fuel: np.log(x) + (fuel == "gas"), space, n=40)
        rows = space.from_unit(np.random.default_rng(0).random((50, 2)))
    else:
        one = request.getfixturevalue(which)
    one.save(tmp_path / "m.surrogate")
    back = Surrogate.load(tmp_path / "m.surrogate")
    for X in (rows, rows.iloc[:1]):
        for ask in ("predict", "interval", "in_domain"):
            np.testing.assert_array_equal(getattr(back, ask)(X), getattr(one, ask)(X))
        np.testing.assert_array_equal(back.predict(X, return_std=True), one.predict(X, return_std=True))
    assert back.space == one.space
    assert repr(back.scorecards) == repr(one.scorecards)
    with pytest.raises(AttributeError, match="a model file holds no runs"):
        _ = back.transfer
    back.export(tmp_path / "again.surrogate")
    assert (tmp_path / "again.surrogate").read_bytes() == (tmp_path / "m.surrogate").read_bytes()


def test_loading_and_predicting_needs_numpy_alone(model, tmp_path, rows):
    model.save(tmp_path / "m.surrogate")
    np.save(tmp_path / "X.npy", rows.to_numpy())
    np.save(tmp_path / "y.npy", model.predict(rows))
    code = (
        "import sys; from surrogate import Surrogate; import numpy as np\n"
        f"model = Surrogate.load({str(tmp_path / 'm.surrogate')!r})\n"
        f"X, y = np.load({str(tmp_path / 'X.npy')!r}), np.load({str(tmp_path / 'y.npy')!r})\n"
        "assert (model.predict(X) == y).all(); model.interval(X); model.scorecard.q2\n"
        "heavy = {'pandas', 'scipy', 'sklearn', 'xgboost', 'dask', 'SALib', 'numba', 'matplotlib'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_an_unknown_export_says_what_is_available(model, tmp_path):
    with pytest.raises(ValueError, match=r"path: '\.surrogate'.*is available; got '\.xyz'"):
        model.export(tmp_path / "m.xyz")


def test_a_file_of_something_else_is_refused(tmp_path):
    from surrogate.export import ModelFileError, write_model

    write_model(tmp_path / "m", {"kind": "box"}, {})
    with pytest.raises(ModelFileError, match="holds a 'box', not a surrogate"):
        Surrogate.load(tmp_path / "m")
    write_model(tmp_path / "m", {"kind": "surrogate", "outputs": []}, {})
    with pytest.raises(ModelFileError, match="description of the model is incomplete"):
        Surrogate.load(tmp_path / "m")


def test_errors_of_the_scorecard_are_those_of_the_out_of_fold_predictions(tmp_path):
    X = np.random.default_rng(0).random((40, 2))
    y = X[:, 0] ** 2 + X[:, 1]
    model = Surrogate.from_runs(X, y)
    observed, predicted = model.out_of_fold["y"]
    np.testing.assert_array_equal(observed, y)
    assert model.scorecard.max_error == pytest.approx(np.abs(predicted - observed).max())
    model.save(tmp_path / "model.surrogate")
    with pytest.raises(AttributeError, match="holds no runs"):
        _ = Surrogate.load(tmp_path / "model.surrogate").out_of_fold


def test_answers_are_matched_with_rows_by_their_labels():
    X = pd.DataFrame(np.random.default_rng(1).random((40, 2)), columns=["a", "b"])
    y = X["a"] ** 2 + X["b"]
    model = Surrogate.from_runs(X, y.sample(frac=1, random_state=0))
    assert model.scorecard.q2 > 0.99
    with pytest.raises(ValueError, match="labels of this Series are not those of X"):
        Surrogate.from_runs(X, y.set_axis(y.index + 100))


@pytest.mark.parametrize("size", [1e200, 1e-200])
def test_sizes_that_cannot_be_squared_are_one_clear_error(size):
    X = np.random.default_rng(1).random((30, 2))
    with pytest.raises(ValueError, match="in another unit, or its logarithm"):
        Surrogate.from_runs(X, X[:, 0] * size)
