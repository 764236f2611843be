"""What the model of a field guarantees."""

from __future__ import annotations

import tracemalloc

import dask
import dask.array as da
import numpy as np
import pandas as pd
import pytest

from sims.pde.airfoil import Airfoil
from sims.pde.heat import Heat
from surrogate import LatinHypercube, SimulationFailed, Surrogate, TransferSet, collect
from surrogate.models.emulators import GaussianProcess, pod, selection
from surrogate.models.emulators.snapshots import Snapshots

BOUNDS = {"rate": (0.5, 2.0), "start": (1.0, 3.0)}
TIMES = np.linspace(0.0, 3.0, 40)


def decay(rate, start):
    """The solution of du/dt = -rate u: a time series, and numbers made from it."""
    u = start * np.exp(-rate * TIMES)
    return {"end": float(u[-1]), "u": u, "grid": np.outer(u[:5], [1.0, 2.0, rate])}


def gaussian_processes_only(monkeypatch):
    """The choice between kinds has its own tests."""
    for place in (pod, selection):
        monkeypatch.setattr(place, "default_candidates", lambda n, seed: {"gp": GaussianProcess(n_starts=1)})


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    gaussian_processes_only(monkeypatch)


@pytest.fixture(scope="module")
def model():
    with pytest.MonkeyPatch.context() as patch:
        gaussian_processes_only(patch)
        return Surrogate.fit(decay, BOUNDS, n=30, seed=0)


@pytest.fixture
def rows():
    return pd.DataFrame(np.random.default_rng(1).uniform([0.5, 1.0], [2.0, 3.0], (60, 2)), columns=["rate", "start"])


def truth(rows, name):
    return np.array([decay(*row)[name] for row in rows.to_numpy()])


# It answers -----------------------------------------------------------------------------------------------------------


def test_fields_of_any_shape_are_predicted_in_their_shape(model, rows):
    assert model.outputs == ("end", "u", "grid")
    assert (model.output_names, model.fields) == (("end",), ("u", "grid"))
    for name, shape in (("u", (60, 40)), ("grid", (60, 5, 3))):
        predicted = model.predict(rows, output=name)
        assert predicted.shape == shape
        np.testing.assert_allclose(predicted, truth(rows, name), atol=2e-2)
        mean, std = model.predict(rows, return_std=True, output=name)
        np.testing.assert_array_equal(mean, predicted)
        assert std.shape == shape
        assert (std > 0.0).all()


def test_predict_gives_the_numbers_where_there_are_some_and_the_only_field_where_there_are_none(model, rows):
    assert model.predict(rows).shape == (60,)
    alone = Surrogate.fit(lambda rate, start: {"u": decay(rate, start)["u"]}, BOUNDS, n=20, seed=0)
    np.testing.assert_array_equal(alone.predict(rows), alone.predict(rows, output="u"))
    assert alone.predict(rows).shape == (60, 40)
    two = Surrogate.fit(lambda rate, start: {"a": np.ones(3) * rate, "b": np.ones(2) * start}, BOUNDS, n=12, seed=0)
    with pytest.raises(ValueError, match="output: name one of the fields 'a', 'b'"):
        two.predict(rows)


def test_a_predicted_field_has_derivatives(model, rows):
    step = 1e-5
    for i, name in enumerate(rows):
        moved = model.predict(rows.assign(**{name: rows[name] + step}), output="grid")
        slope = (moved - model.predict(rows, output="grid")) / step
        np.testing.assert_allclose(model.gradient(rows, output="grid")[..., i], slope, atol=1e-3)


def test_a_model_of_fields_is_itself_a_simulator(model):
    runs = collect(model, design=LatinHypercube(6, seed=1))
    assert runs.output_names == ("end",)
    np.testing.assert_allclose(runs.fields["grid"], model.predict(runs.X, output="grid"), rtol=1e-6)


def test_a_loaded_field_answers_the_very_same_bits(model, rows, tmp_path):
    model.save(tmp_path / "m.surrogate")
    back = Surrogate.load(tmp_path / "m.surrogate")
    for name in ("end", "u", "grid"):
        np.testing.assert_array_equal(back.predict(rows, output=name), model.predict(rows, output=name))
        np.testing.assert_array_equal(back.interval(rows, output=name), model.interval(rows, output=name))
    pair = [one.interval(rows, 0.9, output="u", simultaneous=True) for one in (model, back)]
    np.testing.assert_array_equal(*pair)
    assert repr(back.scorecards) == repr(model.scorecards)
    assert back.scorecards["grid"].shape == (5, 3)


