"""What indices of sensitivity guarantee. Exact values of Ishigami: Saltelli et al. (2000), with a = 7 and b = 0.1."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from sims.functions import Ishigami
from surrogate import Categorical, Integer, Real, SimulationFailed, Space, Surrogate, TransferSet, collect
from surrogate.models.emulators import GaussianProcess, PolynomialChaos, pod, selection
from surrogate.workflows import morris_design, saltelli_design, sensitivity

FIRST, TOTAL = np.array([0.3139, 0.4424, 0.0]), np.array([0.5576, 0.4424, 0.2437])


def use(monkeypatch, emulator):
    for place in (pod, selection):
        monkeypatch.setattr(place, "default_candidates", lambda n, seed: {"one": emulator})


@pytest.fixture
def gaussian_process(monkeypatch):
    use(monkeypatch, GaussianProcess(n_starts=1))


def linear(a, b, c):
    return a + 2.0 * b + 0.0 * c


BOUNDS = {"a": (0.0, 1.0), "b": (0.0, 1.0), "c": (0.0, 1.0)}


# Of a model -----------------------------------------------------------------------------------------------------------


def test_polynomial_chaos_has_the_exact_indices_of_ishigami(monkeypatch):
    use(monkeypatch, PolynomialChaos())
    table = Surrogate.fit(Ishigami(), n=120, seed=0).sensitivity(second_order=True)
    np.testing.assert_allclose(table["first"][:3], FIRST, atol=1e-3)
    np.testing.assert_allclose(table["total"][:3], TOTAL, atol=1e-3)
    assert list(table.index[3:]) == ["x1 x x2", "x1 x x3", "x2 x x3"]
    np.testing.assert_allclose(table["first"][3:], [0.0, 0.2437, 0.0], atol=1e-3)
    assert table["total"][3:].isna().all()


def test_indices_hold_the_truth_within_their_intervals(gaussian_process):
    table = Surrogate.fit(Ishigami(), n=60, seed=0).sensitivity()
    for column, exact in (("first", FIRST), ("total", TOTAL)):
        assert (table[f"{column}_low"] <= exact + 1e-4).all()
        assert (table[f"{column}_high"] >= exact - 1e-4).all()


def test_intervals_are_wider_the_worse_the_model_is(gaussian_process):
    noise = np.random.default_rng(0).normal(size=100)
    X = pd.DataFrame(np.random.default_rng(1).random((100, 3)), columns=list(BOUNDS))
    widths = []
    for size in (0.0, 0.2, 0.5):
        table = Surrogate.from_runs(X, linear(**X) + size * noise, BOUNDS).sensitivity()
        widths.append((table["first_high"] - table["first_low"])["b"])
        assert table["first_low"]["b"] <= 0.8 <= table["first_high"]["b"]
    assert widths[0] < widths[1] < widths[2]


def test_several_outputs_are_all_told_and_one_can_be_asked_for(gaussian_process):
    model = Surrogate.fit(lambda a, b, c: {"y": linear(a, b, c), "z": c, "f": np.array([a, c])}, BOUNDS, n=20, seed=0)
    table = model.sensitivity()
    assert table.index.names == ["output", "input"]
    assert list(table.index.unique("output")) == ["y", "z", "f"]
    np.testing.assert_allclose(table.loc["z", "first"], [0.0, 0.0, 1.0], atol=0.02)
    pd.testing.assert_frame_equal(model.sensitivity("z"), table.loc["z"])
    with pytest.raises(ValueError, match="output: one of 'y', 'z', 'f' is known"):
        model.sensitivity("w")


def test_indices_of_a_field_are_shares_of_the_variance_of_all_of_it(gaussian_process):
    weights = np.array([[3.0, 0.0, 1.0], [0.0, 1.0, 1.0]])  # location by input
    model = Surrogate.fit(lambda a, b, c: {"f": weights @ [a, b, c]}, BOUNDS, n=25, seed=0)
    table = model.sensitivity()
    exact = (weights**2).sum(axis=0) / (weights**2).sum()
    np.testing.assert_allclose(table["first"], exact, atol=0.02)
    np.testing.assert_allclose(table["total"], exact, atol=0.02)


def test_distributions_integers_and_categories_are_respected(gaussian_process):
    bounds = {"a": stats.norm(0.0, 3.0), "b": Integer(0, 1), "fuel": Categorical(["gas", "coal"]), "d": (0.0, 1.0)}
    model = Surrogate.fit(lambda a, b, fuel, d: a + 4.0 * b + 2.0 * (fuel == "gas"), bounds, n=60, seed=0)
    variances = np.array([9.0, 4.0, 1.0, 0.0])
    np.testing.assert_allclose(model.sensitivity()["first"], variances / variances.sum(), atol=0.04)


def test_constraints_are_refused_with_a_way_out(gaussian_process):
    space = Space({"a": Real(0, 1), "b": Real(0, 1)}, ["a + b <= 1.5"])
    model = Surrogate.fit(lambda a, b: a + b, space, n=20, seed=0)
    with pytest.raises(ValueError, match=r"independent inputs.*sensitivity\(model.transfer\)"):
        model.sensitivity()
    assert list(sensitivity(model.transfer).index) == ["a", "b"]


def test_a_loaded_model_has_the_same_indices_and_tables_fit_a_terminal(gaussian_process, tmp_path):
    model = Surrogate.fit(linear, BOUNDS, n=15, seed=0)
    model.save(tmp_path / "m.surrogate")
    table = model.sensitivity()
    pd.testing.assert_frame_equal(Surrogate.load(tmp_path / "m.surrogate").sensitivity(), table)
    assert max(map(len, table.to_string().splitlines())) <= 80


# Of the simulator itself ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("second_order", [False, True])
def test_saltelli_runs_give_the_indices_of_ishigami(second_order):
    space = Ishigami.space
    table = sensitivity(collect(Ishigami(), design=saltelli_design(space, 1024, second_order=second_order)))
    assert table.attrs == {"design": "saltelli", "used": 1024, "dropped": 0}
    np.testing.assert_allclose(table["first"][:3], FIRST, atol=0.05)
    np.testing.assert_allclose(table["total"][:3], TOTAL, atol=0.05)
    assert (table["first_low"] < table["first_high"]).all()
    assert len(table) == (6 if second_order else 3)


def test_a_failed_run_costs_its_block_only():
    def fragile(a, b, c):
        if a > 0.97:
            raise SimulationFailed("diverged")
        return linear(a, b, c)

    design = saltelli_design(BOUNDS, 256)
    runs = collect(fragile, BOUNDS, design, max_failed=1.0)
    table = sensitivity(runs)
    lost = (design["a"].to_numpy().reshape(-1, 5) > 0.97).any(axis=1).sum()
    assert table.attrs == {"design": "saltelli", "used": 256 - lost, "dropped": lost}
    np.testing.assert_allclose(table["first"], [0.2, 0.8, 0.0], atol=0.06)
    broken = collect(lambda a, b, c: float("nan"), BOUNDS, saltelli_design(BOUNDS, 4), max_failed=1.0)
    with pytest.raises((ValueError, KeyError)):
        sensitivity(broken)


def test_numbers_of_blocks_need_be_no_power_of_two():
    assert len(saltelli_design(BOUNDS, 100)) == 500
    assert sensitivity(collect(linear, BOUNDS, saltelli_design(BOUNDS, 100))).attrs["used"] == 100


def test_salib_problems_and_mixed_inputs_are_designed_for():
    problem = {"num_vars": 2, "names": ["u", "v"], "bounds": [[0.0, 1.0], [10.0, 30.0]]}
    design = saltelli_design(problem, 64)
    assert design["v"].between(10.0, 30.0).all()
    assert Space.from_bounds(problem).to_problem()["names"] == ["u", "v"]
    mixed = {"k": Integer(0, 3), "fuel": Categorical(["gas", "coal"]), "x": Real(0.1, 10.0, log=True)}
    runs = collect(lambda k, fuel, x: k + (fuel == "gas") + np.log(x), mixed, saltelli_design(mixed, 256))
    assert sensitivity(runs).attrs["design"] == "saltelli"


def test_trajectories_give_the_effects_that_salib_gives():
    from SALib.analyze import morris

    bounds = {"a": (0.0, 1.0), "b": (0.0, 4.0), "c": (0.0, 1.0)}
    design = morris_design(bounds, 12, levels=6)
    runs = collect(lambda a, b, c: a + b * c, bounds, design)
    table = sensitivity(runs)
    assert table.attrs == {"design": "morris", "used": 12, "dropped": 0}
    problem = {"num_vars": 3, "names": list(bounds), "bounds": [[0.0, 1.0]] * 3}
    found = morris.analyze(problem, Space.from_bounds(bounds).to_unit(design), runs["y"].to_numpy(), num_levels=6)
    for column in ("mu", "mu_star", "sigma"):
        np.testing.assert_allclose(table[column], found[column], rtol=1e-6, atol=1e-9)
    assert table["mu_star"]["a"] == pytest.approx(1.0)


def test_any_runs_give_first_order_and_cramer_von_mises_indices():
    X = Ishigami.space.from_unit(np.random.default_rng(0).random((3000, 3)))
    y = np.asarray(Ishigami()(**{name: X[name].to_numpy() for name in X}))
    runs = TransferSet.from_frame(X, np.ravel(y), space=Ishigami.space)
    table = sensitivity(runs)
    assert table.attrs == {"design": "given data", "used": 3000, "dropped": 0}
    np.testing.assert_allclose(table["first"], FIRST, atol=0.05)
    assert ((table["first_low"] <= FIRST + 0.02) & (table["first_high"] >= FIRST - 0.02)).all()
    assert table["cvm"].idxmax() == "x2"
    linear_runs = TransferSet.from_frame(X, X["x1"], space=Ishigami.space)
    np.testing.assert_allclose(sensitivity(linear_runs)["cvm"], [1.0, 0.0, 0.0], atol=0.07)


def test_inputs_without_effect_have_no_index_by_chance():
    rng = np.random.default_rng(0)
    found = []
    for _ in range(30):
        X = pd.DataFrame(rng.random((60, 2)), columns=["a", "b"])
        found.append(sensitivity(TransferSet.from_frame(X, X["a"], space={"a": (0, 1), "b": (0, 1)}))["first"]["b"])
    assert abs(np.mean(found)) < 0.03


def test_wrong_arguments_are_clear_errors():
    with pytest.raises(ValueError, match="n: a whole number of at least 1"):
        saltelli_design(BOUNDS, 0)
    with pytest.raises(ValueError, match="levels: an even number"):
        morris_design(BOUNDS, 5, levels=3)
    with pytest.raises(ValueError, match="bounds: this design needs independent inputs"):
        saltelli_design(Space({"a": Real(0, 1), "b": Real(0, 1)}, ["a + b <= 1"]), 8)
    few = TransferSet.from_frame(pd.DataFrame({"a": [0.0, 0.5, 0.9]}), [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="at least 20 successful runs"):
        sensitivity(few)
    with pytest.raises(ValueError, match="output: one of 'y' is needed; got 'z'"):
        sensitivity(few, "z")
