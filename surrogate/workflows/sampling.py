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
    level: float | None,
    prefer: Prefer,
    seed: int | None,
    running: Mapping[str, Any],
) -> Any:
    """Do what `Surrogate.fit` says: check everything, run, fit, and lose no run to a late error."""
    from surrogate.design import Design, LatinHypercube
    from surrogate.design.design import check_seed

    _check(design, n, budget, target, level, prefer, running)
    seed = check_seed(seed) or 0
    space = Space.from_bounds(getattr(simulator, "space", None) if bounds is None else bounds)
    usual = max(30, 10 * len(space))
    if not isinstance(design, Design) and (design is None or isinstance(design, int | np.integer)):
        design = LatinHypercube(_first_runs(n if design is None else int(design), usual, budget, target), seed)
    if target is None or budget is None:
        return _fitted(cls, _run(simulator, space, design, seed, running), prefer, seed)
    return _adaptive(cls, simulator, space, design, budget, target, prefer, seed, running)


def _first_runs(n: int | None, usual: int, budget: int | None, target: float | None) -> int:
    """Return the number of points to begin with: all of the budget if nothing can stop earlier."""
    if n is not None:
        return n
    if budget is None:
        return usual
    return budget if target is None else min(usual, budget)


def read_runs(X: Any, y: Any, bounds: Any) -> tuple[TransferSet, tuple[str, ...]]:
    """Return runs made elsewhere as a TransferSet, and the names of the outputs to fit."""
    from surrogate.transfer import TransferSet

    named = _names(y)
    if isinstance(X, TransferSet):
        if y is not None and named is None:
            raise ValueError("y: a TransferSet has its outputs already; leave y out, or name some of them.")
        if bounds is not None and Space.from_bounds(bounds) != X.space:
            raise ValueError("bounds: a TransferSet has its space already; leave bounds out.")
        return X, scalar_outputs(X, named)
    if y is None:
        raise ValueError("y: outputs are needed with inputs as X; give an array, or the names of columns of X.")
    if named is not None:
        missing = [name for name in named if name not in getattr(X, "columns", ())]
        if missing:
            raise ValueError(f"y: {missing[0]!r} is not a column of X. Give a DataFrame that has it, or an array.")
        X, y = X.drop(columns=named), X[named]
    runs = TransferSet.from_frame(X, y, space=bounds)
    return runs, scalar_outputs(runs, None)


def scalar_outputs(runs: TransferSet, wanted: list[str] | None) -> tuple[str, ...]:
    """Return the names of the outputs to fit, or say why there is none."""
    if len(runs) == 0:
        reasons = "; ".join(map(str, runs.failures["message"].value_counts().index[:3])) or "nothing was run"
        raise ValueError(
            f"runs: none of {len(runs.inputs)} runs succeeded ({reasons}). "
            "See .failures of the runs, and try the simulator at one point by hand."
        )
    if not runs.output_names:
        raise ValueError(
            f"runs: only fields ({', '.join(runs.fields)}) were returned, and a field cannot be fitted yet. "
            "Return numbers made from them too, such as a maximum."
        )
    for name in wanted or ():
        if name not in runs.output_names:
            raise ValueError(f"y: {name!r} is not an output in numbers; there are {', '.join(runs.output_names)}.")
    return tuple(wanted or runs.output_names)


def _names(y: Any) -> list[str] | None:
    """Return `y` as names of outputs, None if it is something else."""
    listed = [y] if isinstance(y, str) else y
    is_names = isinstance(listed, list | tuple) and bool(listed) and all(isinstance(name, str) for name in listed)
    return list(listed) if is_names else None


def _check(
    design: Any, n: int | None, budget: int | None, target: float | None, level: float | None, prefer: str,
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
    if level is not None:
        raise ValueError(
            f"level: following a boundary is not available yet; got {level!r}. Leave it out, and set n or budget."
        )
    if target is not None and not 0.0 < target <= 1.0:
        raise ValueError(f"target: a Q2 above 0 and at most 1 is needed; got {target!r}. Use 0.999, for example.")
    if target is not None and budget is None:
        raise ValueError(
            f"target: needs a budget, the most runs that may be made; got target={target}. Add budget=400."
        )
    if budget is not None and n is not None and n > budget:
        raise ValueError(f"n, budget: the first n runs must fit in the budget; got n={n}, budget={budget}.")
    for name in running:
        if name not in _RUNNING:
            near = difflib.get_close_matches(name, [*_RUNNING, "n", "budget", "target", "prefer", "seed"], 1)
            hint = f" Is {near[0]!r} meant?" if near else ""
            raise TypeError(f"{name}: not an argument of fit; how to run is said by {', '.join(_RUNNING)}.{hint}")


def _run(simulator: Any, space: Space, design: Any, seed: int, running: Mapping[str, Any]) -> TransferSet:
    from surrogate.transfer import collect

    return collect(simulator, space, design, seed=seed, **running)


def _fitted(cls: type[Surrogate], runs: TransferSet, prefer: Prefer, seed: int) -> Any:
    try:
        return cls._fit_runs(runs, scalar_outputs(runs, None), prefer, seed)
    except Exception as error:
        error.runs = runs  # type: ignore[attr-defined]
        error.add_note("The runs are kept: see .runs of this error.")
        raise


def _adaptive(
    cls: type[Surrogate],
    simulator: Any,
    space: Space,
    design: Any,
    budget: int,
    target: float,
    prefer: Prefer,
    seed: int,
    running: Mapping[str, Any],
) -> Any:
    """Add space-filling batches until every output reaches `target` or the budget is spent.

    Batches fill the space, so that all runs stay alike and cross-validation stays honest. A batch is a quarter of the
    points so far: the number of fits stays small, and at most a fifth of the runs is made in vain.
    """
    import pandas as pd

    from surrogate.design import Design, LatinHypercube
    from surrogate.simulation import as_simulator

    policies = running.get("policies") or {}
    settings = {name for given in policies.values() for name in given if name not in space.parameters}
    # Once, so that all batches are runs of one simulator even if calls leave traces in it, and so in its fingerprint.
    simulator = as_simulator(simulator, space, settings=tuple(sorted(settings)))
    filling = design if isinstance(design, Design) else LatinHypercube(len(design), seed)
    planned = design.sample(space) if isinstance(design, Design) else space.frame(design, "design")
    each = running.get("replicates", 1) * max(1, len(policies))
    if len(planned) * each > budget:
        raise ValueError(f"design, budget: the first {len(planned) * each} runs must fit in the budget; got {budget}.")
    running = {**running, "store": running.get("store") or _store_for_this_program()}
    while True:
        model = _fitted(cls, _run(simulator, space, planned, seed, running), prefer, seed)
        room = budget // each - len(planned)
        if room <= 0 or all(card.q2 >= target for card in model.scorecards.values()):
            return model
        fresh = filling.extend(planned, min(max(5, len(planned) // 4), room), space)
        planned = pd.concat([planned, fresh], ignore_index=True)
        if running.get("on_change") == "rerun":  # once is meant, not once a batch
            running["on_change"] = "stop"


def _store_for_this_program() -> Path:
    """Return a place where batches find the runs of earlier ones; fields are read from it until the program ends."""
    folder = Path(mkdtemp(prefix="surrogate-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder / "batches.runs"
