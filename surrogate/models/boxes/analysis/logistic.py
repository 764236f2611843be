"""Logistic regression as a map of where cases of interest are likely."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from surrogate.models.boxes.columns import Columns, Kind, read_columns
from surrogate.models.boxes.reading import read_frame, read_y
from surrogate.space.parameter import plain

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


class LogisticFactorMap(ClassifierMixin, BaseEstimator):
    """Logistic regression with terms added one by one as long as the Bayesian information criterion falls.

    Where the border between failure and success is a slope rather than a corner, a plane says in few terms what takes
    a box many limits [1]_ [2]_.

    Parameters
    ----------
    threshold : float, default 0.5
        Rows whose probability is at least this are predicted to be cases. A cautious analyst raises it: density grows
        and coverage falls, see `tradeoff`.

    Attributes
    ----------
    classes_ : ndarray
        ``[False, True]``.
    steps_ : DataFrame
        A row a number of terms, up to the last that lowers the criterion: term, bic, deviance, coverage and density
        at `threshold`.
    terms_ : list of str
        The terms in the order in which they came in; a category is the term ``"input = category"``.
    coef_ : Series
        Change of the log-odds per unit of each term, in the inputs' own units.
    intercept_ : float

    Notes
    -----
    Terms are fitted by Newton's method on inputs scaled to [0, 1]. If cases and others can be separated completely,
    the likelihood has no maximum: the fit stops where its deviance is below 1e-6 a row.

    References
    ----------
    .. [1] Quinn, Reed, Giuliani & Castelletti 2018, Water Resources Research 54, 4638-4662.
    .. [2] Lamontagne, Reed, Marangoni, Keller & Garner 2019, Nature Climate Change 9, 290-294.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).random((500, 3))
    >>> y = X[:, 0] + X[:, 1] + 0.1 * np.random.default_rng(1).standard_normal(500) > 1.2
    >>> LogisticFactorMap().fit(X, y).terms_
    ['x1', 'x2']
    """

    def __init__(self, threshold: float = 0.5) -> None:
        self.threshold = threshold

    def fit(self, X: Any, y: Any) -> LogisticFactorMap:
        """Add terms.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n, d)
            Numbers, booleans, text or categories; missing values are refused.
        y : array-like of shape (n,)
            Cases of interest, boolean, 0/1 or a probability.

        Returns
        -------
        LogisticFactorMap
            Itself.

        Raises
        ------
        ValueError, TypeError
            As in `PRIM`, and for a threshold outside (0, 1).
        """
        if not 0 < self.threshold < 1:
            raise ValueError(f"threshold: must be above 0 and below 1, got {self.threshold!r}. The usual is 0.5.")
        frame = read_frame(X)
        cases = read_y(y, X if hasattr(X, "columns") else frame)
        terms = _terms(read_columns(frame))
        if not terms:
            raise ValueError(f"X: no column varies, so there is nothing to fit; got {list(frame.columns)}.")
        values = np.column_stack([term.read(frame) for term in terms])
        low, high = values.min(axis=0), values.max(axis=0)
        scaled = (values - low) / (high - low)
        chosen, weights, rows = _forward(scaled, cases, self.threshold)
        self.classes_ = np.array([False, True])
        self.names_ = list(frame.columns)
        self.n_features_in_ = frame.shape[1]
        self._terms = [terms[i] for i in chosen]
        self.terms_ = [term.name for term in self._terms]
        self._finish(weights, low[chosen], high[chosen], rows)
        return self

    def _finish(
        self,
        weights: NDArray[np.float64],
        low: NDArray[np.float64],
        high: NDArray[np.float64],
        rows: list[dict[str, float]],
    ) -> None:
        import pandas as pd

        slopes = weights[1:] / (high - low)
        self.coef_ = pd.Series(slopes, index=self.terms_, dtype=np.float64)
        self.intercept_ = float(weights[0] - slopes @ low)
        self.steps_ = pd.DataFrame(rows, columns=["bic", "deviance", "coverage", "density", "mass"])
        self.steps_.insert(0, "term", self.terms_)

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Return the log-odds of being a case, shape (n,)."""
        check_is_fitted(self)
        frame = read_frame(X)
        if not hasattr(X, "columns") and frame.shape[1] == len(self.names_):
            frame.columns = self.names_
        values = np.full(len(frame), self.intercept_)
        for term, slope in zip(self._terms, self.coef_, strict=True):
            values += slope * term.read(frame)
        return values

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the probabilities of being none and of being a case, shape (n, 2)."""
        from scipy.special import expit

        probability = expit(self.decision_function(X))
        return np.column_stack([1 - probability, probability])

    def predict(self, X: Any) -> NDArray[np.bool_]:
        """Whether the probability of being a case is at least `threshold`, shape (n,)."""
        return np.asarray(self.predict_proba(X)[:, 1] >= self.threshold)

    def tradeoff(self, X: Any, y: Any, thresholds: Any = None) -> pd.DataFrame:
        """Return coverage, density and mass of the region above each threshold.

        Parameters
        ----------
        X, y
            Rows to count, better not those that were fitted.
        thresholds : array-like, optional
            By default 0.05, 0.10, ..., 0.95.
        """
        import pandas as pd

        frame = read_frame(X)
        cases = read_y(y, X if hasattr(X, "columns") else frame)
        probability = self.predict_proba(X)[:, 1]
        levels = np.arange(1, 20) / 20 if thresholds is None else np.asarray(thresholds, dtype=np.float64)
        table = pd.DataFrame([_counted(probability >= level, cases) for level in levels])
        table.insert(0, "threshold", levels)
        return table

    def to_text(self, digits: int = 3) -> str:
        """Return the region in words: a weighted sum of terms above a number."""
        limit = float(np.log(self.threshold / (1 - self.threshold))) - self.intercept_
        if not self.terms_:
            return "no term (the probability is the base rate everywhere)"
        terms = [f"{'-' if slope < 0 else '+'} {abs(slope):.{digits}g} {name}" for name, slope in self.coef_.items()]
        return f"{' '.join(terms).removeprefix('+ ')} >= {limit:.{digits}g}"


@dataclass(frozen=True)
class _Term:
    """A number as it is, an ordered input as its rank, or whether an input is one category."""

    column: str
    kind: Kind
    values: tuple[Any, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.column} = {self.values[0]}" if self.kind is Kind.NOMINAL else self.column

    def read(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        column = frame[self.column]
        if self.kind is Kind.NOMINAL:
            return np.array([plain(value) == self.values[0] for value in column], dtype=np.float64)
        if self.kind is Kind.ORDERED:
            rank = {value: float(i) for i, value in enumerate(self.values)}
            return np.array([rank.get(plain(value), np.nan) for value in column])
        return column.to_numpy(dtype=np.float64)


def _terms(columns: Columns) -> list[_Term]:
    """Return what may come in; as many terms as categories, for the criterion never needs the last of them."""
    terms: list[_Term] = []
    for column in columns.columns:
        if len(column.values) < 2:
            continue
        if column.kind is Kind.NOMINAL:
            terms += [_Term(column.name, column.kind, (value,)) for value in column.values]
        else:
            terms.append(_Term(column.name, column.kind, () if column.numeric else tuple(column.values)))
    return terms


def _forward(
    terms: NDArray[np.float64], y: NDArray[np.float64], threshold: float
) -> tuple[list[int], NDArray[np.float64], list[dict[str, float]]]:
    """Return the numbers of the terms, the last weights (intercept first) and a row a step."""
    n = len(y)
    chosen: list[int] = []
    rows: list[dict[str, float]] = []
    weights, deviance = _newton(np.ones((n, 1)), y)
    best = deviance + np.log(n)
    while True:
        fits = []
        for i in range(terms.shape[1]):
            if i not in chosen:
                design = np.column_stack([np.ones(n), terms[:, [*chosen, i]]])
                fits.append((*_newton(design, y, np.append(weights, 0.0)), i, design))
        if not fits:
            return chosen, weights, rows
        found, deviance, i, design = min(fits, key=lambda fit: fit[1])
        bic = deviance + np.log(n) * (len(chosen) + 2)
        if not bic < best - 1e-9:
            return chosen, weights, rows
        chosen.append(i)
        weights, best = found, bic
        probability = 1 / (1 + np.exp(-(design @ weights)))
        rows.append({"bic": bic, "deviance": deviance, **_counted(probability >= threshold, y)})


def _newton(
    design: NDArray[np.float64], y: NDArray[np.float64], start: NDArray[np.float64] | None = None
) -> tuple[NDArray[np.float64], float]:
    """Maximise the likelihood; return weights and deviance."""
    weights = np.zeros(design.shape[1]) if start is None else start
    deviance = _deviance(design @ weights, y)
    for _ in range(100):
        probability = 1 / (1 + np.exp(-(design @ weights)))
        curvature = design.T @ (design * (probability * (1 - probability))[:, None])
        # Terms may be copies of one another: the least-norm step leaves the likelihood as it should be.
        step = np.linalg.lstsq(curvature, design.T @ (y - probability), rcond=1e-12)[0]
        size = 1.0
        while size > 1e-4 and _deviance(design @ (weights + size * step), y) > deviance:
            size /= 2
        new = _deviance(design @ (weights + size * step), y)
        if new > deviance:
            break
        weights, last, deviance = weights + size * step, deviance, new
        if last - deviance < 1e-10 * (abs(deviance) + 1) or deviance < 1e-6 * len(y):
            break
    return weights, deviance


def _deviance(log_odds: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    return float(2 * (np.logaddexp(0, log_odds) - y * log_odds).sum())


def _counted(inside: NDArray[np.bool_], y: NDArray[np.float64]) -> dict[str, float]:
    k = float(y[inside].sum())
    return {
        "coverage": k / float(y.sum()),
        "density": k / float(inside.sum()) if inside.any() else np.nan,
        "mass": float(inside.mean()),
    }
