"""FMUs as simulators: exact, without memory of earlier runs, and clear about what they cannot do."""

from __future__ import annotations

import gc
import math
import sys
import tempfile
from pathlib import Path

import cloudpickle
import numpy as np
import pytest

from sims.adapters import FMU
from sims.adapters import fmu as module
from surrogate import Categorical, Integer, LatinHypercube, SimulationFailed, collect
from surrogate.simulation import as_simulator

# A tank that cools, solved exactly in each step. It counts its runs in a variable that a reset must bring back.
TANK = """
import math

from pythonfmu import Boolean, Fmi2Causality, Fmi2Slave, Fmi2Variability, Integer, Real


class Tank(Fmi2Slave):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.start, self.loss, self.ambient, self.layers, self.closed = 80.0, 0.1, 20.0, 1, True
        self.T, self.steps = 0.0, 0
        settable = {"causality": Fmi2Causality.parameter, "variability": Fmi2Variability.tunable}
        for name in ("start", "loss", "ambient"):
            self.register_variable(Real(name, **settable))
        self.register_variable(Integer("layers", **settable))
        self.register_variable(Boolean("closed", **settable))
        self.register_variable(Real("T", causality=Fmi2Causality.output))
        self.register_variable(Integer("steps", causality=Fmi2Causality.output))

    def exit_initialization_mode(self):
        self.T = self.start

    def do_step(self, time, step):
        if self.start > 100.0:
            raise ValueError("the tank boils")
        self.steps += 1
        self.T = self.ambient + (self.T - self.ambient) * math.exp(-self.loss * step / self.layers)
        return True
"""
BOUNDS = {"start": (50.0, 90.0), "loss": (0.05, 0.2), "ambient": (0.0, 30.0)}


@pytest.fixture(scope="module")
def tank(tmp_path_factory):
    from pythonfmu.builder import FmuBuilder

    folder = tmp_path_factory.mktemp("fmu")
    (folder / "tank.py").write_text(TANK, encoding="utf-8")
    return FmuBuilder.build_FMU(folder / "tank.py", dest=folder)


@pytest.fixture(autouse=True)
def own_temporary_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))  # for child processes


def simulator(tank, bounds=None, **options):
    outputs = options.pop("outputs", {"end": "T", "steps": "steps"})
    return FMU(tank, bounds or BOUNDS, outputs, span=(0.0, 10.0), interval=1.0, **options)


def exact(start, loss, ambient, time=10.0):
    return ambient + (start - ambient) * np.exp(-loss * time)


def test_the_answer_is_the_analytic_one(tank):
    run = simulator(tank)
    for row in LatinHypercube(20, seed=0).sample(run.space).to_dict("records"):
        assert run(**row)["end"] == pytest.approx(exact(**row), rel=1e-12)


def test_functions_read_series_and_return_fields(tank):
    outputs = {"mean": lambda record: record["T"].mean(), "T": lambda record: record["T"], "t": lambda r: r["time"]}
    answer = simulator(tank, outputs=outputs, record=["T"])(start=80.0, loss=0.1, ambient=20.0)
    assert answer["t"].tolist() == list(range(11))
    assert answer["T"] == pytest.approx(exact(80.0, 0.1, 20.0, np.arange(11.0)), rel=1e-12)
    assert answer["mean"] == pytest.approx(answer["T"].mean())


def test_a_run_does_not_know_the_run_before(tank):
    rows = LatinHypercube(20, seed=0).sample(simulator(tank).space).to_dict("records")
    for recycle in (500, 3):
        run = simulator(tank, recycle=recycle)
        first = [run(**row) for row in rows]
        assert [run(**row) for row in reversed(rows)] == first[::-1]
        assert {answer["steps"] for answer in first} == {10.0}


def test_the_instance_is_made_once_and_replaced_after_some_runs(tank, monkeypatch):
    made = []
    monkeypatch.setattr(
        module, "_Instance", lambda content, make=module._Instance: made.append(make(content)) or made[-1]
    )
    run = simulator(tank, recycle=4)
    for _ in range(10):
        run(start=80.0, loss=0.1, ambient=20.0)
    assert [instance.runs for instance in made] == [4, 4, 2]
    run.close()


