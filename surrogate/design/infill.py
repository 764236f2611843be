"""Infill: the next runs where they lower an emulator's expected error most, or settle a boundary."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from surrogate.design import pool
from surrogate.design.error_process import ErrorProcess, length_scales, local_variation, matern52, without_emulator
from surrogate.design.latin_hypercube import LatinHypercube
from surrogate.space import Space

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_POOL = 4096  # points that stand for the space
_CANDIDATES = 700  # of them, more where errors are expected
_MOST_RUNS = 2000  # in an error process, whose time grows with their cube
_MOST_OUTPUTS = 8
_SEEN = 1e-6  # share of variance left at a point that counts as run already
_KNOWS_NOTHING = 0.5  # of the variance: an emulator with larger errors says nothing about where to look
#: Share of the expected error in the worst quarter of the space, at which infill begins and at which it is nearly all.
_EVEN, _LOCAL = 0.5, 0.7
_MOST_INFILL = 0.9


@dataclass(frozen=True)
class Learned:
    """What is known of one output after some runs.

    Parameters
    ----------
    predict : callable
        Inputs, a DataFrame of m rows, to predictions (m,).
    rows : ndarray of int, shape (k,)
        Row among all runs of each answer.
    y : ndarray of shape (k,)
        The answers.
    errors : ndarray of shape (k,)
        Errors of an emulator that had not seen the run in question.
    level : float, optional
        The value whose boundary is sought. Default: none, the whole output is wanted.
    """

    predict: Callable[[pd.DataFrame], Floats]
    rows: NDArray[np.intp]
    y: Floats
    errors: Floats
    level: float | None = None


class Infill:
    """A sequential design: asks for runs, is told what became of them.

    A batch is made of two parts. *Infill* points lower the integrated expected squared error most, one after the other
    as if the ones before were run (so that they do not cluster). The error is expected by an `ErrorProcess`; with a
    level, it is weighed by how probable the boundary is at a point. The other points fill the space, as an extension
    of a Latin hypercube. How many of which depends on how unevenly the expected error is spread: an even spread leaves
    nothing to gain over filling the space.

    Where runs failed others are expected to fail too, and are not asked for.

    Parameters
    ----------
    space : Space
        With its integers, categories and constraints, which every point fulfils.
    seed : int, default 0
        The same seed and the same runs give the same points.

    Attributes
    ----------
    concentration : float
        Share of the expected error in the worst quarter of the space, after `ask`; 0.25 if it is the same everywhere.

    References
    ----------
    Sacks, J., Schiller, S. B., Welch, W. J. (1989). Designs for computer experiments. Technometrics 31, 41-47.

    Picheny, V., Ginsbourger, D., Roustant, O., Haftka, R. T., Kim, N.-H. (2010). Adaptive designs of experiments for
    accurate approximation of a target region. Journal of Mechanical Design 132, 071008.

    Ginsbourger, D., Le Riche, R., Carraro, L. (2010). Kriging is well-suited to parallelize optimization. In
    Computational Intelligence in Expensive Optimization Problems, Springer (points as if run: the kriging believer).

    Examples
    --------
    >>> space = Space({"x": (0.0, 1.0)})
    >>> runs = space.from_unit(np.linspace(0.05, 0.95, 10)[:, None])
    >>> peak = lambda X: np.exp(-(((X["x"].to_numpy() - 0.8) / 0.1) ** 2))
    >>> errors = np.where(runs["x"] > 0.6, 0.3, 1e-3)
    >>> design = Infill(space)
    >>> design.tell(runs, [Learned(peak, np.arange(10), peak(runs), errors)])
    >>> bool((design.ask(4)["x"] > 0.5).mean() > 0.5)
    True
    """

    def __init__(self, space: Space, seed: int = 0) -> None:
        self.space = space
        self.seed = seed
        self.concentration = np.nan
        self._inputs: pd.DataFrame | None = None

    def tell(self, inputs: pd.DataFrame, learned: Sequence[Learned], failed: NDArray[np.bool_] | None = None) -> None:
        """Say what was run, and what was learned from it; replaces what was told before.

        Parameters
        ----------
        inputs : DataFrame of shape (n, d)
            All runs made or under way.
        learned : sequence of Learned
            One an output; empty while nothing is known.
        failed : ndarray of bool, shape (n,), optional
            Which of them failed.
        """
        self._inputs = self.space.frame(inputs, "inputs")
        self._learned = list(learned)
        self._failed = np.zeros(len(inputs), dtype=bool) if failed is None else np.asarray(failed, dtype=bool)

    def ask(self, n: int) -> pd.DataFrame:
        """Return `n` new points.

        Parameters
        ----------
        n : int

        Returns
        -------
        DataFrame of shape (n, d)

        Raises
        ------
        RuntimeError
            If `tell` was not called before.
        ValueError
            If the space has not so many points left.
        """
        if self._inputs is None:
            raise RuntimeError("ask: call tell(inputs, learned) first, with the runs made so far; none is fine too.")
        import pandas as pd

        rng = np.random.default_rng([self.seed, len(self._inputs)])
        made = self.space.to_unit(self._inputs)
        room = self._candidates(made, n, rng)
        fields = self._fields(room, rng)
        likely = self._hope(self.space.features(room))
        total = np.sum([field.density(likely) for field in fields], axis=0) if fields else likely
        worst = np.sort(total)[::-1]
        self.concentration = float(worst[: max(1, len(worst) // 4)].sum() / max(worst.sum(), np.finfo(float).tiny))
        share = np.clip((self.concentration - _EVEN) / (_LOCAL - _EVEN), 0.0, _MOST_INFILL) if fields else 0.0
        filling = self._filling(n - int(share * n + rng.random()), made)
        likely[pool.repeats(self.space, room, self.space.to_unit(filling))] = 0.0
        chosen = self._infill(n - len(filling), room, fields, likely, total, rng)
        points = pd.concat([filling, room.iloc[chosen]], ignore_index=True)
        short = n - len(points)  # a small discrete space may have no candidates left that tell anything
        if short:
            known = np.vstack([made, self.space.to_unit(points)])
            points = pd.concat([points, pool.maximin_rows(self.space, short, known, rng)], ignore_index=True)
        return points

    def unbiased(self, n: int, made: pd.DataFrame) -> pd.DataFrame:
        """Return `n` points that fill the space and know nothing of the runs made, to check a model with.

        Where such a point was run already, which happens in discrete spaces, another one is drawn that was not.

        Parameters
        ----------
        n : int
        made : DataFrame of shape (m, d)

        Returns
        -------
        DataFrame of shape (n, d)
        """
        import pandas as pd

        rng = np.random.default_rng([self.seed, len(made), n])
        known = self.space.to_unit(self.space.frame(made, "made"))
        rows = LatinHypercube(n, seed=int(rng.integers(2**31))).sample(self.space)
        repeated = pool.repeats(self.space, rows, known)
        if not repeated.any():
            return rows
        kept = rows[~repeated]
        room = self._candidates(np.vstack([known, self.space.to_unit(kept)]), int(repeated.sum()), rng)
        drawn = room.iloc[rng.choice(len(room), int(repeated.sum()), replace=False)]
        return pd.concat([kept, drawn], ignore_index=True)

    def shares(self, made: pd.DataFrame, rows: NDArray[np.intp]) -> Floats:
        """Return the share of the space for which each run stands: that to which it is the nearest one.

        Weights of a mean over the space, of runs that are denser in one part of it than in another.

        Parameters
        ----------
        made : DataFrame of shape (m, d)
        rows : ndarray of int, shape (k,)
            Rows of `made`, one a run; several runs of a row part its share.

        Returns
        -------
        ndarray of shape (k,)
            Adding up to one.
        """
        from scipy.spatial import KDTree

        rng = np.random.default_rng(self.seed)
        points = self.space.from_unit(
            pool.feasible_points(self.space, _POOL, lambda m: pool.sobol_points(m, len(self.space), rng))
        )
        chosen, back, count = np.unique(rows, return_inverse=True, return_counts=True)
        tree = KDTree(self.space.features(made.iloc[chosen]))
        nearest = np.bincount(tree.query(self.space.features(points))[1], minlength=len(chosen))
        shares: Floats = (nearest / nearest.sum() / count)[back]
        return shares

    def _candidates(self, made: Floats, n: int, rng: np.random.Generator) -> pd.DataFrame:
        """Rows that stand for the space, none of them run already."""
        grid = pool.whole_grid(self.space, 2 * _POOL)
        if grid is None:
            unit = pool.feasible_points(self.space, _POOL, lambda m: pool.sobol_points(m, len(self.space), rng), made)
            return self.space.from_unit(unit[:_POOL])
        pool.check_room(self.space, n, made)
        rows = self.space.from_unit(grid)
        free = self.space.feasible(rows) & ~pool.repeats(self.space, rows, made)
        left: pd.DataFrame = rows[free].reset_index(drop=True)
        return left

    def _fields(self, room: pd.DataFrame, rng: np.random.Generator) -> list[_Field]:
        fields = [_Field.of(self.space, self._inputs, one, room, rng) for one in self._learned]
        known = [field for field in fields if field is not None]
        return sorted(known, key=lambda field: -field.mean_error)[:_MOST_OUTPUTS]

    def _hope(self, features: Floats) -> Floats:
        """Return the probability that runs succeed: the share among the nearest runs, half a success beside them.

        Below a half it is 0, for no answer comes from there, and the expected error would be large for ever.
        """
        if not self._failed.any() or self._failed.all():
            return np.ones(len(features))
        from scipy.spatial.distance import cdist

        assert self._inputs is not None  # noqa: S101 - ask has looked
        apart = cdist(features, self.space.features(self._inputs))
        k = min(3, apart.shape[1]) - 1
        near = np.maximum(np.partition(apart, k, axis=1)[:, k : k + 1], 1e-9)
        weights = np.exp(-0.5 * np.square(apart / near))
        failure = weights @ self._failed / (weights.sum(axis=1) + 0.5)
        return np.where(failure < 0.5, 1.0 - failure, 0.0)

    def _filling(self, n: int, made: Floats) -> pd.DataFrame:
        """Space-filling points, without those that will probably fail."""
        if not n:
            return self.space.from_unit(np.empty((0, len(self.space))))
        rows = LatinHypercube(max(1, len(made)), seed=self.seed).extend(self._inputs, n, self.space)
        kept: pd.DataFrame = rows[self._hope(self.space.features(rows)) > 0.0].reset_index(drop=True)
        return kept

    def _infill(
        self, n: int, room: pd.DataFrame, fields: list[_Field], likely: Floats, total: Floats, rng: np.random.Generator
    ) -> list[int]:
        """Choose candidates greedily; each conditions the error processes on itself, which needs no answer."""
        if not n or not len(room):
            return []
        if not fields:
            return list(np.argsort(-likely, kind="stable")[:n])
        # Half of the candidates as they come, half where errors are expected: weights undo the difference.
        chance = 0.5 / len(total) + 0.5 * total / max(float(total.sum()), np.finfo(float).tiny)
        part = rng.choice(len(room), min(_CANDIDATES, len(room)), replace=False, p=chance / chance.sum())
        reductions = [_Reduction(field, part, likely[part] / chance[part]) for field in fields]
        chosen: list[int] = []
        for _ in range(min(n, len(part))):
            gain = likely[part] * np.sum([reduction.gain() for reduction in reductions], axis=0)
            gain[chosen] = -np.inf
            best = int(gain.argmax())
            if gain[best] <= 0.0:
                break
            chosen.append(best)
            for reduction in reductions:
                reduction.condition(best)
        return list(part[chosen])


class _Field:
    """The expected error of one output at all candidates."""

    def __init__(self, process: ErrorProcess, features: Floats, weight: Floats, size: Floats, spread: float) -> None:
        self.process, self.features = process, features
        self.whitened = process.whitened(features)
        left = np.maximum(1.0 - np.einsum("ij,ij->i", self.whitened, self.whitened), 1e-9)
        self.variance = size * left / spread
        self.size = size * weight / spread
        self._weighted = self.size * left
        self.mean_error = float(self._weighted.mean())

    @classmethod
    def of(
        cls, space: Space, inputs: pd.DataFrame | None, one: Learned, room: pd.DataFrame, rng: np.random.Generator
    ) -> _Field | None:
        """Expect errors from what was learned, or None if nothing can be: no runs, or an output that never varies."""
        spread = float(np.var(one.y))
        if inputs is None or len(one.rows) < 2 or not spread > 0.0:
            return None
        runs, back, count = np.unique(one.rows, return_inverse=True, return_counts=True)
        squares, answers = np.bincount(back, one.errors**2) / count, np.bincount(back, one.y) / count
        if len(runs) > _MOST_RUNS:
            part = rng.choice(len(runs), _MOST_RUNS, replace=False)
            runs, squares, answers = runs[part], squares[part], answers[part]
        features, at = space.features(inputs.iloc[runs]), space.features(room)
        variation: Floats | None = None
        if np.mean(squares) > _KNOWS_NOTHING * spread:
            lengths, errors = without_emulator(features, answers)
        else:
            lengths, errors = length_scales(space, one.predict, rng), np.sqrt(squares)
            both = np.vstack([space.to_unit(inputs.iloc[runs]), space.to_unit(room)])
            variation = local_variation(space, one.predict, both, lengths, rng)
        k = len(runs)
        process = ErrorProcess(features, errors, lengths, None if variation is None else variation[:k])
        size = process.size(at, None if variation is None else variation[k:])
        field = cls(process, at, np.ones(len(at)), size, spread)
        if one.level is None:
            return field
        off = np.square(np.asarray(one.predict(room)) - one.level) / spread
        weight = np.exp(-0.5 * off / field.variance) / np.sqrt(field.variance)
        return cls(process, at, np.maximum(weight, 1e-12 * weight.max()), size, spread)

    def density(self, likely: Floats) -> Floats:
        density: Floats = likely * self._weighted
        return density


class _Reduction:
    """How much of one output's integrated error each candidate would take away."""

    def __init__(self, field: _Field, part: NDArray[np.intp], weight: Floats) -> None:
        points, whitened = field.features[part] / field.process.lengths, field.whitened[part]
        self._covariance = matern52(points, points) - whitened @ whitened.T
        self._weight = field.size[part] * weight
        self._noise = 10.0 * _SEEN

    def gain(self) -> Floats:
        variance = np.diag(self._covariance)
        gain: Floats = self._weight @ np.square(self._covariance) / (np.maximum(variance, 0.0) + self._noise)
        return np.where(variance > _SEEN, gain, 0.0)

    def condition(self, chosen: int) -> None:
        column = self._covariance[:, chosen].copy()
        self._covariance -= np.outer(column, column / (column[chosen] + self._noise))
