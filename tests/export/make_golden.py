"""Write the golden file of the present version of the format: run it once when the version changes, never otherwise.

python tests/export/make_golden.py tests/export/golden/version1
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from surrogate import Categorical, LatinHypercube, Real, Space, Surrogate, TransferSet
from surrogate.export import write_model
from surrogate.models.records import (
    BoostedTreesRecord,
    Constant,
    GaussianProcessRecord,
    KrigingRecord,
    MLPRecord,
    PolynomialChaosRecord,
    Record,
)


def golden_records() -> dict[str, Record]:
    """One small record of each kind, of fixed numbers."""
    rng = np.random.default_rng(0)
    points = rng.random((5, 2))
    return {
        "constant": Constant(value=0.1, spread=0.0, n_inputs=2),
        "gaussian_process": GaussianProcessRecord(
            correlation="matern52", location=np.array([0.1, 0.2]), length=np.array([0.3, 0.7]), points=points,
            weights=rng.standard_normal(5), trend=0.5, scale=1.5, nugget=1e-8, whitener=np.tril(rng.random((5, 5))),
        ),
        "mlp": MLPRecord(
            location=np.zeros(2), width=np.ones(2), activation="tanh", center=0.5, spread=2.0,
            weights=(rng.random((2, 2, 3)), rng.random((2, 3, 1))),
            biases=(rng.random((2, 1, 3)), rng.random((2, 1, 1))),
        ),
        "polynomial_chaos": PolynomialChaosRecord(
            location=np.array([0.0, 0.1]), width=np.array([1.0, 0.8]), coefficients=np.array([1.5, -0.5, 0.25]),
            degrees=np.array([[0, 0], [3, 0], [1, 2]], np.int32),
        ),
        "boosted_trees": BoostedTreesRecord(
            location=np.array([0.0, 0.5]), width=np.array([1.0, 2.0]), roots=np.array([0, 3], np.int32),
            feature=np.array([0, 0, 0, 1, 0, 0], np.int32),
            threshold=np.array([0.5, 0, 0, -0.1, 0, 0], np.float32),
            children=np.array([[1, 2], [1, 1], [2, 2], [4, 5], [4, 4], [5, 5]], np.int32),
            missing=np.array([1, 0, 0, 0, 0, 0], np.int32), value=np.array([0, 0.25, -1.0, 0, 3.0, 0.125]), depth=1,
            base=0.75,
        ),
        "kriging": KrigingRecord(
            correlation="matern72", interaction=0.5, location=np.array([0.1, 0.2]), length=np.array([0.3, 0.7]),
            points=points, weights=rng.standard_normal(5), scale=1.5, nugget=1e-8, whitener=np.tril(rng.random((5, 5))),
            trend=PolynomialChaosRecord(
                location=np.zeros(2), width=np.ones(2), coefficients=np.array([1.5, -0.5]),
                degrees=np.array([[0, 0], [0, 1]], np.int32),
            ),
            whitened_trend=rng.random((5, 2)), trend_whitener=np.tril(rng.random((2, 2))),
        ),
    }  # fmt: skip


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=False)
    rows = np.random.default_rng(1).random((20, 2))
    np.save(folder / "rows.npy", rows)
    for name, record in golden_records().items():
        state, arrays = record.to_state()
        write_model(folder / f"{name}.surrogate", state, arrays)
        np.save(folder / f"{name}.npy", record.predict(rows))
    space = Space({"a": Real(0, 1, unit="m"), "b": Real(1e-3, 1.0, log=True), "fuel": Categorical(["gas", "coal"])})
    made = space.from_unit(LatinHypercube(40, seed=0).sample(Space.from_bounds([(0, 1)] * 3)).to_numpy())
    answers = {
        "u": np.sin(4 * made["a"]) + np.log10(made["b"]),
        "v": made["a"] * (made["fuel"] == "coal"),
        "w": np.ones(len(made)),
    }
    model = Surrogate.from_runs(TransferSet.from_frame(made, pd.DataFrame(answers), space=space))
    model.save(folder / "surrogate.surrogate")
    np.save(folder / "surrogate.npy", model.predict(space.from_unit(rows[:, [0, 1, 0]])))
