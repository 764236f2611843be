"""Held-out evidence: what a search finds, judged on runs that it did not see, and the choice of a box by it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.models.boxes.choice import box_correlation, most_correlated
from surrogate.models.boxes.columns import Columns
from surrogate.models.boxes.evidence.choice_rules import one_standard_error
from surrogate.models.boxes.trajectory import Step
from surrogate.validation.fold_progress import told

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from surrogate.models.boxes.box_finder import BoxFinder

    Rule = Callable[[pd.DataFrame], int]


@dataclass(frozen=True)
class HeldOut:
    """Counts of the boxes of a trajectory on held-out rows.

    Attributes
    ----------
    n, k : ndarray of shape (splits, rows)
        Held-out rows and cases in the box that matches each trajectory row, in each split.
    correlation : ndarray of shape (splits, rows)
        `box_correlation` on the held-out rows of each split.
    cases : float
        Cases among all rows.
    repeats : int
        How often every row was held out once.
    folds : int
    """

    n: NDArray[np.float64]
    k: NDArray[np.float64]
    correlation: NDArray[np.float64]
    cases: float
    repeats: int
    folds: int

    @property
    def mean_correlation(self) -> NDArray[np.float64]:
        """Mean over the splits, shape (rows,)."""
        return np.asarray(self.correlation.mean(axis=0))

    @property
    def standard_error(self) -> NDArray[np.float64]:
        """Standard error of the mean, shape (rows,).

        Repeats share their rows, so they are no further evidence: the error is that of `folds` values.
        """
        return np.asarray(self.correlation.std(axis=0, ddof=1) / np.sqrt(self.folds))

    @property
    def density(self) -> tuple[Any, Any, Any]:
        """Share, low and high end of its 95 % interval: cases among all rows that were held out in the box."""
        return wilson(self.k.sum(axis=0) / self.repeats, self.n.sum(axis=0) / self.repeats)

    @property
    def coverage(self) -> tuple[Any, Any, Any]:
        """Share, low and high end of its 95 % interval: cases held out in the box among all cases."""
        k = self.k.sum(axis=0) / self.repeats
        return wilson(k, np.full_like(k, self.cases))

    def table(self) -> pd.DataFrame:
        """Return coverage and density on held-out rows with 95 % intervals (Wilson [1]_), and correlation, a row a box.

        References
        ----------
        .. [1] Wilson 1927, Journal of the American Statistical Association 22, 209-212.
        """
        import pandas as pd

        coverage, density = self.coverage, self.density
        return pd.DataFrame(
            {
                "heldout_coverage": coverage[0],
                "heldout_coverage_low": coverage[1],
                "heldout_coverage_high": coverage[2],
                "heldout_density": density[0],
                "heldout_density_low": density[1],
                "heldout_density_high": density[2],
                "heldout_correlation": self.mean_correlation,
            }
        )


@dataclass(frozen=True)
class Chosen:
    """A search on the parameters that held-out evidence supports, and the box chosen from it.

    Attributes
    ----------
    names : tuple of str
        The parameters that the search was allowed to limit.
    steps : list of Step
        Its trajectory on all rows.
    heldout : HeldOut
        One column a step.
    row : int
        Number of the chosen step.
    """

    names: tuple[str, ...]
    steps: list[Step]
    heldout: HeldOut
    row: int


def choose(
    finder: BoxFinder,
    columns: Columns,
    y: NDArray[np.float64],
    *,
    folds: int = 5,
    repeats: int = 2,
    seed: int = 0,
    rule: Rule = one_standard_error,
) -> Chosen:
    """Search, and choose a box by repeated cross-validation of the whole search.

    1. The parameters that the in-sample best box limits are ranked by dropping, one after the other, the one
       whose limits cost least; this gives a set of each size, and `finder` searches once in each.
    2. The same, ranking included, is done in every split on the rows outside the fold. A step on all rows is
       matched with the step of the split's search in as many parameters whose mass is nearest (on a log scale):
       mass tells how far a search has peeled, whatever it found. (The leaves of `CARTBoxes` are not nested and are
       matched by coverage and density.) The fold's rows in that step are counted.
    3. The criterion is the correlation between lying in the box and being a case (`box_correlation`) on held-out
       rows. Only steps are considered whose held-out density is above the base rate with its whole 95 % interval;
       without one the box without limits is chosen. Among those within one standard error of the best [1]_ the one
       that limits fewest parameters is chosen, and among these the best; or what another rule says.

    Parameters
    ----------
    finder : BoxFinder
        Only its parameters are used.
    columns : Columns
    y : ndarray of float64, shape (n,)
    folds : int, default 5
    repeats : int, default 2
        Cross-validations with different folds. More change little: they share their rows.
    seed : int, default 0
    rule : callable, default one_standard_error
        Gets a table of the steps considered, returns a row number; see `surrogate.models.boxes.evidence.choice_rules`.

    Returns
    -------
    Chosen

    References
    ----------
    .. [1] Breiman, Friedman, Olshen & Stone 1984, Classification and Regression Trees, section 3.4.3.
    """
    folds = min(folds, len(y))
    full = searches(finder, columns, y)
    splits = list(stratified_folds(y, folds, repeats, seed))
    # Finders whose boxes are not nested say themselves which of another search's boxes is meant.
    match = getattr(finder, "match", match_by_mass)
    counts = [np.zeros((3, len(splits), len(steps))) for _, steps in full]
    for place, (train, test) in enumerate(told(splits)):
        found = searches(finder, columns.take(train), y[train])
        for size, (_, steps) in enumerate(full):
            # A split may support fewer parameters than all rows do: its largest search then stands for the larger.
            matching = found[min(size, len(found) - 1)][1]
            counts[size][:, place] = heldout_counts(columns, y, test, matching, match(steps, matching))
    cases = float(y.sum())
    heldout = [HeldOut(n, k, correlation, cases, repeats, folds) for n, k, correlation in counts]
    size, row = pick([steps for _, steps in full], heldout, float(y.mean()), rule)
    return Chosen(full[size][0], full[size][1], heldout[size], row)


def searches(finder: BoxFinder, columns: Columns, y: NDArray[np.float64]) -> list[tuple[tuple[str, ...], list[Step]]]:
    """Search in all parameters, rank those of the best box, and search in each of the nested sets of them."""
    steps = finder.search(columns, y)
    best = steps[most_correlated([s.n for s in steps], [s.k for s in steps], y)]
    sets = nested_sets(columns, y, best)
    if not sets:
        return [(tuple(column.name for column in columns.columns), steps)]
    return [(names, finder.search(columns.select(names), y)) for names in sets]


def nested_sets(columns: Columns, y: NDArray[np.float64], step: Step) -> list[tuple[str, ...]]:
    """Return sets of the limited parameters with 1, 2, ... members: the one that costs least is dropped first."""
    names = tuple(column.name for column in columns.columns if column.name in step.limits)
    inside = {name: columns.inside({name: step.limits[name]}) for name in names}
    sets = [names] if names else []
    while len(names) > 1:
        smaller = [tuple(name for name in names if name != dropped) for dropped in names]
        boxes = [np.logical_and.reduce([inside[name] for name in kept]) for kept in smaller]
        names = smaller[most_correlated([b.sum() for b in boxes], [y[b].sum() for b in boxes], y)]
        sets.append(names)
    return sets[::-1]


def stratified_folds(
    y: NDArray[np.float64], folds: int, repeats: int, seed: int
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Yield (train, test) row numbers; rows are dealt in order of `y`, so that folds have equal shares of cases."""
    generator = np.random.default_rng(seed)
    for _ in range(repeats):
        dealt = np.lexsort((generator.random(len(y)), y))
        fold = np.empty(len(y), dtype=np.intp)
        fold[dealt] = np.arange(len(y)) % folds
        for number in range(folds):
            yield np.flatnonzero(fold != number), np.flatnonzero(fold == number)


