"""Universal kriging: damped interactions, and a trend that a sparse polynomial chaos may give (PC-kriging)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from sklearn.utils import check_random_state

from surrogate.models.emulators.emulator import Emulator
from surrogate.models.emulators.kernel_search import Objective, kernels_to_try, search_kernels, worth_resuming
from surrogate.models.emulators.polynomial_chaos import PolynomialChaos
from surrogate.models.emulators.product_likelihood import ProductLikelihood, solve_kriging
from surrogate.models.records.kriging import KrigingRecord
from surrogate.models.records.polynomial_chaos import PolynomialChaosRecord

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from surrogate.models.records import Record

    FloatArray = NDArray[np.float64]

TRENDS = ("constant", "linear", "last_feature", "polynomial_chaos")

#: Length scales from a twentieth to a thousand times the width of the runs, nugget and interaction.
_LENGTHS = (np.log(5e-2), np.log(1e3))
_NUGGETS = (np.log(1e-11), np.log(10.0))
_INTERACTIONS = (np.log(1e-2), np.log(1e3))

#: The search uses at most so many runs: an evaluation costs n**3, and n**2 times the number of features.
_SEARCH_RUNS = 400


class Kriging(Emulator):
    """Kriging with a product correlation whose interactions are damped, around a trend.

    Simulators are mostly sums of effects of one and two inputs; a plain product of correlations expects interactions of
    all inputs. One more parameter, estimated with the length scales and the nugget, weighs them (`damped_product`).

    Parameters
    ----------
    trend : {"constant", "linear", "last_feature", "polynomial_chaos"}, default "constant"
        "polynomial_chaos" takes the terms of `PolynomialChaos`, the most important first and at most a quarter of the
        number of runs: richer trends are known to overfit. With it the emulator is PC-kriging. "linear" needs more
        than two runs a coefficient, else the trend is constant. "last_feature" is linear in the last one alone, for
        co-kriging (see `MultiFidelity`).
    kernel : {"auto", "matern52", "matern72", "squared_exponential"}, default "auto"
        One-dimensional correlation. "auto" keeps the one of higher posterior of Matern 5/2 and squared exponential.
    n_starts : int, default 2
        Optimisations, from the best of ``6 * n_starts`` points.
    start : mapping of str to sequence of float, optional
        Parameters by kernel to start from in place of a search (`search_` of a fit to similar runs); only these
        kernels are tried then.
    random_state : int, RandomState or None, default 0
        Draws the starts.

    Attributes
    ----------
    record_ : KrigingRecord
        What predicts.
    search_ : dict of str to tuple of float
        Where the search of each kernel ended, of those that were not far behind.

    References
    ----------
    Schobi, R., Sudret, B., Wiart, J. (2015). Polynomial-chaos-based kriging. International Journal for Uncertainty
    Quantification 5, 171-193.

    Durrande, N., Ginsbourger, D., Roustant, O., Carraro, L. (2013). ANOVA kernels and RKHS of zero mean functions for
    model-based sensitivity analysis. Journal of Multivariate Analysis 115, 57-67.

    Examples
    --------
    >>> X = np.random.default_rng(0).random((40, 2))
    >>> model = Kriging().fit(X, np.sin(5 * X[:, 0]) + X[:, 1] ** 2)
    >>> bool(abs(model.predict([[0.5, 0.5]])[0] - np.sin(2.5) - 0.25) < 1e-3)
    True
    """

    def __init__(
        self,
        trend: str = "constant",
        *,
        kernel: str = "auto",
        n_starts: int = 2,
        start: Mapping[str, tuple[float, ...]] | None = None,
        random_state: object = 0,
    ) -> None:
        self.trend = trend
        self.kernel = kernel
        self.n_starts = n_starts
        self.start = start
        self.random_state = random_state

    def _fit(self, X: FloatArray, y: FloatArray) -> Record:
        kernels = self._kernels()
        low, width = X.min(axis=0), np.ptp(X, axis=0)
        width[width == 0.0] = 1.0
        unit, center, spread = (X - low) / width, float(y.mean()), float(y.std())
        standard = (y - center) / spread
        trend = PolynomialChaosRecord(low, width, *self._terms(X, y))
        F = trend.basis(X)

        kernel, parameters = self._search(unit, standard, F, kernels)
        length, nugget, interaction = np.exp(parameters[:-2]), float(np.exp(parameters[-2])), np.exp(parameters[-1])
        solution = None
        while solution is None:
            try:
                solution = solve_kriging(unit / length, standard, F, kernel, nugget, float(interaction))
            except np.linalg.LinAlgError:  # the part of the runs that the search used may need less nugget
                if nugget > 1e3:
                    raise
                nugget *= 10.0
        coefficients = np.asarray(solution.pop("coefficients")) * spread
        coefficients[0] += center
        return KrigingRecord(
            correlation=kernel,
            interaction=float(interaction),
            location=low,
            length=length * width,
            points=unit / length,
            weights=np.asarray(solution.pop("weights")) * spread,
            trend=PolynomialChaosRecord(low, width, trend.degrees, coefficients),
            scale=float(spread * np.sqrt(np.asarray(solution.pop("variance")))),
            nugget=nugget,
            **solution,  # type: ignore[arg-type]
        )

    def _kernels(self) -> list[str]:
        if self.trend not in TRENDS:
            raise ValueError(f"trend: one of {', '.join(TRENDS)} is allowed; got {self.trend!r}.")
        return kernels_to_try(self.kernel, ["squared_exponential", "matern52"], self.n_starts, self.start)

    def _terms(self, X: FloatArray, y: FloatArray) -> tuple[NDArray[np.int32], FloatArray]:
        """Multi-indices of the trend, the constant first, and room for their coefficients."""
        n, p = X.shape
        degrees = np.zeros((1, p), dtype=np.int32)
        if self.trend == "linear" and n > 2 * (p + 1):
            degrees = np.vstack([degrees, np.eye(p, dtype=np.int32)[np.ptp(X, axis=0) > 0.0]])
        elif self.trend == "last_feature" and np.ptp(X[:, -1]) > 0.0 and n > 2:
            degrees = np.vstack([degrees, np.eye(p, dtype=np.int32)[-1:]])
        elif self.trend == "polynomial_chaos":
            record = PolynomialChaos().fit(X, y).record_
            if isinstance(record, PolynomialChaosRecord):
                degrees = record.degrees[: max(1, n // 4)]
        return degrees, np.zeros(len(degrees))

    def _search(self, X: FloatArray, y: FloatArray, F: FloatArray, kernels: list[str]) -> tuple[str, FloatArray]:
        random = check_random_state(self.random_state)
        part = np.sort(random.permutation(len(X))[:_SEARCH_RUNS])
        p = X.shape[1]
        found = search_kernels(
            kernels,
            lambda kernel: ProductLikelihood(X[part], y[part], F[part], kernel),
            lambda objective, before: before or _spread_starts(objective, p, self.n_starts, random),
            [_LENGTHS] * p + [_NUGGETS, _INTERACTIONS],
            (10, 100),
            self.start,
        )
        self.search_ = worth_resuming(found)
        kernel = min(found, key=lambda name: found[name][0])
        return kernel, found[kernel][1]


def _spread_starts(objective: Objective, p: int, n_starts: int, random: np.random.RandomState) -> list[FloatArray]:
    """Take the best of many points: short to long length scales, sums to products, smooth and noisy."""
    pool = [
        np.append(np.full(p, np.log(length)), np.log([nugget, interaction]))
        for length in (0.5, 2.0)
        for nugget in (1e-6, 1e-2)
        for interaction in (0.1, 2.0)
    ]
    while len(pool) < 6 * n_starts:
        lengths = random.normal(0.5 * np.log(p), 1.0, size=p)
        pool.append(np.append(np.clip(lengths, *_LENGTHS), [np.log(1e-5), random.normal(0.0, 1.5)]))
    return sorted(pool, key=lambda parameters: objective(parameters)[0])[:n_starts]
