"""Best interval: beam search for the box of largest weighted relative accuracy."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.models.boxes.box_finder import BoxFinder
from surrogate.models.boxes.columns import Column, Columns, Kind, Limit
from surrogate.models.boxes.prim.peeling import midpoint
from surrogate.models.boxes.trajectory import Step

if TYPE_CHECKING:
    from numpy.typing import NDArray


class BestInterval(BoxFinder):
    """Beam search that gives each input the interval of largest weighted relative accuracy, and repeats.

    The weighted relative accuracy of a box that holds n of N rows and k of K cases is ``k/N - n/N K/N``: how many
    more cases it holds than a box of its mass would by chance. For one input, with the limits of all others fixed,
    the best interval is found exactly, in time linear in the number of rows [1]_.

    Parameters
    ----------
    beam_size : int, default 1
        How many boxes are kept and refined in every round. 1 is the greedy search, which the literature found to be
        as good as wider ones on most data; a wider beam costs proportionally more.
    depth : int, optional
        Most inputs that a box may limit; by default as many as there are.

    Attributes
    ----------
    trajectory_ : DataFrame
        A row a box: the one without limits, then the best one found with 1, 2, ... limited inputs, as long as each
        is better than the ones before: n, k, coverage, density, mass, n_restricted.
    boxes_ : list of Box
        One a trajectory row.
    box_ : Box
        The in-sample choice: the first box with the largest correlation between lying in it and being a case.

    Notes
    -----
    The best set of categories of an unordered input holds those that are denser than the base rate. Cut points lie
    midway between two values, for integers at a kept one, as in `PRIM`.

    References
    ----------
    .. [1] Mampaey, Nijssen, Feelders & Knobbe 2012, IEEE International Conference on Data Mining, 499-508.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).random((500, 3))
    >>> y = (X[:, 0] > 0.5) & (X[:, 1] < 0.6)
    >>> search = BestInterval().fit(X, y)
    >>> search.trajectory_[["n_restricted", "coverage", "density"]].round(2).iloc[-1].tolist()
    [2.0, 1.0, 1.0]
    """

    def __init__(self, beam_size: int = 1, depth: int | None = None) -> None:
        self.beam_size = beam_size
        self.depth = depth

    def check_parameters(self) -> None:
        """Raise ``ValueError`` for a beam or a depth below 1."""
        for name, value in (("beam_size", self.beam_size), ("depth", 1 if self.depth is None else self.depth)):
            if not isinstance(value, int | np.integer) or value < 1:
                raise ValueError(f"{name}: must be a whole number of at least 1, got {value!r}.")

    def search(
        self, columns: Columns, y: NDArray[np.float64], weights: NDArray[np.float64] | None = None
    ) -> list[Step]:
        """Refine the boxes of the beam until it stays the same; return the best box of each size."""
        depth = len(columns.columns) if self.depth is None else self.depth
        total = columns.n if weights is None else float(weights.sum())
        cases = _Cases(y if weights is None else y * weights, weights, total)
        whole = _Candidate((), {}, total, float(cases.k.sum()), 0.0)
        beam, best = [whole], {0: whole}
        while True:
            found = {c.ranks: c for c in beam}
            for candidate in beam:
                found |= {c.ranks: c for c in _refine(candidate, columns, cases, depth)}
            pool = sorted(found.values(), key=lambda c: (-round(c.accuracy, 12), len(c.ranks)))
            for c in pool:
                if c.accuracy > best.get(len(c.ranks), whole).accuracy + 1e-12:
                    best[len(c.ranks)] = c
            if [c.ranks for c in pool[: self.beam_size]] == [c.ranks for c in beam]:
                return _improving(best)
            beam = pool[: self.beam_size]


@dataclass(frozen=True)
class _Cases:
    """Cases of interest row for row, weighted; the weights, if there are any; how much all rows count."""

    k: NDArray[np.float64]
    weights: NDArray[np.float64] | None
    total: float

    @cached_property
    def base_rate(self) -> float:
        return float(self.k.sum()) / self.total

    def at_ranks(self, column: Column, rows: NDArray[np.bool_]) -> tuple[NDArray[Any], NDArray[np.float64]]:
        """Return rows (or their weight) and cases at each value of a column."""
        held = column.ranks[rows]
        n = np.bincount(held, None if self.weights is None else self.weights[rows], minlength=len(column.values))
        return n, np.bincount(held, self.k[rows], minlength=len(column.values)).astype(np.float64)


@dataclass(frozen=True)
class _Candidate:
    """A box as ranks (by which equal ones are known) and as limits, with its counts."""

    ranks: tuple[tuple[int, tuple[int, ...]], ...]
    limits: dict[str, Limit]
    n: float
    k: float
    accuracy: float


def _improving(best: dict[int, _Candidate]) -> list[Step]:
    """Return the best box of each size, without those that a smaller one beats."""
    steps: list[Step] = []
    accuracy = -math.inf
    for size in sorted(best):
        if best[size].accuracy > accuracy:
            accuracy = best[size].accuracy
            steps.append(Step(best[size].limits, best[size].n, best[size].k))
    return steps


def _refine(box: _Candidate, columns: Columns, cases: _Cases, depth: int) -> Iterator[_Candidate]:
    """Yield the box with the best limit of each column in place of the one it has."""
    within = {c.name: c.inside(box.limits[c.name]) for c in columns.columns if c.name in box.limits}
    everything = np.ones(columns.n, dtype=bool)
    inside = reduce(np.logical_and, within.values(), everything)
    for number, column in enumerate(columns.columns):
        others = [rows for name, rows in within.items() if name != column.name]
        if len(others) < depth:
            rows = inside if len(others) == len(within) else reduce(np.logical_and, others, everything)
            yield _with_best(box, number, column, rows, cases)


def _with_best(box: _Candidate, number: int, column: Column, rows: NDArray[np.bool_], cases: _Cases) -> _Candidate:
    n, k = cases.at_ranks(column, rows)
    kept, limit = best_limit(column, n, k, cases.base_rate)
    ranks = tuple(entry for entry in box.ranks if entry[0] != number)
    limits = {name: old for name, old in box.limits.items() if name != column.name}
    if limit is not None:
        taken = tuple(kept.tolist()) if column.kind is Kind.NOMINAL else (int(kept[0]), int(kept[-1]))
        ranks, limits = tuple(sorted((*ranks, (number, taken)))), {**limits, column.name: limit}
    inside_n, inside_k = n[kept].sum().item(), float(k[kept].sum())
    return _Candidate(ranks, limits, inside_n, inside_k, (inside_k - inside_n * cases.base_rate) / cases.total)


def best_limit(
    column: Column,
    n: NDArray[Any],
    k: NDArray[np.float64],
    base_rate: float,
    ends: tuple[bool, bool] = (True, True),
) -> tuple[NDArray[np.intp], Limit | None]:
    """Return the limit of largest weighted relative accuracy on one column.

    Parameters
    ----------
    column : Column
    n, k : ndarray of shape (v,)
        Rows and cases at each value of the column; 0 where the box that is refined holds no row of a value.
    base_rate : float
        Share of cases among all rows; a larger value gives denser boxes.
    ends : tuple of bool, default (True, True)
        Whether the low and the high end of a numeric column may be limited.

    Returns
    -------
    kept : ndarray of int
        The ranks within the limit that have rows.
    limit : tuple, frozenset or None
        None if the best is no limit.
    """
    held = np.flatnonzero(n)
    gain = (k - n * base_rate)[held]
    if column.kind is Kind.NOMINAL:
        kept = held[gain > 0] if (gain > 0).any() else held[[int(np.argmax(gain))]]
        return kept, None if len(kept) == len(held) else frozenset(column.values[r] for r in kept)
    # The largest sum of consecutive gains: a difference of two running sums, the earlier one as small as can be.
    running = np.append(0.0, np.cumsum(gain)).round(9)
    least = np.minimum.accumulate(running)[:-1] if ends[0] else np.zeros(len(gain))
    last = int(np.argmax(running[1:] - least)) if ends[1] else len(gain) - 1
    first = last - int(np.argmin(running[: last + 1][::-1])) if ends[0] else 0
    kept = held[first : last + 1]
    if len(kept) == len(held):
        return kept, None
    if not column.numeric:
        return kept, frozenset(column.values[r] for r in kept)
    low = -math.inf if first == 0 else _cut(column, int(kept[0]), int(held[first - 1]))
    high = math.inf if last == len(held) - 1 else _cut(column, int(kept[-1]), int(held[last + 1]))
    return kept, (low, high)


def _cut(column: Column, kept: int, gone: int) -> float:
    value = column.values[kept].item()
    return midpoint(value, column.values[gone].item()) if column.kind is Kind.REAL else value
