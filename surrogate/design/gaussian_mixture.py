"""Gaussian mixture: new rows from clusters of the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.design.data_driven import DataDrivenDesign
from surrogate.design.design import check_count
from surrogate.design.kernel_density import reflected

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from surrogate.design.data_table import DataTable

_MOST_COMPONENTS = 10


@dataclass
class GaussianMixture(DataDrivenDesign):
    """Rows drawn from a mixture of normal distributions with full covariances, scikit-learn's.

    Names and missing numbers come from a row of the same component, all from one row so that they stay together.

    Parameters
    ----------
    n_components : int, optional
        Number of normal distributions; by default 1 to 10, by Bayes' information criterion.
    nominal : names or positions of columns, optional
        Columns of numbers that are names and not sizes.

    References
    ----------
    McLachlan, G., Peel, D. (2000). Finite mixture models. Wiley.

    Examples
    --------
    >>> X = np.concatenate([np.random.default_rng(0).normal(m, 0.1, (50, 2)) for m in (0.0, 5.0)])
    >>> design = GaussianMixture().fit(X)
    >>> design.n_components_, design.sample(10, seed=0).shape
    (2, (10, 2))
    """

    n_components: int | None = None

    def _fit(self, table: DataTable, teacher: Any) -> None:
        sizes = np.flatnonzero(~table.nominal)
        if not len(sizes):
            raise ValueError("X: no column of numbers varies. Use NaiveBayesMixture or Bootstrap for names alone.")
        points = table.scaled[:, sizes]
        centre = np.nanmean(points, axis=0)
        points = np.where(np.isnan(points), centre, points)
        self._mixture = self._choose(points)
        self._sizes, self.n_components_ = sizes, int(self._mixture.n_components)
        component = self._mixture.predict(points)
        self._rows = [np.flatnonzero(component == i) for i in range(self.n_components_)]

    def _choose(self, points: NDArray[np.float64]) -> Any:
        import warnings

        from sklearn.exceptions import ConvergenceWarning
        from sklearn.mixture import GaussianMixture as Mixture

        if self.n_components is None:  # a component needs more rows than columns for its covariance
            most = max(1, min(_MOST_COMPONENTS, len(points) // (2 * points.shape[1] + 1)))
            candidates = range(1, most + 1)
        else:
            k = check_count(self.n_components, "n_components")
            if k > len(points):
                raise ValueError(f"n_components: {k} are asked for, but there are only {len(points)} rows.")
            candidates = range(k, k + 1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            fitted = [Mixture(k, random_state=0, reg_covar=1e-6).fit(points) for k in candidates]
        return min(fitted, key=lambda mixture: mixture.bic(points))

    def _sample(self, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
        mixture, data = self._mixture, self.table_.coded
        low, width = self.table_.scale
        rows = np.empty((n, data.shape[1]))
        component = rng.choice(self.n_components_, size=n, p=mixture.weights_ / mixture.weights_.sum())
        for i in range(self.n_components_):
            at = np.flatnonzero(component == i)
            if not len(at):
                continue
            kept = self._rows[i] if len(self._rows[i]) else np.arange(len(data))
            rows[at] = data[rng.choice(kept, size=len(at))]
            missing = np.isnan(rows[np.ix_(at, self._sizes)])
            drawn = rng.multivariate_normal(mixture.means_[i], mixture.covariances_[i], size=len(at), method="cholesky")
            drawn = low[self._sizes] + width[self._sizes] * drawn
            rows[np.ix_(at, self._sizes)] = np.where(missing, np.nan, drawn)
        return reflected(rows, self.table_)
