"""Centred L2 discrepancy of points, lowered by swapping values within a column."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Gains below this share of the sum of all pairs are rounding. Prices are rounded to it as well, so that another
# order of summation in a matrix product does not lead to another design.
_RESOLUTION = 1e-10


def lower_discrepancy(
    points: NDArray[np.float64], rng: np.random.Generator, visits: int, movable: NDArray[np.intp] | None = None
) -> NDArray[np.float64]:
    r"""Swap values within columns as long as that lowers the centred L2 discrepancy.

    Swaps keep the set of values of every column, so a Latin hypercube stays one. With one column's factor taken
    out of the product, the discrepancy is a quadratic assignment problem in that column: the gain of every
    possible swap comes from one matrix product, O(n^3) for n^2 / 2 swaps instead of O(n) for each of them in turn.

    Parameters
    ----------
    points : ndarray of shape (n, d)
        In the unit cube.
    rng : Generator
        Decides the order of the columns.
    visits : int
        How often a column is looked at, at most; it stops earlier when no swap helps any more.
    movable : ndarray of int, optional
        Rows that may change; all by default.

    Returns
    -------
    ndarray of shape (n, d)

    References
    ----------
    Hickernell, F. J. (1998). A generalized discrepancy and quadrature error bound. Mathematics of Computation,
    67(221), 299-322.

    Jin, R., Chen, W., & Sudjianto, A. (2005). An efficient algorithm for constructing optimal design of computer
    experiments. Journal of Statistical Planning and Inference, 134(1), 268-287.
    """
    from threadpoolctl import threadpool_limits

    points = points.copy()
    n, d = points.shape
    rows = np.arange(n) if movable is None else movable
    if visits == 0 or len(rows) < 2 or d < 2:
        return points  # in a single column a swap only changes the order of rows
    pairs, singles = np.ones((n, n)), np.ones(n)
    for column in points.T:
        pairs *= _pair_factor(column)
        singles *= _single_factor(column)
    unchanged = 0
    # Many small matrix products: on a busy machine several BLAS threads wait for each other forty times as long.
    with threadpool_limits(1, user_api="blas"):
        while visits > 0 and unchanged < d:
            for k in rng.permutation(d)[:visits]:
                changed = _improve_column(points[:, k], pairs, singles, rows)
                unchanged = 0 if changed else unchanged + 1
            visits -= d
    return points


def _improve_column(
    column: NDArray[np.float64], pairs: NDArray[np.float64], singles: NDArray[np.float64], rows: NDArray[np.intp]
) -> bool:
    """Make the best swaps in a column, in place; whether there was one."""
    factor, single = _pair_factor(column), _single_factor(column)
    others, other_singles = pairs / factor, singles / single
    noise = _RESOLUTION * float(pairs.sum())
    gains = _price_swaps(others, other_singles, factor, single, rows)
    gains = np.rint(gains / noise)
    partner = gains.argmin(axis=1)
    best = gains[np.arange(len(rows)), partner]
    taken = np.zeros(len(rows), dtype=bool)
    changed = False
    for s in np.argsort(best, kind="stable"):
        t = partner[s]
        if best[s] >= -1:
            break
        i, j = rows[s], rows[t]
        if taken[s] or taken[t] or (changed and _price_swap(column, others, other_singles, i, j) >= -noise):
            continue
        column[i], column[j] = column[j], column[i]
        taken[s] = taken[t] = changed = True
    if changed:
        np.multiply(others, _pair_factor(column), out=pairs)
        np.multiply(other_singles, _single_factor(column), out=singles)
    return changed


def _price_swaps(
    others: NDArray[np.float64],
    other_singles: NDArray[np.float64],
    factor: NDArray[np.float64],
    single: NDArray[np.float64],
    rows: NDArray[np.intp],
) -> NDArray[np.float64]:
    """Return the change of n^2 times the discrepancy for each swap of two of the rows, shape (m, m)."""
    n = len(others)
    product = others[rows] @ factor[:, rows]
    o, f = others[np.ix_(rows, rows)], factor[np.ix_(rows, rows)]
    o_own, f_own, own = o.diagonal(), f.diagonal(), product.diagonal()
    b, a = other_singles[rows], single[rows]
    price = product + product.T
    price -= own[:, None]
    price -= own
    # The sums above run over all rows; the two that are swapped do not belong in them.
    price -= (o_own[:, None] - o) * (f - f_own[:, None])
    price -= (o - o_own) * (f_own - f)
    price *= 2
    price += (o_own[:, None] - o_own) * (f_own - f_own[:, None])
    price -= 2 * n * (b[:, None] - b) * (a - a[:, None])
    return price


def _price_swap(
    column: NDArray[np.float64], others: NDArray[np.float64], other_singles: NDArray[np.float64], i: int, j: int
) -> float:
    """Return the change of n^2 times the discrepancy for one swap, after other swaps in the column."""
    zi, zj = abs(column[i] - 0.5), abs(column[j] - 0.5)
    step = 0.5 * (np.abs(column[i] - column) - np.abs(column[j] - column) + (zj - zi))
    step[[i, j]] = 0.0
    change = 2.0 * float(((others[i] - others[j]) * step).sum())
    change += float((others[i, i] - others[j, j]) * (zj - zi))
    singles = 0.5 * ((zj - zi) - (zj * zj - zi * zi))
    return change - 2.0 * len(column) * float((other_singles[i] - other_singles[j]) * singles)


def _pair_factor(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what one column contributes to the product over columns for each pair of rows, shape (n, n)."""
    z = np.abs(x - 0.5)
    return np.asarray(1.0 + 0.5 * (z[:, None] + z - np.abs(x[:, None] - x)))


def _single_factor(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what one column contributes to the product over columns for each row, shape (n,)."""
    z = np.abs(x - 0.5)
    return np.asarray(1.0 + 0.5 * (z - z * z))
