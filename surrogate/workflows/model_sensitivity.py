"""Which inputs matter to a fitted model: Sobol' indices, with the model's own error in their intervals."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.models.emulators.orthogonal_basis import declared_bases, from_legendre
from surrogate.models.records import PolynomialChaosRecord
from surrogate.space import Real
from surrogate.workflows.fitted_field import FittedField

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from surrogate.models.records import Record
    from surrogate.space import Space
    from surrogate.workflows.fitted_output import FittedOutput

    Floats = NDArray[np.float64]

_BASE = 4096  # rows of the sample, each taken once more an input: errors of the estimators are then about 0.01
_SURE = 1.959964  # standard deviations on either side of 95 % of a normal distribution
_DECIMALS = 6  # an index is never known better
_MOST_ERROR = 1e6  # of a model, over the variance of its predictions: intervals are from 0 to 1 then


def sobol_indices(
    space: Space, fitted: dict[str, FittedOutput | FittedField], second_order: bool = False, seed: int = 0
) -> pd.DataFrame:
    """Compute first-order and total Sobol' indices of fitted outputs, and those of pairs of inputs.

    The inputs vary independently, each over its range by its distribution (uniformly where it has none). Of polynomial
    chaos the indices are exact (Sudret 2008); of other kinds they come from SALib's estimators (Saltelli, Jansen). Of
    a field they are the generalised indices of Lamboni et al.: shares of the variance of the whole field.

    The intervals (95 %) hold two errors. The sampling error is SALib's bootstrap. The error of the model follows from
    its mean squared error on n unseen runs, e times the variance of its predictions: an index S is a ratio of inner
    products with the output, and an error that has nothing to do with the predictions changes it by a standard
    deviation of ``2 sqrt(e S (1 - S) / n)``; what the model missed may itself belong to this input or to the others,
    which adds ``e (1 - S) / (1 + e)`` above and ``e S / (1 + e)`` below.

    Parameters
    ----------
    space : Space
        What varies.
    fitted : dict of str to FittedOutput or FittedField
        Outputs by name.
    second_order : bool, default False
        Also the index of each pair of inputs, in rows named ``"a x b"``: what both explain together beyond each alone.
    seed : int, default 0
        Of the sample and of the bootstrap.

    Returns
    -------
    DataFrame
        A row an input, or an output and input if there are several outputs; columns first, first_low, first_high,
        total, total_low, total_high, rounded to six decimals. Zero for an output that does not vary. Pairs have no
        total (NaN).

    Raises
    ------
    ValueError
        If the space has constraints: its inputs are then not independent and these indices mean nothing.

    References
    ----------
    Saltelli, A., Annoni, P., Azzini, I., et al. (2010). Variance based sensitivity analysis of model output. Computer
    Physics Communications 181(2), 259-270.

    Sudret, B. (2008). Global sensitivity analysis using polynomial chaos expansions. Reliability Engineering & System
    Safety 93, 964-979.

    Lamboni, M., Monod, H., Makowski, D. (2011). Multivariate sensitivity analysis to measure global contribution of
    input factors in dynamic models. Reliability Engineering & System Safety 96, 450-459.

    Janon, A., Nodet, M., Prieur, C. (2014). Uncertainties assessment in global sensitivity indices estimation from
    metamodels. International Journal for Uncertainty Quantification 4, 21-36.
    """
    import pandas as pd

    if space.constraints:
        raise ValueError(
            "sensitivity: Sobol' indices need independent inputs, and the space has constraints. Take indices from "
            "the runs themselves: surrogate.workflows.sensitivity(model.transfer), or look at a box: space.restrict."
        )
    sample = _Sample(space, second_order, seed)
    tables = {name: _table(sample, one) for name, one in fitted.items()}
    if len(tables) == 1:
        return next(iter(tables.values()))
    return pd.concat(tables, names=["output", "input"])


class _Sample:
    """Saltelli's sample of a space, drawn when the first output needs it."""

    def __init__(self, space: Space, second_order: bool, seed: int) -> None:
        self.space, self.second_order, self.seed = space, second_order, seed
        self._features: Floats | None = None

    @property
    def problem(self) -> dict[str, Any]:
        names = list(self.space.names)
        return {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}

    @property
    def features(self) -> Floats:
        if self._features is None:
            from SALib.sample import sobol

            unit = sobol.sample(self.problem, _BASE, calc_second_order=self.second_order, seed=self.seed)
            self._features = self.space.features(self.space.from_unit(unit))
        return self._features

    def indices(self, answers: Floats) -> Indices:
        """Estimate indices, and half the widths of their intervals."""
        return estimated(self.problem, answers, self.second_order, self.seed)


#: Index and half width of its interval, by name: "first" and "total" of the inputs, "second" of their pairs.
Indices = dict[str, tuple["Floats", "Floats"]]


