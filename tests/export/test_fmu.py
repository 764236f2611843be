"""The FMU runs where FMUs run: in FMPy, here."""

from __future__ import annotations

import shutil
import zipfile

import numpy as np
import pytest

from surrogate import Real, Space
from surrogate.export import ExportError, export_model, fmu
from surrogate.models.emulators import MLP

fmpy = pytest.importorskip("fmpy")
pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler is installed")


@pytest.mark.parametrize("fmi", [2, 3])
def test_all_kinds_of_models_give_the_models_numbers(fmi, space, records, tmp_path):
    from fmpy.validation import validate_fmu

    statement = export_model(tmp_path / "model.fmu", space, records, fmi=fmi)
    assert statement.startswith("Checked when written: 1000 random rows, 2")
    assert f"FMI {fmi}.0 co-simulation" in statement
    assert validate_fmu(str(tmp_path / "model.fmu")) == []
    with zipfile.ZipFile(tmp_path / "model.fmu") as archive:
        assert archive.read("documentation/checked.txt").decode() == statement


@pytest.mark.parametrize("fmi", [2, 3])
def test_inputs_that_change_in_time_are_followed(fmi, tmp_path):
    space = Space({"u": Real(0.0, 10.0), "level": Real(1.0, 2.0)})
    F = np.random.default_rng(0).random((60, 2))
    record = MLP(max_iter=30).fit(F, np.sin(3 * F[:, 0]) * F[:, 1]).record_
    export_model(tmp_path / "m.fmu", space, {"y": record}, fmi=fmi)
    times = np.linspace(0.0, 10.0, 11)
    signals = np.array([(t, t, 1.5) for t in times], dtype=[("time", float), ("u", float), ("level", float)])
    answer = fmpy.simulate_fmu(
        str(tmp_path / "m.fmu"), stop_time=10.0, step_size=1.0, output_interval=1.0, input=signals, output=["y"]
    )
    expected = record.predict(space.features(np.column_stack([times, np.full(11, 1.5)])))
    # FMPy sets the inputs of a step before it, so that outputs lag by at most one step.
    assert np.allclose(answer["y"][1:], expected[:-1], atol=1e-9) or np.allclose(answer["y"], expected, atol=1e-9)


def test_without_a_compiler_it_is_refused_in_words(space, records, tmp_path, monkeypatch):
    monkeypatch.setattr(fmu.shutil, "which", lambda _: None)
    with pytest.raises(ExportError, match="no C compiler"):
        export_model(tmp_path / "m.fmu", space, {"tree": records["tree"]})


def test_inputs_and_outputs_of_one_name_are_told_apart(tmp_path):
    space = Space({"time": Real(0.0, 1.0), "y": Real(0.0, 1.0)})
    F = np.random.default_rng(0).random((40, 2))
    record = MLP(max_iter=10).fit(F, F[:, 0]).record_
    for fmi in (2, 3):
        export_model(tmp_path / "m.fmu", space, {"y": record, "y_out": record}, fmi=fmi)
        description = fmpy.read_model_description(str(tmp_path / "m.fmu"))
        names = [variable.name for variable in description.modelVariables]
        assert names[:4] == ["time", "y", "y_out", "y_out_out"]
        assert len(set(names)) == len(names)


def test_other_versions_are_refused(space, records, tmp_path):
    with pytest.raises(ValueError, match="fmi: 2 or 3"):
        export_model(tmp_path / "m.fmu", space, {"tree": records["tree"]}, fmi=1)
