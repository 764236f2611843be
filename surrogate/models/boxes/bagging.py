"""Bagged random boxes: PRIM on random runs and random inputs, and what is best of all that it finds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.utils.validation import check_is_fitted

from surrogate.models.boxes.box_finder import BoxFinder
from surrogate.models.boxes.columns import Columns
from surrogate.models.boxes.prim.prim import PRIM
from surrogate.models.boxes.trajectory import Step, counted
from surrogate.models.boxes.units import scaled

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


class BaggedBoxes(BoxFinder):
    """PRIM on bootstrap samples of the runs and random subsets of the inputs; the best boxes of all are kept.

    PRIM climbs one hill. Many climbs, each from other runs and with other inputs to choose from, find boxes that one
    greedy climb misses, above all where some inputs are numbers and others categories [1]_. Every box found is counted
    on all runs, and those remain that no other beats in both coverage and density.

    Parameters
    ----------
    finder : BoxFinder, optional
        What searches; by default ``PRIM()``.
    n_bags : int, default 50
        How many searches.
    n_inputs : int, optional
        Inputs that a search may limit, drawn at random; by default between one and all of them, equally often.
    mass_min : float, default 0.05
        Least share of all runs that a box may hold.
    random_state : int, default 0

    Attributes
    ----------
    trajectory_ : DataFrame
        The box without limits, then a row a box, from the largest coverage to the largest density: n, k, coverage,
        density, mass, n_restricted. Unlike those of PRIM they are not nested.
    boxes_ : list of Box
        One a trajectory row.
    box_ : Box
        The in-sample choice: the first box with the largest correlation between lying in it and being a case.

    References
    ----------
    .. [1] Kwakkel & Cunningham 2016, Technological Forecasting and Social Change 111, 124-134.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).random((300, 3))
    >>> y = (X[:, 0] > 0.5) & (X[:, 1] < 0.6)
    >>> search = BaggedBoxes(n_bags=10).fit(X, y)
    >>> sorted(search.box_.limits)
    ['x1', 'x2']
    """

    def __init__(
        self,
        finder: BoxFinder | None = None,
        n_bags: int = 50,
        n_inputs: int | None = None,
        mass_min: float = 0.05,
        random_state: int = 0,
    ) -> None:
        self.finder = finder
        self.n_bags = n_bags
        self.n_inputs = n_inputs
        self.mass_min = mass_min
        self.random_state = random_state

    def check_parameters(self) -> None:
        """Raise ``ValueError`` or ``TypeError`` for a parameter that is not allowed."""
        if self.finder is not None and not isinstance(self.finder, BoxFinder):
            raise TypeError(f"finder: expected a box finder such as PRIM(), got {type(self.finder).__name__}.")
        for name, value in (("n_bags", self.n_bags), ("n_inputs", 1 if self.n_inputs is None else self.n_inputs)):
            if not isinstance(value, int | np.integer) or value < 1:
                raise ValueError(f"{name}: must be a whole number of at least 1, got {value!r}.")
        if not 0 <= self.mass_min < 1:
            raise ValueError(f"mass_min: must be from 0 to below 1, got {self.mass_min!r}. The usual is 0.05.")
        self._search_with().check_parameters()

    @property
    def limited_shares_(self) -> pd.Series[float]:
        """Share of the boxes in the trajectory that limit each input, the largest first: a score of the inputs."""
        import pandas as pd

        check_is_fitted(self)
        names = list(self.boxes_[0].names or ())
        limited = [[name in box.limits for name in names] for box in self.boxes_[1:]]
        shares = np.mean(limited, axis=0) if limited else np.zeros(len(names))
        return pd.Series(shares, index=names).sort_values(ascending=False, kind="stable")

    def search(
        self, columns: Columns, y: NDArray[np.float64], weights: NDArray[np.float64] | None = None
    ) -> list[Step]:
        """Search in every bag, count all boxes on all rows, and keep those that none beats."""
        weights = None if weights is None else scaled(weights)
        finder, total = self._search_with(), float(columns.n if weights is None else weights.sum())
        # Weights say how often a row is drawn, so that every finder can be bagged with them.
        chances = None if weights is None else weights / total
        # In bags rows are drawn by their inputs' order, so that the order of rows and columns does not matter.
        by_name = sorted(columns.columns, key=lambda column: column.name)
        arranged = np.lexsort(np.array([y, *(column.ranks for column in by_name)]))
        whole = counted({}, columns, y, weights)
        found: list[Step] = []
        seen: set[tuple[tuple[str, object], ...]] = {()}
        for seed in np.random.SeedSequence(self.random_state).spawn(self.n_bags):
            generator = np.random.default_rng(seed)
            drawn = (
                generator.integers(columns.n, size=columns.n)
                if chances is None
                else generator.choice(columns.n, size=columns.n, p=chances[arranged])
            )
            bag = np.sort(arranged[drawn])
            inputs = self._draw(columns, generator)
            if y[bag].min() == y[bag].max():
                continue
            for step in finder.search(inputs.take(bag), y[bag]):
                key = tuple(sorted(step.limits.items(), key=lambda entry: entry[0]))
                if key not in seen:
                    seen.add(key)
                    found.append(counted(step.limits, columns, y, weights))
        least = self.mass_min * total
        return [whole, *undominated([step for step in found if step.n >= least and step.n])]

    def _search_with(self) -> BoxFinder:
        return PRIM() if self.finder is None else self.finder

    def _draw(self, columns: Columns, generator: np.random.Generator) -> Columns:
        names = sorted(column.name for column in columns.columns)
        size = self.n_inputs or int(generator.integers(1, len(names) + 1))
        return columns.select(generator.choice(names, size=min(size, len(names)), replace=False).tolist())


def undominated(steps: list[Step]) -> list[Step]:
    """Return the steps that no other beats in cases and density, from the largest coverage to the largest density."""
    by_cases = sorted(steps, key=lambda step: (-step.k, step.n, len(step.limits)))
    kept: list[Step] = []
    for step in by_cases:
        if not kept or step.k / step.n > kept[-1].k / kept[-1].n:
            kept.append(step)
    return kept
