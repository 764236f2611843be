"""The Pareto set of boxes over coverage, density and the number of limited inputs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from surrogate.models.boxes.best_interval import best_limit
from surrogate.models.boxes.box_finder import BoxFinder
from surrogate.models.boxes.choice import box_correlation, most_correlated
from surrogate.models.boxes.columns import Columns
from surrogate.models.boxes.evidence.heldout import nested_sets
from surrogate.models.boxes.prim.prim import PRIM
from surrogate.models.boxes.trajectory import Step, counted
from surrogate.models.boxes.units import scaled

if TYPE_CHECKING:
    from numpy.typing import NDArray


class ParetoBoxes(BoxFinder):
    """Boxes that no other box beats in coverage, density and number of limited inputs together [1]_.

    The publication searches in every subset of the inputs, 2^d of them. Here the search with all inputs says which
    to leave out: its inputs are ranked by what dropping their limits costs, which gives one set of each size, and the
    most promising other sets are searched next, best first. Every box found is also tried without its limits, the
    cheapest dropped first, and those that remain with their ends moved to where they serve best.

    Parameters
    ----------
    finder : BoxFinder, optional
        What searches; by default ``PRIM()``.
    n_searches : int, optional
        Most searches; by default five times the number of inputs, and never more than the subsets there are.

    Attributes
    ----------
    trajectory_ : DataFrame
        The box without limits, then the Pareto set, fewest limited inputs first and the largest coverage first:
        n, k, coverage, density, mass, n_restricted.
    boxes_ : list of Box
        One a trajectory row.
    box_ : Box
        The in-sample choice: the first box with the largest correlation between lying in it and being a case.

    References
    ----------
    .. [1] Kwakkel 2019, Futures & Foresight Science 1, e8.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).random((500, 3))
    >>> y = (X[:, 0] > 0.5) & (X[:, 1] < 0.6)
    >>> table = ParetoBoxes().fit(X, y).trajectory_
    >>> table.groupby("n_restricted")["density"].max().round(2).tolist()
    [0.35, 0.68, 1.0]
    """

    def __init__(self, finder: BoxFinder | None = None, n_searches: int | None = None) -> None:
        self.finder = finder
        self.n_searches = n_searches

    def check_parameters(self) -> None:
        """Raise ``ValueError`` or ``TypeError`` for a parameter that is not allowed."""
        if self.finder is not None and not isinstance(self.finder, BoxFinder):
            raise TypeError(f"finder: expected a box finder such as PRIM(), got {type(self.finder).__name__}.")
        if self.n_searches is not None and (not isinstance(self.n_searches, int) or self.n_searches < 1):
            raise ValueError(f"n_searches: must be a whole number of at least 1, got {self.n_searches!r}.")
        self._search_with().check_parameters()

    def search(
        self, columns: Columns, y: NDArray[np.float64], weights: NDArray[np.float64] | None = None
    ) -> list[Step]:
        """Search in sets of inputs, best first; return the Pareto set of all boxes, those with dropped limits too."""
        weights = None if weights is None else scaled(weights)
        finder = self._search_with()
        budget = 5 * len(columns.columns) if self.n_searches is None else self.n_searches
        every = frozenset(column.name for column in columns.columns)
        given = () if weights is None else (weights,)  # the finder must be one that can weigh rows
        searched = {every: finder.search(columns, y, *given)}
        best = _best(searched[every], y)
        waiting = [frozenset(names) for names in nested_sets(columns, y, best)]
        limited = frozenset(name for step in searched[every] for name in step.limits)
        while len(searched) < budget:
            if not waiting:
                waiting = _neighbours(searched, limited, y)
            if not waiting:
                break
            names = waiting.pop(0)
            if names not in searched:
                searched[names] = finder.search(columns.select(sorted(names)), y, *given)
        found = (step for steps in searched.values() for step in steps)
        best_set = _pareto(_with_dropped(found, columns, y, weights))
        moved = [other for step in best_set for other in _moved(step, columns, y, weights)]
        least = getattr(finder, "mass_min", 0.0) * float(columns.n if weights is None else weights.sum())
        return _pareto([*best_set, *(step for step in moved if step.n >= least)])

    def _search_with(self) -> BoxFinder:
        return PRIM() if self.finder is None else self.finder


def _best(steps: list[Step], y: NDArray[np.float64]) -> Step:
    return steps[most_correlated([s.n for s in steps], [s.k for s in steps], y)]


def _neighbours(
    searched: dict[frozenset[str], list[Step]], limited: frozenset[str], y: NDArray[np.float64]
) -> list[frozenset[str]]:
    """Return the sets not searched that differ in one input from the best one that has such neighbours."""

    def worth(names: frozenset[str]) -> tuple[float, int, list[str]]:
        best = _best(searched[names], y)
        return (-round(float(box_correlation([best.n], [best.k], y)[0]), 12), len(names), sorted(names))

    for names in sorted(searched, key=worth):
        fewer = [names - {name} for name in sorted(names)]
        more = [names | {name} for name in sorted(limited - names)]
        fresh = [other for other in (*fewer, *more) if other and other not in searched]
        if fresh:
            return fresh
    return []


def _with_dropped(
    steps: Iterable[Step], columns: Columns, y: NDArray[np.float64], weights: NDArray[np.float64] | None
) -> list[Step]:
    """Return the different steps, and each with its limits dropped one after the other."""
    found: dict[frozenset[tuple[str, object]], Step] = {}
    for step in steps:
        key = frozenset(step.limits.items())
        if key in found:
            continue
        found[key] = step
        for names in nested_sets(columns, y, step)[:-1]:
            limits = {name: step.limits[name] for name in names}
            if frozenset(limits.items()) not in found:
                found[frozenset(limits.items())] = counted(limits, columns, y, weights)
    return list(found.values())


def _moved(step: Step, columns: Columns, y: NDArray[np.float64], weights: NDArray[np.float64] | None) -> Iterator[Step]:
    """Yield the box with its ends where they serve best, for some prices of a row in cases; no new end is drawn."""
    limited = sorted((c for c in columns.columns if c.name in step.limits), key=lambda column: column.name)
    for price in (0.25, 0.5, 0.75):
        limits = dict(step.limits)
        within = {column.name: column.inside(limits[column.name]) for column in limited}
        for column in limited:
            old = limits[column.name]
            others = [rows for name, rows in within.items() if name != column.name]
            rows = np.logical_and.reduce(others) if others else np.ones(columns.n, dtype=bool)
            ranks, v, w = column.ranks[rows], len(column.values), 1.0 if weights is None else weights[rows]
            rows_at = np.bincount(ranks, weights=np.broadcast_to(w, ranks.shape), minlength=v)
            cases_at = np.bincount(ranks, weights=w * y[rows], minlength=v).astype(np.float64)
            ends = (True, True) if isinstance(old, frozenset) else (math.isfinite(old[0]), math.isfinite(old[1]))
            _, limit = best_limit(column, rows_at, cases_at, price * step.k / step.n, ends)
            if limit is None:
                continue
            limits[column.name], within[column.name] = limit, column.inside(limit)
        yield counted(limits, columns, y, weights)


def _pareto(steps: list[Step]) -> list[Step]:
    """Return the box without limits and the steps that no other is at least as good as in all three."""
    kept: list[Step] = []
    for step in sorted(steps, key=lambda s: (len(s.limits), -s.k, s.n)):
        # With at most as many limits come all that can beat this one: they were sorted before it.
        if not any(other.k >= step.k and other.k * step.n >= step.k * other.n for other in kept):
            kept.append(step)
    return kept