def estimated(problem: dict[str, Any], answers: Floats, second_order: bool, seed: int) -> Indices:
    """Return SALib's estimates from answers in the order of its Sobol' sample; zeros if they do not vary."""
    from SALib.analyze import sobol

    d = len(problem["names"])
    if np.ptp(answers) == 0.0:
        none = np.zeros(d), np.zeros(d)
        pairs = np.zeros(d * (d - 1) // 2), np.zeros(d * (d - 1) // 2)
        return {"first": none, "total": none, **({"second": pairs} if second_order else {})}
    found = sobol.analyze(
        problem, np.asarray(answers), calc_second_order=second_order, seed=seed + 1
    )  # 0 is none to SALib
    indices = {"first": (found["S1"], found["S1_conf"]), "total": (found["ST"], found["ST_conf"])}
    if second_order:
        upper = np.triu_indices(d, 1)
        indices["second"] = found["S2"][upper], found["S2_conf"][upper]
    return indices


def index_table(names: Sequence[str], indices: Indices, error: float = 0.0, n: int = 1) -> pd.DataFrame:
    """Return indices with their 95 % intervals, a row an input or pair.

    Parameters
    ----------
    names : sequence of str
        Of the inputs.
    indices : dict of str to pair of ndarray
        As `estimated` gives them.
    error : float, default 0
        Mean squared error of the model over the variance of its predictions.
    n : int, default 1
        Number of runs by which this error was measured.

    Returns
    -------
    DataFrame
    """
    import pandas as pd

    rows = [*names, *(f"{a} x {b}" for a, b in combinations(names, 2))] if "second" in indices else list(names)
    table = pd.DataFrame(index=pd.Index(rows, name="input"))
    for column, parts in (("first", ("first", "second")), ("total", ("total",))):
        value = np.concatenate([indices[part][0] for part in parts if part in indices])
        half = np.concatenate([indices[part][1] for part in parts if part in indices])
        inside = np.clip(value, 0.0, 1.0)
        half = np.hypot(half, 2.0 * _SURE * np.sqrt(error * inside * (1.0 - inside) / n))
        low = value - half - error * inside / (1.0 + error)
        high = value + half + error * (1.0 - inside) / (1.0 + error)
        many = {column: value, f"{column}_low": low, f"{column}_high": high}
        for name, values in many.items():
            table[name] = pd.Series(values.round(_DECIMALS) + 0.0, index=table.index[: len(values)])
    return table


def _table(sample: _Sample, one: FittedOutput | FittedField) -> pd.DataFrame:
    card = one.scorecard
    names = sample.space.names
    if card.constant:
        return index_table(names, estimated(sample.problem, np.zeros(1), sample.second_order, 0))
    record = one.record
    if isinstance(one, FittedField):
        coefficients = one.record.coefficients_at(sample.features)
        indices, variance = _over_modes(sample, coefficients), float(coefficients.var(axis=0).sum())
        return index_table(names, indices, _error(card.rmse**2 * len(one.record.mean), variance), card.n)
    expansion = _orthonormal(record, sample.space)
    if expansion is not None:
        error = _error(card.rmse**2, expansion.variance)
        return index_table(names, _exact(expansion, sample.second_order), error, card.n)
    answers = record.predict(sample.features)
    return index_table(names, sample.indices(answers), _error(card.rmse**2, float(answers.var())), card.n)


def _error(mse: float, variance: float) -> float:
    """Return the mean squared error over the variance of the predictions, finite where these do not vary."""
    return min(_MOST_ERROR, mse / variance) if variance > 0.0 else _MOST_ERROR


def _over_modes(sample: _Sample, coefficients: Floats) -> Indices:
    """Return the indices of a field: those of its coefficients, weighed by their variances."""
    shares = coefficients.var(axis=0)
    if not shares.sum() > 0.0:
        return sample.indices(np.zeros(1))
    shares = shares / shares.sum()
    each = [sample.indices(coefficient) for coefficient in coefficients.T]
    return {
        part: tuple(sum(share * one[part][i] for share, one in zip(shares, each, strict=True)) for i in (0, 1))
        for part in each[0]
    }


def _orthonormal(record: Record, space: Space) -> PolynomialChaosRecord | None:
    """Return an expansion in polynomials that are orthonormal over the space, whose coefficients tell the indices.

    None where the record is no polynomial of real inputs over their whole range.
    """
    if not isinstance(record, PolynomialChaosRecord) or record.location.any() or (record.width != 1.0).any():
        return None
    parameters = list(space.parameters.values())
    if not all(isinstance(parameter, Real) for parameter in parameters):
        return None
    bases = declared_bases(space) or (None,) * len(parameters)
    for highest, parameter, basis in zip(record.degrees.max(axis=0, initial=0), parameters, bases, strict=True):
        if (
            isinstance(parameter, Real)
            and parameter.distribution is not None
            and (basis is None or len(basis) <= highest)
        ):
            return None
    degrees, coefficients = from_legendre(record.degrees, record.coefficients, bases)
    return PolynomialChaosRecord(record.location, record.width, degrees, coefficients)


def _exact(record: PolynomialChaosRecord, second_order: bool) -> Indices:
    first, total = record.sobol_indices()
    indices = {"first": (first, 0.0 * first), "total": (total, 0.0 * total)}
    if second_order:
        pairs = _pairs(record)
        indices["second"] = pairs, 0.0 * pairs
    return indices


def _pairs(record: PolynomialChaosRecord) -> Floats:
    used = record.degrees > 0
    share = record.coefficients**2 / (record.variance or 1.0)
    two = used.sum(axis=1) == 2
    return np.array([share[two & used[:, i] & used[:, j]].sum() for i, j in combinations(range(used.shape[1]), 2)])
