"""Robustness of policies over futures: regret and satisficing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray


def regret_from_baseline(outputs: ArrayLike, baseline: ArrayLike, *, quantile: float = 0.9) -> float:
    """Return how far a policy gets from what it promises in the reference future (regret type I) [1]_.

    Parameters
    ----------
    outputs : array-like of shape (n,) or (n, k)
        Outputs of the policy in n futures.
    baseline : array-like of shape () or (k,)
        Its outputs in the reference future, none of them 0.
    quantile : float, default 0.9
        Share of futures in which the deviation is not exceeded; the published 90th percentile.

    Returns
    -------
    float
        The largest, over outputs, quantile of ``|output - baseline| / |baseline|``.

    References
    ----------
    .. [1] Herman, Reed, Zeff & Characklis 2015, Journal of Water Resources Planning and Management 141, 04015012.

    Examples
    --------
    >>> regret_from_baseline([10.0, 12.0, 8.0, 10.0, 15.0], 10.0, quantile=0.75)
    0.2
    """
    table = _table(outputs)
    return _worst_quantile(_relative(table - _row(baseline, table, "baseline"), _row(baseline, table, "")), quantile)


def regret_from_best(
    outputs: Mapping[str, ArrayLike], minimize: bool | ArrayLike = False, *, quantile: float = 0.9
) -> dict[str, float]:
    """Return how far each policy is from the best one in the same future (regret type II) [1]_.

    Parameters
    ----------
    outputs : mapping of str to array-like of shape (n,) or (n, k)
        Policy name to its outputs, the same futures row for row.
    minimize : bool or array-like of bool, shape (k,), default False
        Whether small outputs are good.
    quantile : float, default 0.9

    Returns
    -------
    dict of str to float
        For each policy the largest, over outputs, quantile of ``|output - best| / |output|``.

    References
    ----------
    .. [1] Savage 1951, Journal of the American Statistical Association 46, 55-67; as in Herman, Reed, Zeff &
       Characklis 2015, Journal of Water Resources Planning and Management 141, 04015012.

    Examples
    --------
    >>> regret_from_best({"a": [4.0, 2.0], "b": [2.0, 4.0]}, quantile=1.0)
    {'a': 1.0, 'b': 1.0}
    """
    tables = {name: _table(values) for name, values in outputs.items()}
    shapes = {table.shape for table in tables.values()}
    if len(shapes) != 1:
        raise ValueError(f"outputs: policies must have the same futures and outputs, got shapes {sorted(shapes)}.")
    stacked = np.stack(list(tables.values()))
    small = np.broadcast_to(np.asarray(minimize, dtype=bool), stacked.shape[2:])
    best = np.where(small, stacked.min(axis=0), stacked.max(axis=0))
    return {name: _worst_quantile(_relative(table - best, table), quantile) for name, table in tables.items()}


def domain_criterion(satisfied: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Return the share of futures in which a policy satisfies all that is asked (satisficing type I) [1]_ [2]_.

    Parameters
    ----------
    satisfied : array-like of bool, shape (n,) or (n, k)
        Whether each requirement is met; a future counts if all are.
    weights : array-like of shape (n,), optional
        Importance of each future; by default all alike.

    Returns
    -------
    float

    References
    ----------
    .. [1] Starr 1963, in: Problems of Cost Effectiveness; Schneller & Sphicas 1983, Theory and Decision 15, 321-336.
    .. [2] Herman, Reed, Zeff & Characklis 2015, Journal of Water Resources Planning and Management 141, 04015012.

    Examples
    --------
    >>> domain_criterion([[True, True], [True, False], [True, True], [False, True]])
    0.5
    """
    met = _all_met(satisfied)
    return float(np.average(met, weights=None if weights is None else np.asarray(weights, dtype=np.float64)))


def uncertainty_horizon(unit: ArrayLike, satisfied: ArrayLike, reference: ArrayLike) -> float:
    """Return how far from the reference future the nearest failure is (satisficing type II, info-gap) [1]_ [2]_.

    Parameters
    ----------
    unit : array-like of shape (n, d)
        Futures, each input scaled to [0, 1], as by ``space.to_unit``.
    satisfied : array-like of bool, shape (n,) or (n, k)
    reference : array-like of shape (d,)
        The reference future on the same scale.

    Returns
    -------
    float
        Euclidean distance to the nearest future that fails; ``inf`` if none does.

    References
    ----------
    .. [1] Ben-Haim 2006, Info-gap decision theory, 2nd edition.
    .. [2] Herman, Reed, Zeff & Characklis 2015, Journal of Water Resources Planning and Management 141, 04015012.

    Examples
    --------
    >>> uncertainty_horizon([[0.5, 0.5], [0.5, 0.9], [0.2, 0.1]], [True, False, False], [0.5, 0.5])
    0.4
    """
    failed = ~_all_met(satisfied)
    distance = np.linalg.norm(np.asarray(unit, dtype=np.float64) - np.asarray(reference, dtype=np.float64), axis=1)
    return float(distance[failed].min()) if failed.any() else float("inf")


