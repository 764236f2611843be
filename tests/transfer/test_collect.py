from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from surrogate.design import LatinHypercube
from surrogate.simulation import Estimator, Progress
from surrogate.space import Categorical, Integer, Real, Space
from surrogate.transfer import TooManyFailures, TransferSet, collect, verify

AB = {"a": (0, 1), "b": Real(1, 100, log=True)}


def model(a, b):
    return {"sum": a + b, "Cp": np.array([a, b, a * b])}


def points(n=30, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame({"a": rng.random(n), "b": 1 + 99 * rng.random(n)})


class Counting:
    """A simulator that counts its calls outside of what makes it."""

    def __init__(self, calls):
        self._calls = calls

    def fingerprint(self):
        return "counting"

    def __call__(self, a, b):
        self._calls.append((a, b))
        return a + b


def test_answers_stand_row_for_row_in_design_order():
    design = points()
    runs = collect(model, AB, design)
    pd.testing.assert_frame_equal(runs.X, design)
    np.testing.assert_array_equal(runs["sum"], design["a"] + design["b"])
    assert runs.fields["Cp"].shape == (30, 3)
    np.testing.assert_array_equal(runs.fields["Cp"][:, 2], design["a"] * design["b"])
    assert runs.output_names == ("sum",)
    assert isinstance(runs.y, pd.Series)
    assert set(runs.status) == {"ok"}
    assert len(runs) == 30
    assert len(runs.failures) == 0


def test_failed_runs_are_left_out_of_X_and_listed_with_their_reason():
    def fragile(a, b):
        if a > 0.9:
            raise ArithmeticError("no root")
        return math.nan if a < 0.05 else (a, b)

    design = points(100)
    runs = collect(fragile, AB, design, max_failed=0.5)
    good = design[(design.a <= 0.9) & (design.a >= 0.05)]
    pd.testing.assert_frame_equal(runs.X, good.reset_index(drop=True))
    pd.testing.assert_frame_equal(runs.y, good.reset_index(drop=True).set_axis(["y1", "y2"], axis=1))
    assert len(runs.inputs) == len(runs.status) == 100
    failures = runs.failures
    assert set(failures.index) == set(range(100)) - set(good.index)
    assert failures.loc[failures.a > 0.9, "message"].str.contains("ArithmeticError: no root").all()
    assert set(failures.status) == {"exception", "not finite"}
    assert {"attempts", "seconds"} < set(failures.columns)


def test_designs_come_as_objects_numbers_tables_and_arrays():
    by_object = collect(model, AB, LatinHypercube(20, seed=3))
    pd.testing.assert_frame_equal(by_object.X, LatinHypercube(20, seed=3).sample(Space(AB)))
    pd.testing.assert_frame_equal(collect(model, AB, 20, seed=3).X, by_object.X)
    pd.testing.assert_frame_equal(collect(model, AB, by_object.X.to_numpy()).X, by_object.X)
    assert len(collect(model, AB)) == 30
    assert len(collect(lambda x: x.sum(), [(0, 1)] * 4)) == 40


def test_bounds_may_come_with_the_simulator():
    model.space = Space(AB)
    try:
        assert len(collect(model, design=points(5))) == 5
    finally:
        del model.space


def test_points_outside_are_refused_unrun():
    calls = []
    design = points(50)
    design.loc[7, "a"] = 1.5
    runs = collect(Counting(calls), AB, design)
    assert len(calls) == 49
    assert runs.failures.loc[7, "status"] == "out of bounds"
    with pytest.raises(ValueError, match="design: 100% of its 50 points lie outside"):
        collect(Counting(calls), AB, design + 200)
    space = Space(AB, constraints=["a <= 0.5"])
    runs = collect(model, space, design, max_failed=1)
    assert (runs.X["a"] <= 0.5).all()


def test_integers_and_categories_arrive_in_their_types():
    seen = []

    def typed(n, fuel):
        seen.append((type(n), type(fuel)))
        return float(n)

    collect(typed, {"n": Integer(1, 9), "fuel": Categorical(["gas", "coal"])}, 10)
    assert set(seen) == {(int, str)}


def test_a_typing_error_stops_the_study_early_and_keeps_what_was_run():
    def wrong(a, b):
        return a + c  # noqa: F821

    with pytest.raises(TooManyFailures, match=r"20 of the first 20 runs failed.*NameError: name 'c'") as caught:
        collect(wrong, AB, points(5000))
    assert (caught.value.runs.status != "pending").sum() == 20
    assert len(caught.value.runs) == 0


def test_the_failure_budget_is_a_share_judged_from_20_runs_on():
    def often(a, b):
        if a < 0.3:
            raise ValueError("too small")
        return a

    with pytest.raises(TooManyFailures, match="more than max_failed=0.2"):
        collect(often, AB, points(400))
    assert 0 < len(collect(often, AB, points(400), max_failed=0.5)) < 400
    assert 0 < len(collect(often, AB, points(15))) < 15


def test_if_nothing_succeeds_that_is_an_error_unless_it_was_asked_for():
    def never(a, b):
        raise ValueError("broken")

    with pytest.raises(TooManyFailures, match=r"all 5 runs failed; the first: ValueError: broken .*row 0: a="):
        collect(never, AB, points(5))
    assert len(collect(never, AB, points(50), max_failed=1)) == 0


def test_an_interrupt_passes_through_and_carries_the_runs():
    def interrupted(a, b):
        if a == 0.5:
            raise KeyboardInterrupt
        return a

    design = points(10)
    design.loc[6, "a"] = 0.5
    with pytest.raises(KeyboardInterrupt) as caught:
        collect(interrupted, AB, design)
    assert len(caught.value.runs) == 6
    assert caught.value.runs.status.tolist() == ["ok"] * 6 + ["pending"] * 4


def test_every_policy_meets_the_same_futures_and_the_same_seeds():
    def stochastic(a, b, emission=1.0, seed=0):
        return {"noise": np.random.default_rng(seed).random(), "y": a * emission}

    policies = {"none": {}, "cap": {"emission": 0.5}, "ban": {"emission": 0.0, "b": 2.0}}
    runs = collect(stochastic, AB, points(20), policies=policies, replicates=3)
    assert len(runs) == 3 * 20 * 3
    assert runs.space.names == ("a", "b", "policy")
    tables = {name: runs.X[runs.X.policy == name].reset_index(drop=True) for name in policies}
    assert tables["none"]["a"].equals(tables["cap"]["a"])
    assert (tables["ban"]["b"] == 2.0).all()
    noise = {name: runs["noise"][runs.X.policy == name].to_numpy() for name in policies}
    np.testing.assert_array_equal(noise["none"], noise["ban"])
    assert len(set(noise["none"])) == 60  # each replicate has a seed of its own
    np.testing.assert_array_equal(runs["y"][runs.X.policy == "cap"], 0.5 * tables["cap"]["a"])
    assert runs.inputs["replicate"].value_counts().tolist() == [60, 60, 60]


def test_a_policy_may_be_a_list_of_numbers():
    def lake(a, b, release=(0.0,)):
        return a + sum(release)

    runs = collect(lake, AB, points(3), policies={"flat": {"release": np.array([0.1, 0.2])}, "none": {}})
    np.testing.assert_allclose(runs["y"][:3] - runs["y"][3:].to_numpy(), 0.3)


def test_seeds_follow_from_study_seed_and_point_not_from_order():
    def stochastic(a, b, seed):
        return float(seed)

    design = points(40)
    forward = collect(stochastic, AB, design)["y"]
    backward = collect(stochastic, AB, design[::-1].reset_index(drop=True))["y"]
    np.testing.assert_array_equal(forward, backward[::-1])
    assert not forward.equals(collect(stochastic, AB, design, seed=1)["y"])
    twice = collect(stochastic, AB, pd.concat([design, design], ignore_index=True))["y"]
    assert twice.nunique() == 80


def test_progress_hears_of_every_state_and_the_end():
    heard: list[Progress] = []
    collect(model, AB, points(30), progress=heard.append)
    assert heard[-1].planned == heard[-1].done == 30
    assert heard[-1].failed == 0
    assert "30 of 30 runs" in str(heard[-1])


def test_nothing_is_printed_unless_standard_error_is_a_terminal(capfd):
    collect(model, AB, points(30))
    assert capfd.readouterr() == ("", "")


def test_a_fitted_model_b_is_a_simulator_again():
    from sklearn.ensemble import RandomForestRegressor

    first = collect(model, AB, points(60))
    forest = RandomForestRegressor(10, random_state=0).fit(first.X, first.y)
    again = collect(Estimator(forest, outputs=["sum"]), AB, points(200, seed=1))
    np.testing.assert_array_equal(again["sum"], forest.predict(again.X))


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"replicates": 0}, ValueError, "replicates: expected a whole number of at least 1"),
        ({"retries": -1}, ValueError, "retries: expected"),
        ({"seed": 0.5}, ValueError, "seed: expected"),
        ({"max_failed": 20}, ValueError, "max_failed: expected a share"),
        ({"on_change": "ask"}, ValueError, "on_change: expected"),
        ({"progress": True}, TypeError, "progress: expected a callable"),
        ({"policies": {}}, TypeError, "policies: expected a dict"),
        ({"policies": {"cap": {"emission": 1}}}, ValueError, "policies: 'emission': the simulator has no argument"),
        ({"policies": {"cap": {"a": {1}}}}, TypeError, "policies\\['cap'\\]: expected settings"),
        ({"policies": {"cap": {"a": "high"}}}, ValueError, "policies\\['cap'\\]\\['a'\\]: expected numbers"),
        ({"design": points(0)}, ValueError, "design: it has no points"),
        ({"design": points(3)[["a"]]}, ValueError, "design: column 'b' is missing"),
        ({"design": "lhs"}, ValueError, "design: expected a design such as"),
        ({"store": 5}, TypeError, "store: expected the path of a folder"),
        ({"store": ""}, TypeError, "store: expected the path of a folder"),
        ({"timeout": "5"}, TypeError, "timeout: expected a number of seconds"),
        ({"memory": "2GB"}, TypeError, "memory: expected a number of bytes"),
        ({"bounds": {"a": (0, 1)}}, ValueError, "needs 'b'"),
    ],
)
def test_wrong_arguments_are_refused_by_name_before_any_run(arguments, error, words):
    with pytest.raises(error, match=words):
        collect(model, **{"bounds": AB, "design": points(3), **arguments})


