"""Files written by earlier versions of the format stay readable, and predict what they predicted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from surrogate import Surrogate
from surrogate.export import read_model
from surrogate.export.model_file import VERSION
from surrogate.models.records import Record

GOLDEN = Path(__file__).parent / "golden"
FILES = sorted(GOLDEN.glob("version*/*.surrogate"))


def test_every_version_has_its_golden_files():
    assert {path.parent.name for path in FILES} == {f"version{i}" for i in range(1, VERSION + 1)}
    kinds = {"constant", "gaussian_process", "mlp", "boosted_trees", "polynomial_chaos", "kriging", "surrogate"}
    assert kinds <= {path.stem for path in FILES}


@pytest.mark.parametrize("path", [p for p in FILES if p.stem != "surrogate"], ids=lambda p: p.stem)
def test_records_of_earlier_versions_predict_what_they_predicted(path):
    record = Record.from_state(*read_model(path))
    rows, expected = np.load(path.parent / "rows.npy"), np.load(path.with_suffix(".npy"))
    # Other machines' exponentials and matrix products may round otherwise in the last bits.
    np.testing.assert_allclose(record.predict(rows), expected, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("path", [p for p in FILES if p.stem == "surrogate"], ids=lambda p: p.parent.name)
def test_surrogates_of_earlier_versions_predict_what_they_predicted(path):
    model = Surrogate.load(path)
    rows = model.space.from_unit(np.load(path.parent / "rows.npy")[:, [0, 1, 0]])
    np.testing.assert_allclose(model.predict(rows), np.load(path.with_suffix(".npy")), rtol=1e-11, atol=1e-13)
    assert model.in_domain(rows).dtype == bool
    lower, upper = model.interval(rows)
    assert (lower <= upper).all()