def robustness(
    outputs: Mapping[str, ArrayLike],
    satisfied: Callable[[NDArray[np.float64]], ArrayLike] | Mapping[str, ArrayLike],
    unit: ArrayLike,
    *,
    reference: int | None = None,
    minimize: bool | ArrayLike = False,
    quantile: float = 0.9,
) -> pd.DataFrame:
    """Return the four published robustness metrics for each policy, which need not agree on the best [1]_ [2]_.

    Parameters
    ----------
    outputs : mapping of str to array-like of shape (n,) or (n, k)
        Policy name to its outputs, the same futures row for row.
    satisfied : callable or mapping of str to array-like
        Whether each future is acceptable, shape (n,), or (n, k) if all must be: a function of outputs of shape (n, k),
        or the answers themselves for each policy.
    unit : array-like of shape (n, d)
        The futures, each input scaled to [0, 1], as by ``space.to_unit``.
    reference : int, optional
        Row of the reference future; by default the one nearest to the middle of all inputs.
    minimize : bool or array-like of bool, default False
        Whether small outputs are good.
    quantile : float, default 0.9

    Returns
    -------
    DataFrame
        A row a policy: `regret_from_baseline` and `regret_from_best` (small is robust), `domain_criterion` and
        `uncertainty_horizon` (large is robust). ``attrs["reference"]`` is the row of the reference future.

    References
    ----------
    .. [1] Herman, Reed, Zeff & Characklis 2015, Journal of Water Resources Planning and Management 141, 04015012.
    .. [2] McPhail, Maier, Kwakkel, Giuliani, Castelletti & Westra 2018, Earth's Future 6, 169-191.

    Examples
    --------
    >>> unit = [[0.1], [0.5], [0.9]]
    >>> table = robustness({"bold": [9.0, 5.0, 1.0], "calm": [4.0, 4.0, 4.0]}, lambda out: out >= 3, unit)
    >>> table["domain_criterion"].round(2).to_dict()
    {'bold': 0.67, 'calm': 1.0}
    """
    import pandas as pd

    futures = np.asarray(unit, dtype=np.float64)
    if reference is None:
        reference = int(((futures - 0.5) ** 2).sum(axis=1).argmin())
    best = regret_from_best(outputs, minimize, quantile=quantile)
    rows: dict[str, dict[str, Any]] = {}
    for name, values in outputs.items():
        table = _table(values)
        met = satisfied(table) if callable(satisfied) else satisfied[name]
        rows[name] = {
            "regret_from_baseline": regret_from_baseline(table, table[reference], quantile=quantile),
            "regret_from_best": best[name],
            "domain_criterion": domain_criterion(met),
            "uncertainty_horizon": uncertainty_horizon(futures, met, futures[reference]),
        }
    found = pd.DataFrame(rows).T.rename_axis("policy")
    found.attrs["reference"] = reference
    return found


def _all_met(satisfied: ArrayLike) -> NDArray[np.bool_]:
    met = np.asarray(satisfied, dtype=bool)
    return np.asarray(met if met.ndim == 1 else met.all(axis=1))


def _table(outputs: Any) -> NDArray[np.float64]:
    table = np.asarray(outputs, dtype=np.float64)
    table = table[:, None] if table.ndim == 1 else table
    if table.ndim != 2 or not len(table) or not np.isfinite(table).all():
        raise ValueError(
            f"outputs: expected finite numbers of shape (n,) or (n, k), got shape {table.shape}. Leave out futures in "
            "which a run failed, for all policies."
        )
    return table


def _row(values: Any, table: NDArray[np.float64], name: str) -> NDArray[np.float64]:
    row = np.asarray(values, dtype=np.float64)
    try:
        return np.broadcast_to(row, table.shape[1:])
    except ValueError:
        raise ValueError(f"{name}: expected {table.shape[1]} numbers, one an output; got shape {row.shape}.") from None


def _relative(difference: NDArray[np.float64], scale: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return differences as shares of `scale`; none is none, whatever the scale."""
    size = np.broadcast_to(np.abs(scale), difference.shape)
    shares = np.full(difference.shape, np.inf)
    np.divide(np.abs(difference), size, out=shares, where=size > 0)
    return np.where(difference == 0, 0.0, shares)


def _worst_quantile(deviation: NDArray[np.float64], quantile: float) -> float:
    if not 0 <= quantile <= 1:
        raise ValueError(f"quantile: must be from 0 to 1, got {quantile!r}.")
    # A quantile between a number and infinity is infinite, not undefined.
    ordered = np.sort(deviation, axis=0)
    place = quantile * (len(ordered) - 1)
    low, high = ordered[int(np.floor(place))], ordered[int(np.ceil(place))]
    share = place - np.floor(place)
    return float((low * (1 - share) + high * share if share > 0 else low).max())
