"""Composite Gaussian process: smooth in most places, with features in few."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from surrogate.models.emulators.composite_likelihood import CompositeLikelihood
from surrogate.models.emulators.emulator import Emulator
from surrogate.models.emulators.kernel_search import kernels_to_try, search_kernels, worth_resuming
from surrogate.models.emulators.kriging import Kriging
from surrogate.models.emulators.product_likelihood import ProductLikelihood
from surrogate.models.records.composite import CompositeRecord, anchor_weights
from surrogate.models.records.kriging import KrigingRecord

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from surrogate.models.records import Record

    FloatArray = NDArray[np.float64]

_LEAST_RUNS = 10  # fewer cannot tell where an output is rough
_MOST_RUNS = 500  # as for kriging; the search looks at all of them
_LEAST_ANCHORS, _MOST_ANCHORS, _RUNS_AN_ANCHOR = 5, 40, 5
#: The local process's size changes over twice the length that plain kriging sees, and no faster than runs can tell.
_REACH, _LEAST_REACH, _MOST_LENGTH = 2.0, 0.15, 1.0
#: Log posterior by which two processes must beat one: they have more to fit with.
_EVIDENCE, _FAR_BEHIND = 3.0, -10.0
_RETRY = 1.5  # what was hopeless is tried again when there are so many times the runs
_LENGTHS, _LOCAL_LENGTHS = (np.log(5e-2), np.log(1e3)), (np.log(2e-2), np.log(10.0))
_NUGGETS, _INTERACTIONS, _LOG_SIZES = (np.log(1e-11), np.log(10.0)), (np.log(1e-2), np.log(1e3)), (-12.0, 6.0)


class Search(NamedTuple):
    """Where a search ended: of plain kriging, and of the composite with its anchors; without it if it was hopeless."""

    kriging: Mapping[str, tuple[float, ...]]
    composite: Mapping[str, tuple[float, ...]]
    anchors: Any
    reach: Any
    runs: int  # that there were


class Composite(Emulator):
    """The sum of a smooth Gaussian process and a local one whose size varies over the space.

    One length scale for the whole space takes that of the narrowest feature, and then needs runs everywhere. Here a
    smooth process (`Kriging` with a constant trend) learns what the output does in most places, and a local process
    learns the features: its standard deviation is a smooth function of the inputs, told at anchors among the runs and
    estimated with the length scales. Few runs are then needed where nothing happens, and the standard deviation of a
    prediction is small there. Where the posterior of both processes is not clearly higher than that of plain kriging,
    the record is that of plain kriging.

    Parameters
    ----------
    kernel : {"auto", "matern52", "matern72", "squared_exponential"}, default "auto"
        Correlation of both processes. "auto" keeps the one of higher posterior of Matern 5/2 and squared exponential.
    n_starts : int, default 4
        Searches with each kernel, at most four: from plain kriging as the local process, as the smooth one, as the
        local one of the same size everywhere, and as the smooth one with hardly anything beside it.
    start : Search, optional
        Where to start from in place of a search (`search_` of a fit to similar runs).
    random_state : int, RandomState or None, default 0
        Draws the starts of plain kriging.

    Attributes
    ----------
    record_ : CompositeRecord or KrigingRecord
        What predicts.
    evidence_ : float
        Log posterior of both processes over that of one.
    search_ : Search
        Where the search ended.

    References
    ----------
    Ba, S., Joseph, V. R. (2012). Composite Gaussian process models for emulating expensive functions. Annals of
    Applied Statistics 6, 1838-1860.

    Heinonen, M., Mannerstrom, H., Rousu, J., Kaski, S., Lahdesmaki, H. (2016). Non-stationary Gaussian process
    regression with Hamiltonian Monte Carlo. AISTATS, PMLR 51, 732-740 (sizes at points, by their posterior mode).

    Examples
    --------
    >>> X = np.random.default_rng(0).random((60, 2))
    >>> peak = lambda X: X[:, 0] + np.exp(-((X - 0.6) ** 2).sum(axis=1) / 0.02)
    >>> model = Composite().fit(X, peak(X))
    >>> model.record_.kind, bool(abs(model.predict([[0.1, 0.9]])[0] - 0.1) < 1e-3)
    ('composite', True)
    """

    def __init__(
        self,
        *,
        kernel: str = "auto",
        n_starts: int = 4,
        start: Search | None = None,
        random_state: object = 0,
    ) -> None:
        self.kernel = kernel
        self.n_starts = n_starts
        self.start = start
        self.random_state = random_state

    def suits(self, X: FloatArray, y: FloatArray) -> bool:
        """Whether there are 10 to 500 runs."""
        return _LEAST_RUNS <= len(y) <= _MOST_RUNS

    def _fit(self, X: FloatArray, y: FloatArray) -> Record:
        before = self.start
        automatic = ["squared_exponential", "matern52"]
        kernels = kernels_to_try(self.kernel, automatic, self.n_starts, before.composite if before else None)
        plain = Kriging(
            kernel=self.kernel,
            n_starts=min(self.n_starts, 2),
            start=before.kriging if before else None,
            random_state=self.random_state,
        ).fit(X, y)
        kriging = plain.record_
        self.evidence_ = -np.inf
        hopeless = before is not None and not before.composite and len(y) < _RETRY * before.runs
        self.search_ = Search(plain.search_, {}, None, None, before.runs if before and hopeless else len(y))
        if hopeless or len(y) < _LEAST_RUNS or not isinstance(kriging, KrigingRecord):
            return kriging
        runs = _Runs.of(X, y, kriging)
        found = self._search(runs, kriging, kernels, before if before and before.composite else None)
        kernel = min(found, key=lambda name: found[name][0])
        one = ProductLikelihood(runs.unit, runs.standard, np.ones((len(y), 1)), kriging.correlation)
        self.evidence_ = one(np.array(plain.search_[kriging.correlation]))[0] - found[kernel][0]
        if self.evidence_ > _FAR_BEHIND:
            self.search_ = Search(plain.search_, worth_resuming(found), runs.anchors, runs.reach, len(y))
        record = runs.record(kernel, found[kernel][1]) if self.evidence_ >= _EVIDENCE else None
        return kriging if record is None else record

    def _search(
        self, runs: _Runs, kriging: KrigingRecord, kernels: list[str], before: Search | None
    ) -> dict[str, tuple[float, FloatArray]]:
        """Where the search with each correlation ended."""
        p = runs.unit.shape[1]
        limits = [_LENGTHS] * p + [_NUGGETS, _INTERACTIONS] + [_LOCAL_LENGTHS] * p + [_LOG_SIZES] * len(runs.anchors)
        starts = [np.clip(start, *np.array(limits).T) for start in _spread_starts(runs, kriging)[: self.n_starts]]
        return search_kernels(
            kernels,
            runs.likelihood,
            lambda objective, ended: starts,
            limits,
            (15, 100),
            None if before is None else _resumed_starts(before, runs.anchors, p),
        )


class _Runs(NamedTuple):
    """Runs in the unit cube, with the anchors among them."""

    low: FloatArray
    width: FloatArray
    unit: FloatArray
    center: float
    spread: float
    standard: FloatArray
    anchors: FloatArray
    reach: FloatArray
    share: FloatArray

    @classmethod
    def of(cls, X: FloatArray, y: FloatArray, kriging: KrigingRecord) -> _Runs:
        low, width = X.min(axis=0), np.ptp(X, axis=0)
        width[width == 0.0] = 1.0
        unit, center, spread = (X - low) / width, float(y.mean()), float(y.std())
        reach = np.maximum(_REACH * np.minimum(kriging.length / width, _MOST_LENGTH), _LEAST_REACH)
        count = int(np.clip(len(y) // _RUNS_AN_ANCHOR, _LEAST_ANCHORS, _MOST_ANCHORS))
        anchors = far_apart(unit / reach, count) * reach
        share = anchor_weights(unit, anchors, reach)
        return cls(low, width, unit, center, spread, (y - center) / spread, anchors, reach, share)

    def likelihood(self, kernel: str) -> CompositeLikelihood:
        return CompositeLikelihood(self.unit, self.standard, kernel, self.share)

    def record(self, kernel: str, parameters: FloatArray) -> CompositeRecord | None:
        """Return what predicts, None on the edge of what can be factored."""
        likelihood = self.likelihood(kernel)
        solution = likelihood.solution(parameters)
        if solution is None:
            return None
        length, nugget, interaction, local_length, log_sizes = likelihood.split(parameters)
        return CompositeRecord(
            correlation=kernel,
            interaction=interaction,
            location=self.low,
            width=self.width,
            length=length,
            local_length=local_length,
            anchors=self.anchors,
            reach=self.reach,
            log_sizes=log_sizes,
            points=self.unit,
            weights=solution.weights * self.spread,
            trend=float(self.center + self.spread * solution.trend),
            scale=float(self.spread * np.sqrt(solution.variance)),
            nugget=nugget,
            whitener=solution.whitener,
        )


def _spread_starts(runs: _Runs, kriging: KrigingRecord) -> list[FloatArray]:
    """Take plain kriging for the local process, for the smooth one, and for both but small."""
    errors = np.abs(kriging.weights) / np.square(kriging.whitener).sum(axis=0)  # without each run, nearly
    logs = np.log(errors + 1e-4 * errors.max())
    sizes = runs.share.T @ logs / np.maximum(runs.share.sum(axis=0), 1e-12)
    sizes -= sizes.max()
    lengths, noise = np.log(kriging.length / runs.width), np.log(kriging.nugget)
    quiet = min(noise, -12.0)
    kinds = [
        (np.log(3.0), 0.0, quiet, sizes),
        (0.0, np.log(0.4), quiet, sizes),
        (np.log(3.0), 0.0, quiet, np.full(len(sizes), -1.0)),
        (0.0, np.log(0.4), noise, sizes - 4.0),
    ]
    return [
        np.concatenate([
            lengths + longer, [nugget, np.log(kriging.interaction)], np.minimum(lengths + shorter, 0.0), size
        ])
        for longer, shorter, nugget, size in kinds
    ]  # fmt: skip


def _resumed_starts(before: Search, anchors: FloatArray, p: int) -> dict[str, tuple[float, ...]]:
    """Parameters of an earlier search, its sizes told at other anchors."""
    share = anchor_weights(anchors, before.anchors, before.reach)
    ends = {kernel: np.array(end) for kernel, end in before.composite.items()}
    return {
        kernel: tuple(np.append(end[: 2 * p + 2], share @ end[2 * p + 2 :]).tolist()) for kernel, end in ends.items()
    }


def far_apart(X: FloatArray, m: int) -> FloatArray:
    """Take `m` of the points one after the other, each the farthest from those before, from the middle on.

    Parameters
    ----------
    X : ndarray of shape (n, p)
    m : int

    Returns
    -------
    ndarray of shape (min(m, n), p)
    """
    chosen = [int(np.square(X - X.mean(axis=0)).sum(axis=1).argmin())]
    apart = np.square(X - X[chosen[0]]).sum(axis=1)
    while len(chosen) < min(m, len(X)):
        chosen.append(int(apart.argmax()))
        apart = np.minimum(apart, np.square(X - X[chosen[-1]]).sum(axis=1))
    return np.ascontiguousarray(X[chosen])
