"""A cheap variant of a simulator: run many times, and asked by the model of the expensive one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from surrogate.models.emulators.selection import Prefer
    from surrogate.models.records import Record
    from surrogate.space import Space
    from surrogate.workflows.surrogate import Surrogate

_TIMES = 5  # cheap runs an expensive one, and
_AN_INPUT = 20  # at least so many an input: what a model of it needs to be nearly exact


def check_cheap(cheap: Any, n_cheap: Any, target: Any, level: Any) -> None:
    """Refuse what is no cheap variant, and one where it would not be used, before anything runs.

    Raises
    ------
    ValueError, TypeError
        Naming the argument that is wrong.
    """
    from surrogate.transfer import TransferSet

    if n_cheap is not None:
        whole = isinstance(n_cheap, int | np.integer) and not isinstance(n_cheap, bool)
        if not whole or n_cheap < 3:
            raise ValueError(f"n_cheap: a whole number of at least 3 runs is needed; got {n_cheap!r}.")
        if cheap is None or isinstance(cheap, TransferSet):
            raise ValueError("n_cheap: is for a cheap simulator that is still to be run. Give it as cheap=.")
    if cheap is None:
        return
    if not callable(cheap) and not isinstance(cheap, TransferSet):
        raise TypeError(f"cheap: a simulator, a Surrogate or a TransferSet is needed; got {type(cheap).__name__}.")
    if target is not None or level is not None:
        raise ValueError(
            "cheap: runs that are chosen in batches do not use it. Leave out target and level, or give runs that are "
            "made to from_runs with cheap=."
        )


def fitted_cheap(
    cls: type[Surrogate],
    cheap: Any,
    space: Space,
    design: Any,
    n_cheap: int | None,
    prefer: Prefer,
    seed: int,
    running: Mapping[str, Any],
) -> Surrogate | None:
    """Return a model of the cheap variant; a simulator is run first, as the expensive one will be.

    Parameters
    ----------
    cls : type
        What fits.
    cheap : callable, Surrogate, TransferSet or None
        The cheap variant, or what is known of it.
    space : Space
        What may vary.
    design : Design or DataFrame
        Of the expensive runs.
    n_cheap : int, optional
        Number of cheap ones, default 5 an expensive one and at least 20 an input.
    prefer : {"accuracy", "speed", "small"}
        As for the expensive one.
    seed : int
        Of design, runs and fit.
    running : mapping
        How to run, as in `surrogate.collect`. With a store "lake.runs" the cheap runs are in "lake.cheap.runs".

    Returns
    -------
    Surrogate or None
    """
    from surrogate.design import Design, LatinHypercube
    from surrogate.transfer import TransferSet, collect
    from surrogate.workflows.sampling import _fitted
    from surrogate.workflows.surrogate import Surrogate

    if cheap is None:
        return None
    if isinstance(cheap, TransferSet | Surrogate):
        if not running.get("policies"):  # which would be one more input
            _check_inputs(cheap.space, space)
        return cheap if isinstance(cheap, Surrogate) else cls.from_runs(cheap, seed=seed)
    if n_cheap is None:
        planned = len(design.sample(space) if isinstance(design, Design) else design)
        n_cheap = max(_TIMES * planned, _AN_INPUT * len(space))
    store = running.get("store")
    beside = None if store is None else Path(store).with_name(f"{Path(store).stem}.cheap{Path(store).suffix}")
    runs = collect(cheap, space, LatinHypercube(n_cheap, seed), seed=seed, **{**running, "store": beside})
    return _fitted(cls, runs, prefer, seed)  # type: ignore[no-any-return]


def cheap_record(cheap: Surrogate | None, output: str, space: Space) -> Record | None:
    """Return what predicts `output` of the cheap variant, from the features of `space`.

    Raises
    ------
    ValueError
        If it has other inputs, or no such output.
    """
    from surrogate.workflows.fitted_output import FittedOutput

    if cheap is None:
        return None
    _check_inputs(cheap.space, space)
    name = output if output in cheap.outputs else cheap.outputs[0]
    fitted = cheap._fitted[name]
    if (name != output and len(cheap.outputs) > 1) or not isinstance(fitted, FittedOutput):
        raise ValueError(
            f"cheap: an output in numbers called {output!r} is needed; there are {', '.join(cheap.outputs)}. "
            "Give the outputs of both variants the same names."
        )
    return fitted.record


def _check_inputs(cheap: Space, space: Space) -> None:
    if cheap.parameters != space.parameters:
        raise ValueError(
            "cheap: its inputs must be those of the runs, with the same limits, in the same order; "
            f"got {cheap!r} for {space!r}. Give both the same bounds."
        )