def test_dask_collections_give_dask_arrays_of_fields(model, rows):
    frames = pytest.importorskip("dask.dataframe", exc_type=ImportError)
    with dask.config.set(scheduler="synchronous"):
        X = da.from_array(rows.to_numpy(), chunks=(25, 2))
        for name in ("u", "grid"):
            lazy = model.predict(X, output=name)
            expected = model.predict(rows, output=name)
            assert lazy.shape == expected.shape
            np.testing.assert_allclose(lazy.compute(), expected, rtol=1e-6)
            upper = model.interval(X, output=name, simultaneous=True)[1]
            np.testing.assert_allclose(
                upper.compute(), model.interval(rows, output=name, simultaneous=True)[1], rtol=1e-4
            )
            std = model.predict(X, return_std=True, output=name)[1]
            assert std.compute().shape == expected.shape
            table = frames.from_pandas(rows, npartitions=2)
            np.testing.assert_allclose(model.predict(table, output=name).compute(), expected, rtol=1e-6)


def test_exports_are_of_the_numbers_and_say_so_where_there_are_none(model, rows, tmp_path):
    model.export(tmp_path / "m.py")
    space = {}
    exec((tmp_path / "m.py").read_text(), space)
    np.testing.assert_allclose(np.ravel(space["predict"](rows.to_numpy())), model.predict(rows), rtol=1e-6)
    alone = Surrogate.fit(lambda rate, start: {"u": np.ones(3) * rate}, BOUNDS, n=12, seed=0)
    with pytest.raises(ValueError, match=r"export: only outputs that are numbers.*only fields \(u\)"):
        alone.export(tmp_path / "u.py")
    with pytest.raises(ValueError, match="export: only outputs"):
        _ = alone.fast


# It tells the truth ---------------------------------------------------------------------------------------------------


def test_errors_of_truncation_and_regression_are_told_apart_and_add_up(model):
    card = model.scorecards["u"]
    assert card.rmse**2 == pytest.approx(card.truncation_error**2 + card.regression_error**2, rel=1e-6)
    assert 0.999 < card.q2_interval[0] <= card.q2 <= card.q2_interval[1]
    assert card.q2_worst <= card.q2
    assert 1 <= card.modes <= 8
    assert f"field              40 locations, {card.modes} modes" in repr(card)


class Large(GaussianProcess):
    """Suits large coefficients only."""

    def suits(self, X, y):
        return y.std() > 1.0


def test_a_kind_that_suits_some_modes_only_leaves_the_others_to_other_kinds(monkeypatch, rows):
    kinds = {"large": Large(n_starts=1), "gp": GaussianProcess("matern52", n_starts=1)}
    monkeypatch.setattr(pod, "default_candidates", lambda n, seed: kinds)
    card = Surrogate.from_runs(rows[:25], {"u": truth(rows[:25], "u")}).scorecard
    assert card.kind == "pod + large + gp"
    assert card.q2 > 0.999


def test_the_truncation_error_is_that_of_unseen_runs():
    # 12 runs of pure noise: their own modes would leave nothing of them, and 11 modes say nothing about others.
    rng = np.random.default_rng(0)
    X, Y = rng.random((12, 2)), rng.normal(size=(12, 200))
    model = Surrogate.from_runs(X, {"f": Y})
    card = model.scorecards["f"]
    assert card.q2 < 0.05
    assert "Not surely better" in card.verdict
    assert card.truncation_error > 0.9


