"""Keep the emulators of a study beside its runs, so that its report can be made again without fitting anew."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from surrogate.transfer import TransferSet
    from surrogate.workflows.surrogate import Surrogate

    Predictions = dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]

_FOLDER = "fits"
# Parts of the runs that the kinds chosen are fitted to as well, to see how Q2 grows with them. A part must teach
# something, and together the parts must cost less than the fit itself.
_PARTS = (4, 2)
_LEAST_PART, _MOST_RUNS = 20, 2000


def fit_or_read(
    settings: Mapping[str, Any], runs: TransferSet, store: Path
) -> tuple[Surrogate, Predictions, dict[str, pd.DataFrame]]:
    """Fit emulators to runs, or read those that were fitted to the same runs with the same settings before.

    The times that a scorecard tells are those of the one fit, so that a report of the same runs is the same report.

    Parameters
    ----------
    settings : mapping
        The section [fit] of a study.
    runs : TransferSet
    store : Path
        Where the runs are; a store that cannot be written to keeps no fit.

    Returns
    -------
    model : Surrogate
    predictions : dict of str to (observed, predicted)
        Out-of-fold predictions per output.
    convergence : dict of str to DataFrame
        Q2 per output at a quarter, a half and all of the runs, with columns n, q2, q2_low and q2_high.
    """
    from surrogate.workflows.surrogate import Surrogate

    kept = store / _FOLDER / f"{_key(settings, runs)}.surrogate"
    with contextlib.suppress(ValueError, KeyError, OSError, zipfile.BadZipFile):
        return Surrogate.load(kept), *_read(kept.with_suffix(".npz"))
    chosen = {"prefer": settings.get("prefer", "accuracy"), "seed": settings.get("seed", 0)}
    model = Surrogate.from_runs(runs, settings.get("outputs"), **chosen)
    predictions, convergence = model.out_of_fold, _convergence(model, runs, chosen)
    with contextlib.suppress(OSError):
        kept.parent.mkdir(exist_ok=True)
        _write(kept.with_suffix(".npz"), predictions, convergence)
        # The model comes last: without it the predictions are not looked at.
        scratch = kept.with_name(f".{os.getpid()}.{kept.name}")
        model.save(scratch)
        scratch.replace(kept)
    return model, predictions, convergence


def _convergence(model: Surrogate, runs: TransferSet, chosen: Mapping[str, Any]) -> dict[str, pd.DataFrame]:
    """Fit the kinds that were chosen to evenly spread parts of the runs; what cannot be fitted to a part has no row."""
    import pandas as pd

    from surrogate.models.emulators.orthogonal_basis import declared_bases
    from surrogate.workflows.fitted_output import FittedOutput

    sizes = [len(runs) // part for part in _PARTS if len(runs) <= _MOST_RUNS]
    parts = [np.linspace(0, len(runs) - 1, n).round().astype(int) for n in sizes if n >= _LEAST_PART]
    features, bases = runs.space.features(runs.X), declared_bases(runs.space)
    tables = {}
    for name, card in model.scorecards.items():
        cards = []
        for rows in parts if name not in runs.fields and card.kind != "constant" else ():
            y = np.asarray(runs[name], dtype=float)[rows]
            with contextlib.suppress(ValueError, KeyError):  # too little to learn, or of a kind for more runs
                fit = FittedOutput.fit(name, features[rows], y, n_failed=0, bases=bases, only=card.kind, **chosen)
                cards.append(fit.scorecard)
        known = [(one.n, one.q2, *one.q2_interval) for one in (*cards, card) if np.isfinite(one.q2)]
        tables[name] = pd.DataFrame(known, columns=["n", "q2", "q2_low", "q2_high"])
    return tables


def _key(settings: Mapping[str, Any], runs: TransferSet) -> str:
    """Return a name for everything that a fit depends on."""
    from pandas.util import hash_pandas_object

    from surrogate import __version__

    digest = hashlib.sha256()
    asked = {name: value for name, value in settings.items() if name != "file"}
    digest.update(json.dumps([__version__, asked, runs.space.to_dict()], sort_keys=True, default=repr).encode())
    digest.update(hash_pandas_object(runs.X, index=False).to_numpy().tobytes())
    for name in runs.output_names:
        digest.update(name.encode() + np.asarray(runs[name], dtype="<f8").tobytes())
    return digest.hexdigest()[:32]


def _write(path: Path, predictions: Predictions, convergence: Mapping[str, pd.DataFrame]) -> None:
    arrays = {f"of_{i}": np.stack(pair) for i, pair in enumerate(predictions.values())}
    arrays |= {f"at_{i}": table.to_numpy(dtype=np.float64) for i, table in enumerate(convergence.values())}
    names = {"names": np.array(list(predictions)), "outputs": np.array(list(convergence))}
    scratch = path.with_name(f".{os.getpid()}.{path.name}")
    with scratch.open("wb") as file:
        np.savez(file, **names, **arrays)  # type: ignore[arg-type]
    scratch.replace(path)


def _read(path: Path) -> tuple[Predictions, dict[str, pd.DataFrame]]:
    import pandas as pd

    with np.load(path, allow_pickle=False) as kept:
        predictions = {str(name): (kept[f"of_{i}"][0], kept[f"of_{i}"][1]) for i, name in enumerate(kept["names"])}
        tables = {str(name): kept[f"at_{i}"] for i, name in enumerate(kept["outputs"])}
    columns = ["n", "q2", "q2_low", "q2_high"]
    return predictions, {name: pd.DataFrame(rows, columns=columns).astype({"n": int}) for name, rows in tables.items()}
