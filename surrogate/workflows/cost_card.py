"""What a model costs, beside the simulator and the candidates that were not chosen."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from surrogate.workflows.surrogate import Surrogate

_COLUMNS = ("parameters", "memory_bytes", "disk_bytes", "one_row_us", "one_row_p95_us", "rows_a_second", "speed_up")


def cost_card(model: Surrogate, seconds: Any = None) -> pd.DataFrame:
    """Return what a model costs, as `Surrogate.cost_card` describes it.

    Parameters
    ----------
    model : Surrogate
    seconds : array_like of shape (n,), optional
        How long the simulator's runs took.
    """
    import pandas as pd

    from surrogate.validation.latency import measure_latency

    rows: dict[str, dict[str, float]] = {}
    if seconds is not None and np.sum(seconds) > 0:
        median, p95 = np.quantile(seconds, [0.5, 0.95]) * 1e6
        rows["simulator"] = {"one_row_us": median, "one_row_p95_us": p95, "rows_a_second": 1.0 / np.mean(seconds)}
    X = model.space.from_unit(np.random.default_rng(0).random((1000, len(model.space))))
    asked = measure_latency(model.predict, X, calls=100, seconds=0.5)
    arrays = [array for one in model._fitted.values() for array in one.record.to_state()[1].values()]
    rows["predict"] = {
        "parameters": sum(array.size for array in arrays),
        "memory_bytes": sum(array.nbytes for array in arrays),
        "disk_bytes": _on_disk(model),
        **_timed(asked),
    }
    try:
        fast = model.fast
    except ValueError:  # fields and some kinds of models have no compiled form
        fast = None
    if fast is not None:
        given = X.to_numpy() if X.dtypes.nunique() == 1 else X.to_numpy(dtype=object)
        one = measure_latency(lambda row: fast(row[0]), given, calls=1000, seconds=0.5)
        rows["fast"] = {"one_row_us": one.median, "one_row_p95_us": one.p95, "rows_a_second": 1e6 / one.median}
    for output, card in model.scorecards.items():
        for candidate in getattr(card, "candidate_rows", ()):
            rows[f"{output}: {candidate['name']}{', chosen' if candidate['chosen'] else ''}"] = {
                "parameters": candidate.get("parameters", np.nan),
                "memory_bytes": candidate["bytes"] or np.nan,
                "one_row_us": candidate.get("one_row_us", np.nan),
                "one_row_p95_us": candidate.get("one_row_p95_us", np.nan),
                "rows_a_second": 1e6 / candidate["predict_us"],
            }
    table = pd.DataFrame.from_dict(rows, orient="index").reindex(columns=list(_COLUMNS))
    if "simulator" in rows:
        table["speed_up"] = rows["simulator"]["one_row_us"] / table["one_row_us"]
    return table


def _timed(latency: Any) -> dict[str, float]:
    return {"one_row_us": latency.median, "one_row_p95_us": latency.p95, "rows_a_second": 1e6 / latency.batch}


def _on_disk(model: Surrogate) -> int:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.surrogate")
        model.save(path)
        return path.stat().st_size