@pytest.mark.parametrize(
    ("simulator", "name"), [(Airfoil(40), "Cp"), pytest.param(Heat(16), "temperature", marks=pytest.mark.slow)]
)
def test_intervals_hold_on_pressure_round_a_wing_and_heat_in_a_plate(simulator, name):
    runs = collect(simulator, design=LatinHypercube(60, seed=0))
    fresh = collect(simulator, design=LatinHypercube(150, seed=1))
    model = Surrogate.from_runs(TransferSet.from_frame(runs.X, {}, fields={name: runs.fields[name]}, space=runs.space))
    low, high = model.interval(fresh.X)
    inside = (low <= fresh.fields[name]) & (fresh.fields[name] <= high)
    assert inside.mean() >= 0.93
    low, high = model.interval(fresh.X, simultaneous=True)
    inside = ((low <= fresh.fields[name]) & (fresh.fields[name] <= high)).reshape(150, -1)
    assert inside.all(axis=1).mean() >= 0.9
    error = np.mean((model.predict(fresh.X) - fresh.fields[name]) ** 2) / fresh.fields[name].var(axis=0).mean()
    assert 1.0 - error >= model.scorecard.q2_interval[0]


def test_a_constant_field_and_constant_places_are_no_trouble(rows):
    flat = Surrogate.from_runs(rows, {"f": np.full((60, 4), 1e5 / 3.0)})
    assert flat.scorecard.constant
    np.testing.assert_allclose(flat.predict(rows), 1e5 / 3.0, rtol=1e-12)
    Y = np.zeros((60, 3))
    Y[:, 1] = rows["rate"]
    partly = Surrogate.from_runs(rows, {"f": Y})
    assert partly.scorecard.q2_worst > 0.99
    low, high = partly.interval(rows)
    assert ((low <= 0.0) & (high >= 0.0))[:, 0].all()


@pytest.mark.parametrize("size", [1e-9, 1e9])
def test_units_do_not_matter(rows, size):
    Y = truth(rows, "u")
    one, other = Surrogate.from_runs(rows, {"u": Y}), Surrogate.from_runs(rows, {"u": Y * size})
    assert other.scorecard.modes == one.scorecard.modes
    np.testing.assert_allclose(other.predict(rows) / size, one.predict(rows), atol=1e-5)


def test_too_few_runs_promise_nothing(rows):
    low, high = Surrogate.from_runs(rows[:10], {"u": truth(rows[:10], "u")}).interval(rows)
    assert np.isinf(low).all()
    assert np.isinf(high).all()


# It takes runs in every form, and refuses what it cannot fit ----------------------------------------------------------


def test_fields_of_runs_made_elsewhere_come_in_a_dict(rows):
    model = Surrogate.from_runs(rows, {"end": truth(rows, "end"), "u": truth(rows, "u")})
    assert (model.output_names, model.fields) == (("end",), ("u",))
    some = Surrogate.from_runs(model.transfer, "u")
    assert some.outputs == ("u",)
    with pytest.raises(ValueError, match="an array of shape .60, 5, 3. is a field, which needs a name"):
        Surrogate.from_runs(rows, truth(rows, "grid"))
    with pytest.raises(ValueError, match=r"y\['u'\]: all runs must answer with arrays of one shape"):
        Surrogate.from_runs(rows[:2], {"u": [[1.0, 2.0], [1.0]]})


def test_runs_with_nan_in_a_field_and_of_another_shape_are_left_out_and_counted(rows):
    def fragile(rate, start):
        u = decay(rate, start)["u"].copy()
        if rate > 1.9:
            u[7] = np.nan
        if rate < 0.6:
            u = u[:-1]
        if start > 2.9:
            raise SimulationFailed("diverged")
        return {"u": u}

    model = Surrogate.fit(fragile, BOUNDS, n=40, seed=0, max_failed=0.5)
    assert model.scorecard.n_failed == len(model.transfer.failures) >= 3
    assert set(model.transfer.failures["status"]) == {"not finite", "bad output", "exception"}
    Y = truth(rows, "u")
    Y[3, 5] = np.nan
    assert Surrogate.from_runs(rows, {"u": Y}).scorecard.n_failed == 1


def test_unknown_outputs_and_wrong_settings_are_clear_errors(model, rows):
    with pytest.raises(ValueError, match="output: one of 'end', 'u', 'grid' is known; got 'v'"):
        model.predict(rows, output="v")
    with pytest.raises(ValueError, match="simultaneous: is for the locations of a field"):
        model.interval(rows, simultaneous=True)
    with pytest.raises(ValueError, match="coverage: a share between 0 and 1"):
        model.interval(rows, 95, output="u")