def test_a_transfer_set_does_not_change():
    runs = collect(model, AB, points(5))
    for mine in (runs.X, runs.inputs, runs["sum"], runs.y, runs.status):
        mine.iloc[:] = 0
    with pytest.raises(ValueError, match="read-only"):
        runs.fields["Cp"][:] = 0.0
    with pytest.raises(AttributeError):
        runs.space = None
    assert runs.X.equals(points(5))
    assert (runs["sum"] > 0).all()


def test_unknown_outputs_are_named_with_what_there_is():
    runs = collect(model, AB, points(5))
    with pytest.raises(KeyError, match=r"outputs are \['sum'\]"):
        runs["total"]
    with pytest.raises(KeyError, match=r'runs.fields\["Cp"\]'):
        runs["Cp"]
    with pytest.raises(KeyError, match="no output 'Cd'"):
        runs.fields["Cd"]


def test_runs_made_elsewhere_become_a_transfer_set():
    X = pd.DataFrame({"a": [0.1, 0.2, 0.3], "n": [1, 2, 3], "fuel": ["gas", "coal", "gas"]})
    runs = TransferSet.from_frame(
        X, pd.DataFrame({"y": [1.0, np.nan, 3.0], "z": [1.0, 2.0, 3.0]}), fields={"T": np.eye(3)}
    )
    assert runs.space.parameters == {"a": Real(0.1, 0.3), "n": Integer(1, 3), "fuel": Categorical(("gas", "coal"))}
    assert runs.X.index.tolist() == [0, 1]
    assert runs["z"].tolist() == [1.0, 3.0]
    assert runs.failures.index.tolist() == [1]
    assert "'y'" in runs.failures.loc[1, "message"]
    np.testing.assert_array_equal(runs.fields["T"], np.eye(3)[[0, 2]])
    assert len(TransferSet.from_frame(np.random.default_rng(0).random((9, 2)), np.zeros(9))) == 9


