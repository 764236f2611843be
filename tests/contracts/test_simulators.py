"""What every ready simulator keeps: finite answers, no memory, no unused input, a reference and units."""

from __future__ import annotations

import importlib
import inspect
import pickle
import pkgutil
from functools import cache

import cloudpickle
import numpy as np
import pytest

import sims
from sims.adapters import ODE
from surrogate import check_simulator
from surrogate.design import LatinHypercube
from surrogate.simulation import Chunk, SimulationFailed, Status, as_simulator
from surrogate.simulation import run as run_all
from surrogate.space import Space

# Every public simulator and how many points of its space are run here: fewer where a run takes longer.
SIMULATORS = {
    "sims.functions.Borehole": 64,
    "sims.functions.Ishigami": 64,
    "sims.functions.OTLCircuit": 64,
    "sims.functions.Piston": 64,
    "sims.functions.WingWeight": 64,
    "sims.ode.Influenza": 8,
    "sims.ode.Robertson": 8,
    "sims.ode.SEIR": 32,
    "sims.pde.Airfoil": 16,
    "sims.pde.Burgers": 8,
    "sims.pde.Heat": 8,
    "sims.policy.ClimateEconomy": 64,
    "sims.policy.Lake": 64,
    "sims.policy.SmartGrid": 16,
    "sims.policy.SymmetricSmartGrid": 16,
}


def public_simulators():
    """Names of all classes that the packages of sims export, but for the adapters that simulators are made from."""
    for package in pkgutil.iter_modules(sims.__path__, "sims."):
        if package.name == "sims.adapters":
            continue
        module = importlib.import_module(package.name)
        yield from (f"{package.name}.{name}" for name in module.__all__ if inspect.isclass(getattr(module, name)))


def simulator_classes():
    """Names of all classes in modules of sims that say how they are run, whether exported or not."""
    for found in pkgutil.walk_packages(sims.__path__, "sims."):
        module = importlib.import_module(found.name)
        package = found.name if found.ispkg else found.name.rpartition(".")[0]
        if package == "sims.adapters":
            continue
        for name, value in vars(module).items():
            if inspect.isclass(value) and value.__module__ == found.name and hasattr(value, "vectorized"):
                yield f"{package}.{name}"


def make(name):
    package, _, cls = name.rpartition(".")
    return getattr(importlib.import_module(package), cls)()


@cache
def points(name):
    """Points inside the space, and up to 16 of its corners."""
    simulator, n = make(name), SIMULATORS[name]
    d = len(simulator.space)
    corners = np.random.default_rng(0).integers(0, 2, (min(16, n), d)).astype(float)
    corners[0], corners[1] = 0.0, 1.0
    inside = LatinHypercube(n, seed=0).sample(simulator.space)
    return [*inside.to_dict("records"), *simulator.space.from_unit(corners).to_dict("records")]


def run(simulator, point):
    """Answer of one run as named arrays, or the reason of its failure."""
    try:
        answer = as_simulator(simulator).call(point, {}, None)
    except SimulationFailed as failure:
        return str(failure)
    named = answer if isinstance(answer, dict) else {simulator.outputs[0]: answer}
    return {key: np.asarray(value) for key, value in named.items()}


@cache
def answers(name):
    simulator = make(name)
    return [run(simulator, point) for point in points(name)]


def same(one, other):
    if isinstance(one, str) or isinstance(other, str):
        return one == other
    return one.keys() == other.keys() and all(np.array_equal(one[key], other[key]) for key in one)


def test_every_public_simulator_is_tested_here():
    assert set(public_simulators()) == set(SIMULATORS)


def test_every_simulator_is_exported_by_its_package():
    assert set(simulator_classes()) == set(SIMULATORS)


@pytest.mark.parametrize("name", SIMULATORS)
def test_every_simulator_passes_the_public_check(name):
    report = check_simulator(make(name), n=4)
    assert [check.name for check in report.checks if check.passed is None and check.name != "vectorized"] == ["seeds"]