def test_fields_that_hold_nothing_or_cannot_be_squared_are_clear_errors(rows):
    with pytest.raises(ValueError, match=r"y\['f'\]: has shape \(60, 0\), which holds no numbers"):
        Surrogate.from_runs(rows, {"f": np.empty((60, 0))})
    with pytest.raises(ValueError, match="field 'f' has shape .0,., which holds no numbers"):
        Surrogate.fit(lambda rate, start: {"f": np.array([])}, BOUNDS, n=5)
    with pytest.raises(ValueError, match="in another unit, or its logarithm"):
        Surrogate.from_runs(rows, {"f": rows.to_numpy() * 1e200})
    with pytest.raises(ValueError, match="at least 3 successful runs"):
        Surrogate.from_runs(rows[:2], {"f": truth(rows[:2], "u")}, BOUNDS)
    with pytest.raises(ValueError, match="y: at least one output is needed"):
        Surrogate.from_runs(rows, {})


def test_missing_folders_are_told_in_the_words_of_the_user(model, tmp_path):
    for ask, name in ((model.save, "m.surrogate"), (model.export, "m.py")):
        with pytest.raises(FileNotFoundError, match=f"path: there is no folder .*nowhere.* to write '{name}' to"):
            ask(tmp_path / "nowhere" / name)


# It is no larger than it need be --------------------------------------------------------------------------------------


def test_products_of_snapshots_give_the_modes_of_a_singular_value_decomposition():
    Y = np.random.default_rng(0).normal(size=(20, 300)) @ np.diag(0.95 ** np.arange(300))
    snapshots = Snapshots(Y)
    basis = snapshots.basis()
    modes = basis.weights.T @ Y
    _, values, vectors = np.linalg.svd(Y - Y.mean(axis=0), full_matrices=False)
    np.testing.assert_allclose(basis.variances, values[:19] ** 2, rtol=1e-9)
    np.testing.assert_allclose(np.abs(modes @ vectors[:19].T), np.eye(19), atol=1e-7)
    np.testing.assert_allclose(snapshots.coefficients(basis), (Y - Y.mean(axis=0)) @ modes.T, atol=1e-9)
    np.testing.assert_allclose(snapshots.distances(basis), ((Y - Y.mean(axis=0)) ** 2).sum(axis=1))
    part = snapshots.basis(np.arange(5, 20))
    mine = part.weights.T @ Y[5:]
    rebuilt = snapshots.as_sums(part, snapshots.coefficients(part)) @ Y
    centre = Y[5:].mean(axis=0)
    np.testing.assert_allclose(rebuilt, centre + (Y - centre) @ mine.T @ mine, atol=1e-9)


def test_more_runs_than_snapshots_make_modes_of_some_of_them(monkeypatch, rows):
    monkeypatch.setattr("surrogate.models.emulators.snapshots._MOST_SNAPSHOTS", 20)
    model = Surrogate.from_runs(rows, {"u": truth(rows, "u")})
    np.testing.assert_allclose(model.predict(rows), truth(rows, "u"), atol=2e-2)


def test_fields_are_never_copied_as_a_whole():
    rng = np.random.default_rng(0)
    Y = rng.random((40, 2)) @ rng.normal(size=(2, 400_000)) + 1.0
    tracemalloc.start()
    snapshots = Snapshots(Y)
    snapshots.basis()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < Y.nbytes


def test_a_million_rows_are_answered_in_blocks(rows):
    model = Surrogate.from_runs(rows, rows["rate"] * rows["start"])
    X = np.random.default_rng(0).uniform([0.5, 1.0], [2.0, 3.0], (400_000, 2))
    tracemalloc.start()
    low, high = model.interval(X)
    peak = tracemalloc.get_traced_memory()[1] - low.nbytes - high.nbytes
    tracemalloc.stop()
    assert peak < 8e6 < 3 * X.nbytes  # features, answers and scales of all rows would be more
    np.testing.assert_allclose(model.predict(X)[70_000:70_010], model.predict(X[70_000:70_010]), rtol=1e-6)
    np.testing.assert_array_equal(model.in_domain(pd.DataFrame(X, columns=["rate", "start"])), model.in_domain(X))