@pytest.mark.parametrize(
    ("inputs", "outputs", "words"),
    [
        ({"a": [1.0, 2.0]}, [1.0], r"outputs\['y'\]: expected 2 rows"),
        ({"a": [1.0, 1.0]}, [1.0, 2.0], r"inputs\['a'\]: all values are 1"),
        ({"a": [1.0, 2.0]}, ["u", "v"], "expected a column of numbers"),
        ([1.0, 2.0], [1.0, 2.0], "inputs: expected shape"),
    ],
)
def test_runs_made_elsewhere_are_checked(inputs, outputs, words):
    with pytest.raises(ValueError, match=words):
        TransferSet.from_frame(inputs, outputs)


def test_names_that_tables_could_not_hold_twice_are_refused():
    with pytest.raises(ValueError, match="output 'a' has the name of an input") as caught:
        collect(lambda a, b: {"a": a, "z": b}, {"a": (0, 1), "b": (0, 1)}, 20)
    assert len(caught.value.runs) == 1
    with pytest.raises(ValueError, match="'status' is taken by a column of runs.failures"):
        collect(lambda status: status, {"status": (0, 1)}, 20)
    with pytest.raises(TypeError, match="policies: expected a dict"):
        collect(lambda a: a, {"a": (0, 1)}, 20, policies=[{"a": 0.5}])


