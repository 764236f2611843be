"""From what a user gives to the runs that a surrogate is fitted to."""

from __future__ import annotations

import atexit
import difflib
import shutil
from collections.abc import Mapping
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.space import Space
from surrogate.workflows.given_outputs import numbers_and_fields

if TYPE_CHECKING:
    from surrogate.models.emulators.selection import Prefer
    from surrogate.transfer import TransferSet
    from surrogate.workflows.surrogate import Surrogate

_LEAST_RUNS = 3
_RUNNING = (
    "store", "executor", "timeout", "isolation", "retries", "replicates", "policies", "max_failed", "on_change",
    "progress",
)  # fmt: skip


def fit(
    cls: type[Surrogate],
    simulator: Any,
    bounds: Any,
    design: Any,
    *,
    n: int | None,
    budget: int | None,
    target: float | None,
    level: float | Mapping[str, float] | None,
    noise: Any,
    cheap: Any,
    n_cheap: int | None,
    prefer: Prefer,
    seed: int | None,
    running: Mapping[str, Any],
) -> Any:
    """Do what `Surrogate.fit` says: check everything, run, fit, and lose no run to a late error."""
    from surrogate.design import Design, LatinHypercube
    from surrogate.design.design import check_seed
    from surrogate.workflows.batches import fit_in_batches
    from surrogate.workflows.cheap_variant import check_cheap, fitted_cheap

    _check(design, n, budget, target, level, prefer, running)
    _check_noise(noise, target, level)
    check_cheap(cheap, n_cheap, target, level)
    seed = check_seed(seed) or 0
    space = Space.from_bounds(getattr(simulator, "space", None) if bounds is None else bounds)
    if budget is not None and (target is not None or level is not None):
        return fit_in_batches(
            cls, simulator, space, n if design is None else design, budget=budget, target=target, level=level,
            prefer=prefer, seed=seed, running=running,
        )  # fmt: skip
    if not isinstance(design, Design) and (design is None or isinstance(design, int | np.integer)):
        given = n if design is None else int(design)
        design = LatinHypercube((budget or max(30, 10 * len(space))) if given is None else given, seed)
    helper = fitted_cheap(cls, cheap, space, design, n_cheap, prefer, seed, running)
    return _fitted(cls, _run(simulator, space, design, seed, running), prefer, seed, noise, helper)


def read_runs(X: Any, y: Any, bounds: Any) -> tuple[TransferSet, tuple[str, ...]]:
    """Return runs made elsewhere as a TransferSet, and the names of the outputs to fit."""
    from surrogate.transfer import TransferSet

    named = _names(y)
    if isinstance(X, TransferSet):
        if y is not None and named is None:
            raise ValueError("y: a TransferSet has its outputs already; leave y out, or name some of them.")
        if bounds is not None and Space.from_bounds(bounds) != X.space:
            raise ValueError("bounds: a TransferSet has its space already; leave bounds out.")
        return X, outputs_to_fit(X, named)
    if y is None:
        raise ValueError("y: outputs are needed with inputs as X; give an array, or the names of columns of X.")
    if named is not None:
        missing = [name for name in named if name not in getattr(X, "columns", ())]
        if missing:
            raise ValueError(f"y: {missing[0]!r} is not a column of X. Give a DataFrame that has it, or an array.")
        X, y = X.drop(columns=named), X[named]
    y, fields = numbers_and_fields(y)
    runs = TransferSet.from_frame(X, y, fields=fields, space=bounds)
    return runs, outputs_to_fit(runs, None)


def outputs_to_fit(runs: TransferSet, wanted: list[str] | None) -> tuple[str, ...]:
    """Return the names of the outputs to fit, or say why there is none."""
    if len(runs) == 0:
        reasons = "; ".join(map(str, runs.failures["message"].value_counts().index[:3])) or "nothing was run"
        raise ValueError(
            f"runs: none of {len(runs.inputs)} runs succeeded ({reasons}). "
            "See .failures of the runs, and try the simulator at one point by hand."
        )
    known = (*runs.output_names, *runs.fields)
    if not known:
        raise ValueError("y: at least one output is needed; got none.")
    for name in wanted or ():
        if name not in known:
            raise ValueError(f"y: {name!r} is not an output of the runs; there are {', '.join(known)}.")
    return tuple(wanted or known)