def match_by_mass(steps: Sequence[Step], others: Sequence[Step]) -> NDArray[np.intp]:
    """For each step return the number of the other search's step with the nearest share of rows (log scale)."""
    mass = np.log([step.n / steps[0].n for step in steps])
    other = np.log([step.n / others[0].n for step in others])
    return np.asarray(np.abs(mass[:, None] - other[None, :]).argmin(axis=1))


def heldout_counts(
    columns: Columns, y: NDArray[np.float64], test: NDArray[np.intp], steps: Sequence[Step], matched: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Return n, k and correlation on the rows `test` of the matched step for each step, shape (3, rows)."""
    n, k = np.zeros(len(steps)), np.zeros(len(steps))
    for number in np.unique(matched):
        inside = columns.inside(steps[number].limits, test)
        n[number], k[number] = inside.sum(), y[test][inside].sum()
    return np.array([n, k, box_correlation(n, k, y[test])])[:, matched]


def pick(
    steps: Sequence[Sequence[Step]], heldout: Sequence[HeldOut], base_rate: float, rule: Rule = one_standard_error
) -> tuple[int, int]:
    """Return (number of search, row) of the box that a rule picks of all that held-out runs support.

    Only boxes are shown to the rule whose held-out density is above the base rate with its whole 95 % interval.
    Without one it is the last search and the box without limits.
    """
    import pandas as pd

    tables = []
    for size, (found, evidence) in enumerate(zip(steps, heldout, strict=True)):
        limited = np.array([len(step.limits) for step in found])
        mass = np.array([step.n for step in found]) / found[0].n
        table = pd.DataFrame({"search": size, "row": np.arange(len(found)), "n_restricted": limited, "mass": mass})
        table = table.join(evidence.table()).assign(heldout_correlation_error=evidence.standard_error)
        tables.append(table[(evidence.density[1] > base_rate) & (limited > 0)])
    supported = pd.concat(tables, ignore_index=True)
    if not len(supported):
        return len(steps) - 1, 0
    number = rule(supported)
    if isinstance(number, bool) or not isinstance(number, (int, np.integer)) or not 0 <= number < len(supported):
        raise ValueError(f"choice: the rule must return a row number below {len(supported)}, got {number!r}.")
    return int(supported["search"].iloc[number]), int(supported["row"].iloc[number])


def wilson(k: Any, n: Any, z: float = 1.959963984540054) -> tuple[Any, Any, Any]:
    """Return share, low and high end of the 95 % Wilson interval; NaN, 0 and 1 where `n` is 0.

    Examples
    --------
    >>> [round(float(end), 3) for end in wilson(77, 100)]
    [0.77, 0.678, 0.842]
    """
    n = np.asarray(n, dtype=np.float64)
    some = np.where(n == 0, 1.0, n)
    share = np.asarray(k, dtype=np.float64) / some
    centre = (share + z**2 / (2 * some)) / (1 + z**2 / some)
    half = z / (1 + z**2 / some) * np.sqrt(np.maximum(share * (1 - share), 0) / some + z**2 / (4 * some**2))
    empty = n == 0
    return (
        np.where(empty, np.nan, share),
        np.where(empty, 0.0, np.clip(centre - half, 0, 1)),
        np.where(empty, 1.0, np.clip(centre + half, 0, 1)),
    )
