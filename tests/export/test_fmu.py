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


def test_all_kinds_of_models_give_the_models_numbers(space, records, tmp_path):
    from fmpy.validation import validate_fmu

    statement = export_model(tmp_path / "model.fmu", space, records)
    assert statement.startswith("Checked when written: 1000 random rows, 2")
    assert "FMI 2.0 co-simulation" in statement
    assert validate_fmu(str(tmp_path / "model.fmu")) == []
    with zipfile.ZipFile(tmp_path / "model.fmu") as archive:
        assert archive.read("documentation/checked.txt").decode() == statement


def test_inputs_that_change_in_time_are_followed(tmp_path):
    space = Space({"u": Real(0.0, 10.0), "v": Real(1.0, 2.0)})
    F = np.random.default_rng(0).random((60, 2))
    record = MLP(max_iter=30).fit(F, np.sin(3 * F[:, 0]) * F[:, 1]).record_
    export_model(tmp_path / "m.fmu", space, {"y": record})
    times = np.linspace(0.0, 10.0, 11)
    signals = np.array([(t, t, 1.5) for t in times], dtype=[("time", float), ("u", float), ("v", float)])
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