def _names(y: Any) -> list[str] | None:
    """Return `y` as names of outputs, None if it is something else."""
    listed = [y] if isinstance(y, str) else y
    is_names = isinstance(listed, list | tuple) and bool(listed) and all(isinstance(name, str) for name in listed)
    return list(listed) if is_names else None


def _check(
    design: Any, n: int | None, budget: int | None, target: float | None, level: Any, prefer: str,
    running: Mapping[str, Any],
) -> None:  # fmt: skip
    """Refuse wrong settings before the simulator runs."""
    from surrogate.models.emulators.selection import check_preference

    check_preference(prefer)
    if n is not None and design is not None:
        raise ValueError(f"n, design: give one of them; got n={n} and a design, which has its own number of runs.")
    for name, value in (("n", n), ("budget", budget)):
        whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
        if value is not None and (not whole or value < _LEAST_RUNS):
            raise ValueError(
                f"{name}: a whole number of at least {_LEAST_RUNS} runs is needed to fit and to check a model; "
                f"got {value!r}. About 10 per input is a good start."
            )
    _check_level(level)
    if target is not None and not 0.0 < target <= 1.0:
        raise ValueError(f"target: a Q2 above 0 and at most 1 is needed; got {target!r}. Use 0.999, for example.")
    for name, given in (("target", target), ("level", level)):
        if given is not None and budget is None:
            raise ValueError(
                f"{name}: needs a budget, the most runs that may be made; got {name}={given}. Add budget=400."
            )
    if budget is not None and n is not None and n > budget:
        raise ValueError(f"n, budget: the first n runs must fit in the budget; got n={n}, budget={budget}.")
    for name in running:
        if name not in _RUNNING:
            near = difflib.get_close_matches(
                name, [*_RUNNING, "n", "budget", "target", "noise", "cheap", "n_cheap", "prefer", "seed"], 1
            )
            hint = f" Is {near[0]!r} meant?" if near else ""
            raise TypeError(f"{name}: not an argument of fit; how to run is said by {', '.join(_RUNNING)}.{hint}")


def _check_noise(noise: Any, target: Any, level: Any) -> None:
    """Refuse what is no noise, and a noise where it would not be used."""
    from surrogate.workflows.noise import check_noise

    check_noise(noise)
    if noise is not None and (target is not None or level is not None):
        raise ValueError(
            "noise: runs that are chosen in batches do not use it. Leave out target and level, or give runs that are "
            "made to from_runs with noise=."
        )


def _check_level(level: Any) -> None:
    """Refuse what is neither a number nor a number an output."""
    values = list(level.values()) if isinstance(level, Mapping) else [] if level is None else [level]
    for value in values:
        number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
        if not number or not np.isfinite(value):
            raise ValueError(f"level: a number is needed, or one an output, as in {{'y': 0.9}}; got {level!r}.")
    if level is not None and not values:
        raise ValueError("level: at least one output is needed in the dict, as in {'y': 0.9}; got {}.")


def _run(simulator: Any, space: Space, design: Any, seed: int, running: Mapping[str, Any]) -> TransferSet:
    from surrogate.transfer import collect

    return collect(simulator, space, design, seed=seed, **running)


def _fitted(
    cls: type[Surrogate],
    runs: TransferSet,
    prefer: Prefer,
    seed: int,
    noise: Any = None,
    cheap: Surrogate | None = None,
) -> Any:
    try:
        return cls._fit_runs(runs, outputs_to_fit(runs, None), prefer, seed, cheap, noise)
    except Exception as error:
        error.runs = runs  # type: ignore[attr-defined]
        error.add_note("The runs are kept: see .runs of this error.")
        raise


def _store_for_this_program() -> Path:
    """Return a place where batches find the runs of earlier ones; fields are read from it until the program ends."""
    folder = Path(mkdtemp(prefix="surrogate-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder / "batches.runs"
