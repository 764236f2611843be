"""What a study knows about its box beside the box: what limits cost, what else there is, and what would stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from surrogate.models.boxes import BoxFinder, ParetoBoxes
    from surrogate.workflows.study import Study


def drop_costs(study: Study) -> pd.DataFrame:
    """Return what dropping each limit costs, on held-out runs too where these are cheap."""
    from surrogate.models.boxes import drop_costs
    from surrogate.models.boxes.evidence.dropping import heldout_drop_costs

    table = drop_costs(study.box, study.X, study.y)
    if study._is_reds or not study.box.limits:
        return table
    heldout = heldout_drop_costs(
        study._finder,
        study._columns.select(list(study.search.boxes_[0].names or ())),
        study.y,
        study.search.boxes_,
        study.chosen,
        folds=study._how.folds,
        seed=study.seed,
    )
    table = table.join(heldout)
    cheapest = table["heldout_density_loss"].drop("").sort_values(kind="stable").index
    return table.loc[["", *cheapest]]


def pareto(study: Study) -> ParetoBoxes:
    """Return the fitted search for the Pareto set in the runs."""
    from sklearn.base import clone

    from surrogate.models.boxes import REDS, ParetoBoxes

    finder = study._finder.finder if isinstance(study._finder, REDS) else study._finder
    search = clone(finder) if isinstance(finder, ParetoBoxes) else ParetoBoxes(finder)
    search.fit(study.X, study.y)
    return search


def stability(study: Study, n_resamples: int | None, seed: int, executor: Any) -> pd.DataFrame:
    """Return how often each parameter is limited again on halves of the runs."""
    from surrogate.models.boxes.evidence.stability import resample

    row = study.trajectory.iloc[study.chosen]
    table = resample(
        _repeatable(study),
        study._columns,
        study.y,
        float(row["coverage"]),
        float(row["density"]),
        limits=study.box.limits or None,
        space=study.space,
        n_resamples=n_resamples or (10 if study._is_reds else 50),
        seed=seed,
        executor=executor,
    )
    table.insert(0, "limited", table.index.isin(list(study.box.limits)))
    return table


def learning_curve(study: Study, n_resamples: int | None, seed: int, executor: Any) -> pd.DataFrame:
    """Return what boxes of different runs have in common, by their number."""
    from surrogate.models.boxes.evidence.stability import learning_curve

    row = study.trajectory.iloc[study.chosen]
    return learning_curve(
        _repeatable(study),
        study._columns,
        study.y,
        float(row["coverage"]),
        float(row["density"]),
        space=study.space,
        # An emulator learns nothing from a sixteenth of the few runs that it is for.
        parts=(4, 3, 2) if study._is_reds else (16, 8, 4, 2),
        n_resamples=n_resamples or (6 if study._is_reds else 40),
        seed=seed,
        executor=executor,
    )


def _repeatable(study: Study) -> BoxFinder:
    """Return the finder for parts of the runs."""
    from sklearn.base import clone

    if not study._is_reds:
        return study._finder
    # A part of the runs may teach too little; that is what is asked, and no error.
    finder: BoxFinder = clone(study._finder).set_params(gate=False, space=study.space)
    return finder
