"""Runs in batches until the model is good enough: where it errs, or filling the space where there are few runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.workflows.adaptive import LEAST_BUDGET, Rounds, first_runs, fit_adaptively, held_out_size

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from surrogate.design import Design
    from surrogate.models.emulators.selection import Prefer
    from surrogate.space import Space
    from surrogate.workflows.surrogate import Surrogate


def fit_in_batches(
    cls: type[Surrogate],
    simulator: Any,
    space: Space,
    design: Any,
    *,
    budget: int,
    target: float | None,
    level: float | Mapping[str, float] | None,
    prefer: Prefer,
    seed: int,
    running: Mapping[str, Any],
) -> Any:
    """Add batches to a first design until every output reaches `target` or the budget is spent.

    From a budget of 60 points on, batches are chosen by `Rounds`. With fewer, and where the budget is nearly all points
    that a discrete space has, there is nothing to choose or nothing left to check the choice with: batches fill the
    space then, so that all runs stay alike and cross-validation stays honest.

    Parameters
    ----------
    cls : type
        `Surrogate`.
    simulator, space
    design : Design, DataFrame, int or None
        The first runs.
    budget : int
        Most runs, each replicate and policy counted.
    target, level, prefer, seed
        As `Surrogate.fit` takes them.
    running : mapping
        As `surrogate.collect` takes it.

    Returns
    -------
    Surrogate

    Raises
    ------
    ValueError
        If the first design is larger than the budget, or a level is sought with too few runs.
    """
    from surrogate.design import Design, LatinHypercube
    from surrogate.simulation import as_simulator
    from surrogate.workflows.sampling import _store_for_this_program

    policies = running.get("policies") or {}
    settings = {name for given in policies.values() for name in given if name not in space.parameters}
    # Once, so that all batches are runs of one simulator even if calls leave traces in it, and so in its fingerprint.
    simulator = as_simulator(simulator, space, settings=tuple(sorted(settings)))
    running = {**running, "store": running.get("store") or _store_for_this_program()}
    each = int(running.get("replicates", 1)) * max(1, len(policies))
    points = _room(space, budget // each)
    chosen = points >= LEAST_BUDGET and points == budget // each
    if design is None:
        usual = first_runs(len(space)) if chosen else max(30, 10 * len(space))
        design = LatinHypercube(min(usual, points), seed)
    elif isinstance(design, int | np.integer):
        design = LatinHypercube(int(design), seed)
    planned = design.sample(space) if isinstance(design, Design) else space.frame(design, "design")
    if len(planned) * each > budget:
        raise ValueError(f"design, budget: the first {len(planned) * each} runs must fit in the budget; got {budget}.")
    if chosen and len(planned) < points - held_out_size(points):
        rounds = Rounds(
            simulator, space, points, each=each, target=target, levels=level, prefer=prefer, seed=seed, running=running
        )
        return fit_adaptively(cls, rounds, planned, prefer, seed)
    if level is not None:
        raise ValueError(
            f"level, budget: following a boundary needs room for at least {LEAST_BUDGET} points, "
            f"{held_out_size(points)} of which check the model, beside a first design of {len(planned)}; got {points}. "
            "Raise the budget, lower n, or leave level out."
        )
    filling = design if isinstance(design, Design) else LatinHypercube(len(planned), seed)
    return _fill(cls, simulator, space, filling, planned, points, target, prefer, seed, running)


def _room(space: Space, points: int) -> int:
    """Return how many points there are for a budget of so many: fewer where the space is discrete and small."""
    from surrogate.design import pool

    grid = pool.whole_grid(space, points)
    return points if grid is None else min(points, int(space.feasible(space.from_unit(grid)).sum()))


def _fill(
    cls: type[Surrogate],
    simulator: Any,
    space: Space,
    filling: Design,
    planned: pd.DataFrame,
    points: int,
    target: float | None,
    prefer: Prefer,
    seed: int,
    running: dict[str, Any],
) -> Any:
    """Add space-filling batches, each a quarter of the points so far: few fits, and at most a fifth made in vain."""
    import pandas as pd

    from surrogate.workflows.sampling import _fitted, _run

    history: list[dict[str, Any]] = []
    while True:
        model = _fitted(cls, _run(simulator, space, planned, seed, running), prefer, seed)
        history += model._history_row()
        model._history = tuple(history)
        room = points - len(planned)
        if room <= 0 or (target is not None and all(card.q2 >= target for card in model.scorecards.values())):
            return model
        fresh = filling.extend(planned, min(max(5, len(planned) // 4), room), space)
        planned = pd.concat([planned, fresh], ignore_index=True)
        if running.get("on_change") == "rerun":  # once is meant, not once a batch
            running["on_change"] = "stop"
