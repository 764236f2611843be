"""Queries: new rows like the data that fulfil given tests, to ask a teacher about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from surrogate.models.rules.columns import Columns
from surrogate.models.rules.literal import Group, Literal

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Rounds of drawing rows and keeping those that fulfil the tests of several columns.
_ROUNDS = 20


class Marginals:
    """The distribution of each column by itself: frequencies of categories, kernel densities of numbers.

    Kernels are normal, their width is the range of the column over the root of the number of rows [1]_. Rows do not
    leave the limits of the data unless the tests on the way demand it.

    Parameters
    ----------
    X : ndarray of shape (n, p)
    columns : Columns

    References
    ----------
    .. [1] Craven & Shavlik 1996, Extracting tree-structured representations of trained networks, NIPS 8.
    """

    def __init__(self, X: NDArray[np.float64], columns: Columns) -> None:
        self.X, self.columns = X, columns

    def sample(self, n: int, groups: Sequence[Group], rng: np.random.Generator) -> NDArray[np.float64]:
        """Draw rows that fulfil all groups of tests; fewer than `n` if they can hardly be fulfilled."""
        single = [group.literals[0] for group in groups if len(group.literals) == 1]
        several = [group for group in groups if len(group.literals) > 1]
        kept: list[NDArray[np.float64]] = []
        found = 0
        for attempt in range(_ROUNDS):
            extra = self._chosen(several, rng) if attempt >= _ROUNDS // 2 else []
            rows = self._independent(n, [*single, *extra], rng)
            for group in groups:
                rows = rows[group.holds(rows)]
            kept.append(rows)
            found += len(rows)
            if found >= n:
                break
        return np.concatenate(kept)[:n]

    def _chosen(self, groups: Sequence[Group], rng: np.random.Generator) -> list[Literal]:
        """Pick for each group as many of its literals as must hold, where chance alone rarely fulfils it."""
        return [group.literals[i] for group in groups for i in rng.choice(len(group.literals), group.m, replace=False)]

    def _independent(self, n: int, literals: Sequence[Literal], rng: np.random.Generator) -> NDArray[np.float64]:
        out = np.empty((n, self.X.shape[1]))
        for column in range(self.X.shape[1]):
            own = [literal for literal in literals if literal.column == column]
            out[:, column] = self._column(column, n, own, rng)
        return out

    def _column(self, column: int, n: int, own: Sequence[Literal], rng: np.random.Generator) -> NDArray[np.float64]:
        """Draw one column so that its own tests hold, as far as they can."""
        values = self.X[:, column]
        fitting = values[np.logical_and.reduce([np.ones(len(values), bool), *(t.holds(self.X) for t in own)])]
        known = values[~np.isnan(values)]
        if self.columns.categories[column] is not None or not known.size:
            if fitting.size:
                return rng.choice(fitting, n)
            # Never seen with these tests: any category that passes.
            codes = np.arange(len(self.columns.categories[column] or ()), dtype=np.float64)
            table = np.zeros((len(codes), self.X.shape[1]))
            table[:, column] = codes
            allowed = codes[np.logical_and.reduce([np.ones(len(codes), bool), *(t.holds(table) for t in own)])]
            return rng.choice(allowed if allowed.size else values, n)
        low = max((t.value for t in own if t.turned), default=-np.inf)
        high = min((t.value for t in own if not t.turned), default=np.inf)
        start, end = max(low, float(np.nextafter(known.min(), -np.inf))), min(high, float(known.max()))
        drawn = _between(known, start, end, n, rng) if start < end else _between(known, low, high, n, rng)
        if self.columns.whole[column]:
            drawn = np.clip(np.round(drawn), *_whole_limits(low, high))
        absent = float(np.isnan(fitting).mean()) if fitting.size else 0.0
        return np.where(rng.random(n) < absent, np.nan, drawn)


def _whole_limits(low: float, high: float) -> tuple[float, float]:
    """Return the whole numbers in ``low < x <= high``."""
    return (np.floor(low) + 1 if np.isfinite(low) else low), (np.floor(high) if np.isfinite(high) else high)


def _between(
    known: NDArray[np.float64], low: float, high: float, n: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draw from a kernel density within ``low < x <= high``."""
    from scipy.special import ndtr, ndtri

    width = float(np.ptp(known)) / float(np.sqrt(len(known)))
    if width == 0:
        inside = low < known[0] <= high
        nearest = high if known[0] > high else np.nextafter(low, np.inf)
        return np.full(n, known[0] if inside else nearest)
    below, upto = ndtr((low - known) / width), ndtr((high - known) / width)
    mass = upto - below
    if mass.sum() < 1e-12:  # far from all data: evenly in the part that is nearest to them
        start, end = max(low, float(known.min()) - width), min(high, float(known.max()) + width)
        if start >= end:
            start, end = (high - width, high) if np.isfinite(high) else (low, low + width)
        return np.asarray(np.clip(rng.uniform(start, end, n), np.nextafter(low, np.inf), high))
    centre = rng.choice(len(known), n, p=mass / mass.sum())
    share = below[centre] + rng.random(n) * mass[centre]
    drawn = known[centre] + width * ndtri(np.clip(share, 1e-15, 1 - 1e-15))
    return np.asarray(np.clip(drawn, np.nextafter(low, np.inf) if np.isfinite(low) else low, high))


def differ(here: NDArray[np.float64], there: NDArray[np.float64], columns: Columns, level: float = 0.1) -> bool:
    """Whether two samples differ in some column, at a level shared between the columns (Bonferroni).

    Numbers are compared by the Kolmogorov-Smirnov test, categories by chi squared.
    """
    from scipy.stats import chi2_contingency, ks_2samp

    limit = level / len(columns.names)
    for column, known in enumerate(columns.categories):
        one, other = here[:, column], there[:, column]
        one, other = one[~np.isnan(one)], other[~np.isnan(other)]
        if not one.size or not other.size:
            continue
        if known is None:
            if ks_2samp(one, other, method="asymp").pvalue < limit:
                return True
            continue
        counts = np.array([[np.sum(part == code) for code in range(len(known))] for part in (one, other)])
        counts = counts[:, counts.sum(axis=0) > 0]
        if counts.shape[1] > 1 and chi2_contingency(counts).pvalue < limit:
            return True
    return False
