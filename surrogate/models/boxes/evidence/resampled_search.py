"""A search on a random part of the runs, as a simulator: so it runs wherever simulators run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.simulation import Chunk, Status, as_simulator, run
from surrogate.space import Integer, Space

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from surrogate.models.boxes.box_finder import BoxFinder
    from surrogate.models.boxes.columns import Columns, Limit

Limits = dict[str, "Limit"]


@dataclass(frozen=True)
class ResampledSearch:
    """Searches on two disjoint random parts of the runs; of each trajectory the boxes nearest to a given one.

    Attributes
    ----------
    finder : BoxFinder
    columns : Columns
    y : ndarray of float64, shape (n,)
    coverage, density : float
        Of the box in question.
    seed : int
        With the number of the draw it decides what is drawn, wherever that happens.
    """

    finder: BoxFinder
    columns: Columns
    y: NDArray[np.float64]
    coverage: float
    density: float
    seed: int

    def __call__(self, draw: int, size: int) -> dict[str, NDArray[np.float64]]:
        """Draw, search and answer four boxes: two parts, nearest in coverage and nearest in density."""
        generator = np.random.default_rng([self.seed, int(draw)])
        # Two parts in one go: each is a random part, and together they share no run.
        drawn = generator.permutation(self.columns.n)[: 2 * int(size)]
        parts = [np.sort(part) for part in (drawn[: int(size)], drawn[int(size) :])]
        return {f"part_{i}": self._encoded(self._nearest(part)) for i, part in enumerate(parts)}

    def _nearest(self, rows: NDArray[np.intp]) -> list[Limits]:
        y = self.y[rows]
        # Cases so rare that a part may hold none say nothing in that part.
        if not len(rows) or y.min() == y.max():
            return [{}, {}]
        steps = self.finder.search(self.columns.take(rows), y)
        found = [(step.k / float(y.sum()), step.k / step.n, step.limits) for step in steps]
        # Where several are as near, as all boxes are that hold every case, the better one in the other measure.
        by_coverage = min(found, key=lambda box: (round(abs(box[0] - self.coverage), 12), -box[1]))
        by_density = min(found, key=lambda box: (round(abs(box[1] - self.density), 12), -box[0]))
        return [by_coverage[2], by_density[2]]

    def _encoded(self, boxes: list[Limits]) -> NDArray[np.float64]:
        """Return limits as finite numbers: for each end whether there is one, and where; for categories which."""
        return np.array([[value for column in self.columns.columns for value in _code(box, column)] for box in boxes])

    def decoded(self, codes: NDArray[np.float64]) -> list[Limits]:
        """Return the limits that `_encoded` made numbers of."""
        boxes: list[Limits] = []
        for row in codes:
            limits, start = {}, 0
            for column in self.columns.columns:
                stop = start + (4 if column.numeric else 1 + len(column.values))
                limit = _limit(row[start:stop], column)
                if limit is not None:
                    limits[column.name] = limit
                start = stop
            boxes.append(limits)
        return boxes


def _code(limits: Limits, column: Any) -> list[float]:
    limit = limits.get(column.name)
    if not column.numeric:
        held = [0.0] * len(column.values) if limit is None else [float(value in limit) for value in column.values]
        return [float(limit is not None), *held]
    ends = (-math.inf, math.inf) if limit is None else limit
    return [part for end in ends for part in ((1.0, float(end)) if math.isfinite(end) else (0.0, 0.0))]


def _limit(code: NDArray[np.float64], column: Any) -> Limit | None:
    if not column.numeric:
        return frozenset(column.values[np.flatnonzero(code[1:])]) if code[0] else None
    low, high = (float(code[1]) if code[0] else -math.inf), (float(code[3]) if code[2] else math.inf)
    return None if (low, high) == (-math.inf, math.inf) else (low, high)


def resampled(
    search: ResampledSearch, sizes: Sequence[int], executor: Any = None
) -> list[tuple[list[Limits], list[Limits]]]:
    """Run draw 0, 1, ... with the given sizes of a part; return for each the boxes of both parts.

    Parameters
    ----------
    search : ResampledSearch
    sizes : sequence of int
        Rows of one part, for each draw.
    executor : None, "processes", concurrent.futures.Executor, dask.distributed.Client or str, default None
        As in `surrogate.collect`. The answer is the same on all of them.

    Raises
    ------
    RuntimeError
        If a search fails on a worker.
    """
    draws = np.arange(len(sizes))
    space = Space({"draw": Integer(0, max(len(sizes) - 1, 1)), "size": Integer(0, max(search.columns.n, 1))})
    chunk = Chunk(draws, {"draw": draws, "size": np.asarray(sizes, dtype=np.int64)}, {})
    answers: dict[int, tuple[list[Limits], list[Limits]]] = {}
    for row, outcome in run(as_simulator(search, space), [chunk], executor=executor):
        if outcome.status is not Status.OK:
            raise RuntimeError(f"resampling: the search in draw {row} ended with {outcome.status}: {outcome.message}")
        parts = [search.decoded(np.asarray(outcome.outputs[f"part_{i}"])) for i in (0, 1)]
        answers[row] = (parts[0], parts[1])
    return [answers[row] for row in range(len(sizes))]
