"""System dynamics models as simulators: exact, and without PySD's memory of earlier runs."""

from __future__ import annotations

import sys
import warnings

import cloudpickle
import numpy as np
import pytest

from sims.adapters import PySD
from surrogate import LatinHypercube, SimulationFailed, collect
from surrogate.simulation import as_simulator

VENSIM = """{UTF-8}
population= INTEG (births - deaths, initial population)
	~	people
	~		|
births= population * birth rate
	~	people/year
	~		|
deaths= population / lifetime
	~	people/year
	~		|
birth rate= 0.04
	~	1/year
	~		|
lifetime= 50
	~	year
	~		|
initial population= 100
	~	people
	~		|
FINAL TIME  = 40
	~	year
	~		|
INITIAL TIME  = 0
	~	year
	~		|
SAVEPER  = TIME STEP
	~	year
	~		|
TIME STEP  = 0.25
	~	year
	~		|
"""
XMILE = """<?xml version="1.0" encoding="utf-8"?>
<xmile version="1.0" xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0">
  <header><product version="1.0">by hand</product><vendor>nobody</vendor><name>town</name></header>
  <sim_specs time_units="year"><start>0</start><stop>40</stop><dt>0.25</dt></sim_specs>
  <model><variables>
    <stock name="population"><eqn>initial_population</eqn><inflow>births</inflow><outflow>deaths</outflow></stock>
    <flow name="births"><eqn>population * birth_rate</eqn></flow>
    <flow name="deaths"><eqn>population / lifetime</eqn></flow>
    <aux name="birth rate"><eqn>0.04</eqn></aux>
    <aux name="lifetime"><eqn>50</eqn></aux>
    <aux name="initial population"><eqn>100</eqn></aux>
  </variables></model>
</xmile>
"""
BOUNDS = {"birth rate": (0.01, 0.05), "lifetime": (40.0, 80.0), "initial population": (50.0, 200.0)}
ROW = {"birth rate": 0.04, "lifetime": 50.0, "initial population": 100.0}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("town")
    for name, text in (("town.mdl", VENSIM), ("town.xmile", XMILE)):
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def town(files):
    return PySD(files / "town.mdl", BOUNDS, {"population": "population"})


def euler(row, steps=160, step=0.25):
    """The same model by Euler's method: every step grows by the same factor."""
    rate = row["birth rate"] - 1 / row["lifetime"]
    return row["initial population"] * (1 + step * rate) ** steps


@pytest.mark.parametrize("name", ["town.mdl", "town.xmile"])
def test_the_answer_is_the_exact_one_of_eulers_method(files, name):
    run = PySD(files / name, BOUNDS, {"population": "population"})
    for row in LatinHypercube(10, seed=0).sample(run.space).to_dict("records"):
        assert run(**row)["population"] == pytest.approx(euler(row), rel=1e-10)


def test_a_smaller_step_comes_nearer_to_the_differential_equation(files):
    truth = 100.0 * np.exp(0.02 * 40)
    answers = [
        PySD(files / "town.mdl", BOUNDS, {"p": "population"}, time_step=step)(**ROW)["p"] for step in (1.0, 0.125)
    ]
    assert abs(answers[1] - truth) < abs(answers[0] - truth) / 7


def test_functions_read_series_and_return_fields(files):
    outputs = {"peak": lambda record: record["births"].max(), "t": lambda r: r["time"], "p": lambda r: r["population"]}
    run = PySD(files / "town.mdl", BOUNDS, outputs, record=["births", "population"], final_time=10.0, time_step=1.0)
    answer = run(**ROW)
    assert answer["t"].tolist() == list(range(11))
    assert answer["p"] == pytest.approx(100.0 * 1.02 ** np.arange(11), rel=1e-12)
    assert answer["peak"] == pytest.approx(0.04 * answer["p"][-1])


def test_pysd_itself_remembers_and_the_adapter_does_not(files, town, tmp_path):
    import pysd

    (tmp_path / "town.mdl").write_text(VENSIM, encoding="utf-8")
    with warnings.catch_warnings(action="ignore"):
        model = pysd.read_vensim(str(tmp_path / "town.mdl"))
        before = model.run(return_columns=["population"])["population"].iloc[-1]
        model.run(params={"birth rate": 0.01})
        assert model.run(return_columns=["population"])["population"].iloc[-1] < 0.5 * before  # the leak
    rows = LatinHypercube(12, seed=0).sample(town.space).to_dict("records")
    first = [town(**row) for row in rows]
    assert [town(**row) for row in reversed(rows)] == first[::-1]


def test_a_simulator_that_varies_few_constants_leaves_the_others_as_the_model_has_them(files, town):
    town(**{**ROW, "lifetime": 80.0})
    few = PySD(files / "town.mdl", {"birth rate": (0.01, 0.05)}, {"population": "population"})
    assert few(**{"birth rate": 0.04})["population"] == pytest.approx(euler(ROW), rel=1e-10)


def test_it_travels_to_other_processes(town):
    travelled = cloudpickle.loads(cloudpickle.dumps(town))
    assert as_simulator(travelled).fingerprint == as_simulator(town).fingerprint
    runs = [collect(town, design=LatinHypercube(6, seed=0), isolation=isolation) for isolation in (None, "process")]
    assert runs[0].y.equals(runs[1].y)


def test_a_run_that_fails_is_a_failed_run_and_the_next_one_is_fine(town, monkeypatch):
    town(**ROW)
    monkeypatch.setattr(town._model, "run", lambda **_: 1 / 0)
    with pytest.raises(SimulationFailed, match="PySD failed: ZeroDivisionError"):
        town(**ROW)
    assert town(**ROW)["population"] == pytest.approx(euler(ROW), rel=1e-10)


def test_what_the_model_does_not_have_is_refused_at_the_door(files, town, tmp_path):
    def make(bounds=BOUNDS, path=files / "town.mdl", **outputs):
        return PySD(path, bounds, outputs or {"population": "population"})

    with pytest.raises(
        ValueError, match=r"space\['birthrate'\]: the model has no variable of this name; it has .*birth rate"
    ):
        make({"birthrate": (0, 1)})
    with pytest.raises(ValueError, match=r"space\['births'\]: the model computes this variable itself"):
        make({"births": (0, 1)})
    with pytest.raises(ValueError, match="outputs: 'people': the model has no variable"):
        make(end="people")
    with pytest.raises(ValueError, match=r"ending in \.mdl, \.xmile, \.xml, \.stmx"):
        make(path=files / "town.py")
    with pytest.raises(ValueError, match="there is no file"):
        make(path=files / "missing.mdl")
    (tmp_path / "broken.xmile").write_text("<xmile>")
    with pytest.raises(ValueError, match=r"PySD cannot translate 'broken.xmile'"):
        make(path=tmp_path / "broken.xmile")
    with pytest.raises(TypeError, match="missing lifetime, initial population"):
        town(**{"birth rate": 0.04})


def test_translating_leaves_no_file_beside_the_model(files, town):
    assert sorted(path.name for path in files.iterdir()) == ["town.mdl", "town.xmile"]


def test_without_pysd_the_message_says_what_to_install(files, monkeypatch):
    monkeypatch.setitem(sys.modules, "pysd", None)
    with pytest.raises(ImportError, match=r"pip install 'surrogate-discovery\[pysd\]'"):
        PySD(files / "town.mdl", BOUNDS, {"population": "population"})
