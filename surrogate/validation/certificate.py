"""PAC certificates: two models agree on all but a small share of a stated distribution, at a stated confidence."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.space import Space
from surrogate.validation.answers import answers_of

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Certificate:
    """What a sample says about how often two models disagree. Made by `certify`.

    Attributes
    ----------
    holds : bool
        Whether the disagreement is at most `eps`, at confidence ``1 - delta``.
    bound : float
        Upper bound of the disagreement under the distribution, at confidence ``1 - delta``.
    disagreement : float
        Share of the sample in which they disagreed; with a `loss` its mean.
    n : int
        Rows asked.
    eps, delta : float
        What was asked for: probably (``1 - delta``) approximately (``eps``) the same.
    distribution : str
        From which the rows were drawn. The certificate says nothing about others.
    method : str
        "exact binomial" or "Hoeffding".
    """

    holds: bool
    bound: float
    disagreement: float
    n: int
    eps: float
    delta: float
    distribution: str
    method: str

    def __bool__(self) -> bool:
        return self.holds

    def __repr__(self) -> str:
        verdict = "holds" if self.holds else "does not hold"
        return (
            f"Certificate({verdict}: on {self.distribution}, a and b disagree in at most {self.bound:.4g} of all rows "
            f"at confidence {1 - self.delta:g}; asked for {self.eps:g}; {self.disagreement:.4g} of {self.n} rows; "
            f"{self.method})"
        )


def certify(
    a: Any,
    b: Any,
    where: Any,
    *,
    eps: float = 0.01,
    delta: float = 0.05,
    n: int | None = None,
    tolerance: float | None = None,
    loss: Callable[[NDArray[Any], NDArray[Any]], Any] | None = None,
    seed: int | None = None,
) -> Certificate:
    """Check that two models answer alike in all but a share `eps` of a distribution, at confidence ``1 - delta``.

    Fresh rows are drawn independently, both models are asked, and disagreements are counted. The bound is the exact
    binomial one [1]_; it makes no assumption about the models, and none about the distribution but that the rows come
    from it. Rows that either model was fitted to, or chosen by, make it void.

    Parameters
    ----------
    a, b : callable or estimator
        Model A and Model B, each asked with a whole table of rows.
    where : Space or bounds, callable, fitted data-driven design, or table of n rows
        The distribution: a space (each input from its own distribution, uniform by default, within the constraints);
        ``where(n, seed)`` or ``where.sample(n, seed)`` that draw independent rows; or rows that nobody has used yet, as
        an array or a DataFrame, of which `n` are drawn, by default all taken. With a fitted data-driven design the
        certificate speaks of that design, not of the data it was fitted to. One that visits each row of the data
        equally often, as `Munge` does, draws rows that are not quite independent; the bound is then approximate.
    eps : float, default 0.01
        Disagreement that is tolerated.
    delta : float, default 0.05
        Probability with which a certificate may hold wrongly.
    n : int, optional
        Rows to ask. By default the fewest that can do, if there is no disagreement: the smallest n with
        ``(1 - eps)**n <= delta``, which is 299 for the defaults. Ask more where some disagreement is expected.
        With a `loss`, the n at which a mean loss of ``eps / 2`` suffices.
    tolerance : float, optional
        Answers that are numbers agree if they differ by at most this. By default answers must be equal.
    loss : callable, optional
        ``loss(answers_of_a, answers_of_b)``, from 0 to 1 a row, in place of disagreement; bounded by Hoeffding's
        inequality [2]_.
    seed : int, optional
        Of the rows that are drawn.

    Returns
    -------
    Certificate

    Raises
    ------
    ValueError
        For shares out of range, a design whose rows are not independent, or answers that cannot be compared.

    References
    ----------
    .. [1] Clopper & Pearson 1934, Biometrika 26, 404-413.
    .. [2] Hoeffding 1963, Journal of the American Statistical Association 58, 13-30.
    .. [3] Boix-Adsera 2024, Towards a theory of model distillation, arXiv 2403.09053, definitions 2.1 to 2.3.

    Examples
    --------
    >>> certificate = certify(lambda X: X["x1"] > 0.5, lambda X: X["x1"] >= 0.5, [(0, 1), (0, 1)], seed=0)
    >>> certificate.holds, certificate.n
    (True, 299)
    """
    for name, share in (("eps", eps), ("delta", delta)):
        if not 0 < share < 1:
            raise ValueError(f"{name}: a number between 0 and 1 is needed, got {share!r}. The usual are 0.01 and 0.05.")
    if tolerance is not None and not tolerance >= 0:
        raise ValueError(f"tolerance: a number of at least 0 is needed, got {tolerance!r}.")
    if n is not None and (isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1):
        raise ValueError(f"n: a whole number of at least 1 is needed, got {n!r}.")
    asked = int(n) if n is not None else rows_needed(eps, delta, exact=loss is None)
    rows, distribution = _drawn(where, asked, n is not None, seed)
    one, other = answers_of(a, rows), answers_of(b, rows)
    if one.shape != other.shape:
        raise ValueError(f"a and b: answers of one shape are needed, got {one.shape} and {other.shape}.")
    if loss is not None:
        return _by_hoeffding(np.asarray(loss(one, other), dtype=np.float64), len(one), eps, delta, distribution)
    wrong = ~_agree(one, other, tolerance)
    k, count = int(wrong.sum()), len(wrong)
    bound = upper_bound(k, count, delta)
    # In exact arithmetic the bound of the smallest n is at most eps; its last bit may say otherwise.
    holds = bound <= eps * (1 + 1e-12)
    return Certificate(holds, bound, k / count, count, eps, delta, distribution, "exact binomial")


def rows_needed(eps: float, delta: float, exact: bool = True) -> int:
    """Return the fewest rows that can certify: without a disagreement, or by Hoeffding with a mean loss of eps / 2.

    Examples
    --------
    >>> rows_needed(0.01, 0.05), rows_needed(0.001, 0.05), rows_needed(0.01, 0.01)
    (299, 2995, 459)
    """
    if exact:
        return math.ceil(math.log(delta) / math.log1p(-eps))
    return math.ceil(math.log(1 / delta) / (2 * (eps / 2) ** 2))


def upper_bound(k: int, n: int, delta: float) -> float:
    """Return the exact upper bound of a share after k of n: at confidence ``1 - delta`` it is no larger."""
    from scipy.special import betaincinv

    if k >= n:
        return 1.0
    return 1.0 - delta ** (1.0 / n) if k == 0 else float(betaincinv(k + 1, n - k, 1.0 - delta))


def _by_hoeffding(losses: NDArray[np.float64], n: int, eps: float, delta: float, distribution: str) -> Certificate:
    if losses.shape != (n,) or not ((losses >= 0) & (losses <= 1)).all():
        raise ValueError(f"loss: a number from 0 to 1 for each of the {n} rows is needed; got shape {losses.shape}.")
    mean = float(losses.mean())
    bound = min(1.0, mean + math.sqrt(math.log(1 / delta) / (2 * n)))
    return Certificate(bound <= eps, bound, mean, n, eps, delta, distribution, "Hoeffding")


def _agree(one: NDArray[Any], other: NDArray[Any], tolerance: float | None) -> NDArray[np.bool_]:
    if tolerance is None:
        same = one == other
    else:
        same = np.abs(one.astype(np.float64) - other.astype(np.float64)) <= tolerance
    same = np.asarray(same)
    return np.asarray(same.all(axis=tuple(range(1, same.ndim)))) if same.ndim > 1 else same


def _drawn(where: Any, n: int, given: bool, seed: int | None) -> tuple[Any, str]:
    """Return independent rows and where they come from."""
    from surrogate.design import Design

    if isinstance(where, Design):
        raise ValueError(
            f"where: the rows of {type(where).__name__} depend on each other, so they cannot be counted as independent "
            "draws. Give the space itself."
        )
    if callable(where):
        return where(n, seed), getattr(where, "__name__", repr(where))
    if hasattr(where, "sample") and not hasattr(where, "columns"):
        return where.sample(n, seed), f"rows drawn by {where!r}"
    if hasattr(where, "iloc") or isinstance(where, np.ndarray):
        if not len(where):
            raise ValueError("where: at least one row is needed, got an empty table.")
        if not given:
            return where, f"the {len(where)} rows given"
        if len(where) < n:
            raise ValueError(f"where: {n} rows were asked for, {len(where)} are given.")
        # Tables are often sorted: the first rows of one are like no others.
        chosen = np.sort(np.random.default_rng(seed).choice(len(where), n, replace=False))
        return where.iloc[chosen] if hasattr(where, "iloc") else where[chosen], f"{n} of the {len(where)} rows given"
    space = Space.from_bounds(where)
    return independent_rows(space, n, seed), "independent rows of the space " + ", ".join(space.names)


def independent_rows(space: Space, n: int, seed: int | None = None) -> pd.DataFrame:
    """Draw rows of a space independently of each other, those that break a constraint again.

    Parameters
    ----------
    space : Space
    n : int
    seed : int, optional

    Returns
    -------
    DataFrame of shape (n, d)

    Raises
    ------
    ValueError
        If the constraints leave hardly any of the space.
    """
    import pandas as pd

    rng = np.random.default_rng(seed)
    parts, found = [], 0
    for _ in range(1000):
        frame = space.from_unit(rng.random((n, len(space))))
        frame = frame[space.feasible(frame)] if space.constraints else frame
        parts.append(frame)
        found += len(frame)
        if found >= n:
            return pd.concat(parts, ignore_index=True).iloc[:n]
    raise ValueError("where: the constraints leave hardly any of the space, 1000 n draws were not enough. Draw rows.")