class Warming:
    """Its first answer is of another kind than all others."""

    def __init__(self, odd):
        self.odd = odd
        self.calls = 0

    def fingerprint(self):
        return "warming"

    def __call__(self, a, b):
        self.calls += 1
        return self.odd if self.calls == 1 else {"lift": a, "Cp": np.array([a, b])}


@pytest.mark.parametrize("odd", [0.0, np.zeros(3), {"lift": 1.0}, {"lift": 1.0, "Cp": np.zeros(3)}], ids=str)
@pytest.mark.parametrize("kept", [False, True])
def test_if_the_first_run_is_the_odd_one_out_the_majority_of_the_first_runs_decides(odd, kept, tmp_path):
    store = tmp_path / "s.runs" if kept else None
    runs = collect(Warming(odd), AB, 30, store=store)
    assert len(runs) == 29
    assert (runs.output_names, list(runs.fields)) == (("lift",), ["Cp"])
    assert list(runs.failures.index) == [0]
    assert list(runs.failures["status"]) == ["bad output"]
    assert "first runs" in runs.failures["message"][0]
    np.testing.assert_array_equal(runs.fields["Cp"], runs.X.to_numpy())
    if kept:
        opened = TransferSet.open(store)
        assert opened["lift"].equals(runs["lift"])
        assert verify(store).ok
        assert len(collect(Warming(odd), AB, 30, store=store)) == 29  # nothing is run again


def test_a_later_odd_run_is_the_one_that_fails():
    calls = iter(range(30))
    runs = collect(lambda a, b: {"y": a} if next(calls) != 7 else a, AB, 30)
    assert runs.output_names == ("y",)
    runs = collect(lambda a, b: np.array([a, b]) if a > 0.1 else a, AB, 30)
    assert runs.output_names == ("y1", "y2")
    assert len(runs) == 27


def test_a_simulator_may_answer_with_fields_alone(tmp_path):
    def model(a, b):
        return {"T": np.linspace(a, b, 5), "map": np.full((2, 3), a)}

    for running in ({}, {"store": tmp_path / "s.runs"}, {"executor": "processes", "store": tmp_path / "t.runs"}):
        runs = collect(model, AB, 25, **running)
        assert runs.output_names == ()
        assert runs.y.shape == (25, 0)
        assert runs.fields["map"].shape == (25, 2, 3)
        np.testing.assert_array_equal(runs.fields["T"][:, 0], runs.X["a"])
        assert "T (field)" in repr(runs)
    assert TransferSet.open(tmp_path / "t.runs").fields["T"].shape == (25, 5)
    assert verify(tmp_path / "s.runs").ok
