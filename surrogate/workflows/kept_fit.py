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

    from numpy.typing import NDArray

    from surrogate.transfer import TransferSet
    from surrogate.workflows.surrogate import Surrogate

    Predictions = dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]

_FOLDER = "fits"


def fit_or_read(settings: Mapping[str, Any], runs: TransferSet, store: Path) -> tuple[Surrogate, Predictions]:
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
    """
    from surrogate.workflows.surrogate import Surrogate

    kept = store / _FOLDER / f"{_key(settings, runs)}.surrogate"
    with contextlib.suppress(ValueError, KeyError, OSError, zipfile.BadZipFile):
        return Surrogate.load(kept), _read(kept.with_suffix(".npz"))
    model = Surrogate.from_runs(
        runs, settings.get("outputs"), prefer=settings.get("prefer", "accuracy"), seed=settings.get("seed", 0)
    )
    predictions = model.out_of_fold
    with contextlib.suppress(OSError):
        kept.parent.mkdir(exist_ok=True)
        _write(kept.with_suffix(".npz"), predictions)
        # The model comes last: without it the predictions are not looked at.
        scratch = kept.with_name(f".{os.getpid()}.{kept.name}")
        model.save(scratch)
        scratch.replace(kept)
    return model, predictions


def _key(settings: Mapping[str, Any], runs: TransferSet) -> str:
    """Return a name for everything that a fit depends on."""
    from surrogate import __version__

    digest = hashlib.sha256()
    asked = {name: value for name, value in settings.items() if name != "file"}
    digest.update(json.dumps([__version__, asked, runs.space.to_dict()], sort_keys=True, default=repr).encode())
    digest.update(runs.X.to_csv(index=False).encode())
    for name in runs.output_names:
        digest.update(name.encode() + np.asarray(runs[name], dtype="<f8").tobytes())
    return digest.hexdigest()[:32]


def _write(path: Path, predictions: Predictions) -> None:
    names = np.array(list(predictions))
    arrays = {f"of_{i}": np.stack(pair) for i, pair in enumerate(predictions.values())}
    scratch = path.with_name(f".{os.getpid()}.{path.name}")
    with scratch.open("wb") as file:
        np.savez(file, names=names, **arrays)  # type: ignore[arg-type]
    scratch.replace(path)


def _read(path: Path) -> Predictions:
    with np.load(path, allow_pickle=False) as kept:
        return {str(name): (kept[f"of_{i}"][0], kept[f"of_{i}"][1]) for i, name in enumerate(kept["names"])}
