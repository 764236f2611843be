"""From what a user gives to the runs that a surrogate is fitted to."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.space import Space

if TYPE_CHECKING:
    import pandas as pd

    from surrogate.design import Design
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
    design: Design | pd.DataFrame | None,
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
    from surrogate.design import LatinHypercube
    from surrogate.simulation import as_simulator

    _check(design, n, budget, target, level, prefer, running)
    seed = 0 if seed is None else seed
    wrapped = as_simulator(simulator, bounds)
    d = len(wrapped.space)
    if design is None:
        design = LatinHypercube(max(30, 10 * d) if n is None else n, seed)
    if budget is not None:
        first = design if n is not None or budget >= max(30, 10 * d) else LatinHypercube(budget, seed)
        return _adaptive(cls, wrapped, first, budget, target, prefer, seed, running)
    return _fitted(cls, _run(wrapped, design, seed, running), prefer, seed)


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
    from surrogate.models.emulators.selection import PREFERENCES

    if prefer not in PREFERENCES:
        raise ValueError(f"prefer: one of {', '.join(map(repr, PREFERENCES))} is allowed; got {prefer!r}.")
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


def _run(simulator: Any, design: Any, seed: int, running: Mapping[str, Any]) -> TransferSet:
    from surrogate.transfer import collect

    return collect(simulator, design=design, seed=seed, **running)


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
    design: Any,
    budget: int,
    target: float | None,
    prefer: Prefer,
    seed: int,
    running: Mapping[str, Any],
) -> Any:
    """Add space-filling batches until every output reaches `target` or the budget is spent.

    Batches fill the space, so that all runs stay alike and cross-validation stays honest. A batch is a quarter of the
    runs so far: the number of fits stays small, and at most a fifth of the runs is made in vain.
    """
    import pandas as pd

    planned = design.sample(simulator.space)
    if len(planned) > budget:
        raise ValueError(f"design, budget: the first design must fit in the budget; got {len(planned)} and {budget}.")
    while True:
        runs = _run(simulator, planned, seed, running)
        model = _fitted(cls, runs, prefer, seed)
        reached = target is not None and all(card.q2 >= target for card in model.scorecards.values())
        if reached or len(planned) >= budget:
            return model
        batch = min(max(5, len(planned) // 4), budget - len(planned))
        planned = pd.concat([planned, design.extend(planned, batch, simulator.space)], ignore_index=True)