@pytest.mark.parametrize("name", SIMULATORS)
def test_answers_are_finite_all_over_the_space(name):
    declared = make(name).outputs
    for point, answer in zip(points(name), answers(name), strict=True):
        assert not isinstance(answer, str), f"{point} failed: {answer}"
        assert tuple(answer) == declared
        for key, value in answer.items():
            assert np.all(np.isfinite(value)), f"{key} at {point}"


@pytest.mark.parametrize("name", SIMULATORS)
def test_a_field_has_one_shape_all_over_the_space(name):
    shapes = [{key: value.shape for key, value in answer.items()} for answer in answers(name)]
    assert all(shape == shapes[0] for shape in shapes)


@pytest.mark.parametrize("name", SIMULATORS)
def test_the_same_inputs_give_the_same_bits_in_any_order(name):
    simulator, expected = make(name), answers(name)
    for i in np.random.default_rng(1).permutation(len(expected))[:10]:
        assert same(run(simulator, points(name)[i]), expected[i]), points(name)[i]


@pytest.mark.parametrize("name", SIMULATORS)
def test_every_input_is_used(name):
    simulator = make(name)
    before, other = points(name)[:2]
    for parameter in simulator.space.names:
        after = run(simulator, {**before, parameter: other[parameter]})
        assert not same(after, answers(name)[0]), f"{parameter} changes nothing"


@pytest.mark.parametrize("name", SIMULATORS)
@pytest.mark.parametrize("pickler", [pickle, cloudpickle], ids=["pickle", "cloudpickle"])
def test_a_simulator_travels_to_another_process(name, pickler):
    point = points(name)[0]
    travelled = pickle.loads(pickler.dumps(make(name)))
    assert same(run(travelled, point), answers(name)[0])
    assert travelled.space == make(name).space


@pytest.mark.parametrize("name", [name for name in SIMULATORS if make(name).vectorized])
def test_many_runs_at_once_equal_one_by_one(name):
    simulator = make(name)
    rows = points(name)
    together = simulator(**{key: np.array([row[key] for row in rows]) for key in simulator.space.names})
    named = together if isinstance(together, dict) else {simulator.outputs[0]: together}
    for key, column in named.items():
        assert np.shape(column) == (len(rows), *answers(name)[0][key].shape)
        assert column == pytest.approx(np.array([answer[key] for answer in answers(name)]), rel=1e-12)


@pytest.mark.parametrize("name", SIMULATORS)
def test_a_simulator_is_called_by_name_and_refuses_what_it_does_not_know(name):
    point = dict(points(name)[0])
    with pytest.raises(TypeError):
        make(name)(**point, unheard_of=1.0)
    point.popitem()
    with pytest.raises(TypeError):
        make(name)(**point)


@pytest.mark.parametrize("name", SIMULATORS)
def test_a_reader_learns_source_units_and_meaning(name):
    simulator = make(name)
    assert isinstance(simulator.space, Space)
    assert any(year in simulator.reference for year in map(str, range(1900, 2100)))
    assert set(simulator.units) == set(simulator.outputs)
    documented = inspect.getdoc(type(simulator))
    for parameter, described in simulator.space.parameters.items():
        assert described.unit or "dimensionless" in documented.lower(), f"{parameter} has no unit"
    assert "References\n----------" in documented
    assert "Examples\n--------" in documented
    for word in (*simulator.space.names, *simulator.outputs):
        assert word in documented, f"{word} is not explained"


def test_a_solver_that_fails_is_a_status_with_its_message():
    explosion = ODE(lambda t, y, a: y**2 / a, [1.0], {"a": (0.5, 4.0)}, {"y": lambda run: run.final("y1")}, (0.0, 2.0))
    planned = Chunk(np.arange(2), {"a": np.array([1.0, 4.0])}, {})
    failed, done = (outcome for _, outcome in run_all(as_simulator(explosion), [planned]))
    assert failed.status == Status.EXCEPTION
    assert "RK45 stopped at t=0.99" in failed.message or "RK45 stopped at t=1" in failed.message
    assert failed.outputs == {}
    assert done.outputs["y"] == pytest.approx(2.0, rel=1e-4)