def test_more_than_a_thousand_runs_and_one_unpacked_folder(tank, tmp_path):
    run = simulator(tank, outputs={"end": "T"}, recycle=400)
    assert all(math.isfinite(run(start=80.0, loss=0.1, ambient=20.0)["end"]) for _ in range(1200))
    assert len(list(tmp_path.glob("surrogate-fmu-*"))) == 1


def test_integers_and_booleans_are_set_by_their_types(tank):
    run = simulator(tank, {"layers": Integer(1, 4), "closed": Categorical([True, False]), "loss": (0.05, 0.2)})
    assert run(layers=4, closed=False, loss=0.1)["end"] == pytest.approx(20.0 + 60.0 * math.exp(-0.25), rel=1e-12)


def test_a_failing_step_is_a_failed_run_and_the_next_one_is_fine(tank):
    run = simulator(tank, {**BOUNDS, "start": (50.0, 150.0)})
    for _ in range(20):
        with pytest.raises(SimulationFailed, match="the FMU failed: fmi2DoStep"):
            run(start=120.0, loss=0.1, ambient=20.0)
        gc.collect()  # what a library has broken shows here
    assert run(start=80.0, loss=0.1, ambient=20.0)["end"] == pytest.approx(exact(80.0, 0.1, 20.0), rel=1e-12)


def test_it_travels_to_other_processes(tank):
    run = simulator(tank)
    travelled = cloudpickle.loads(cloudpickle.dumps(run))
    assert as_simulator(travelled).fingerprint == as_simulator(run).fingerprint
    runs = [collect(run, design=LatinHypercube(8, seed=0), isolation=isolation) for isolation in (None, "process")]
    assert runs[0].y.equals(runs[1].y)
    assert runs[0].y["end"].to_numpy() == pytest.approx(exact(**runs[0].X).to_numpy(), rel=1e-12)


def test_what_the_fmu_does_not_have_is_refused_at_the_door(tank, tmp_path):
    with pytest.raises(ValueError, match=r"space\['los'\]: the FMU has no variable of this name; it has T, ambient"):
        simulator(tank, {"los": (0, 1)})
    with pytest.raises(ValueError, match="outputs: 'Temperature': the FMU has no variable"):
        simulator(tank, outputs={"end": "Temperature"})
    with pytest.raises(ValueError, match=r"space\['T'\]: the FMU computes this variable itself"):
        simulator(tank, {"T": (0, 1)})
    with pytest.raises(ValueError, match=r"space\['layers'\]: of type Integer in the FMU"):
        simulator(tank, {"layers": (0, 1)})
    with pytest.raises(ValueError, match="record: name the variables"):
        simulator(tank, outputs={"end": lambda record: 1.0})
    with pytest.raises(ValueError, match="there is no file"):
        simulator(tmp_path / "missing.fmu")
    (tmp_path / "text.fmu").write_text("no zip")
    with pytest.raises(ValueError, match=r"'text.fmu' is no FMU that FMPy can read"):
        simulator(tmp_path / "text.fmu")
    with pytest.raises(TypeError, match="missing ambient"):
        simulator(tank)(start=80.0, loss=0.1)


def test_an_unpacked_folder_of_somebody_else_is_not_run(tank, tmp_path, monkeypatch):
    run = simulator(tank)
    run(start=80.0, loss=0.1, ambient=20.0)
    run.close()
    (folder,) = tmp_path.glob("surrogate-fmu-*")
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SimulationFailed, match="belongs to somebody else"):
        run(start=80.0, loss=0.1, ambient=20.0)


def test_without_fmpy_the_message_says_what_to_install(tank, monkeypatch):
    monkeypatch.setitem(sys.modules, "fmpy", None)
    with pytest.raises(ImportError, match=r"pip install 'surrogate-discovery\[fmu\]'"):
        simulator(tank)


def test_the_module_is_imported_without_fmpy():
    assert "import fmpy" not in Path(module.__file__).read_text(encoding="utf-8").split("class FMU")[0]
