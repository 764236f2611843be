"""Fidelity: how often a student answers as its teacher does, on rows that it was not fitted to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.validation.gain import mean_interval
from surrogate.validation.shares import exact_interval

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray


def fidelity_table(
    answers: Mapping[str, tuple[NDArray[Any], NDArray[Any]]],
    truth: Mapping[str, NDArray[Any]] | None = None,
) -> pd.DataFrame:
    """Compare the classes that a teacher and a student give, on several sets of rows.

    Parameters
    ----------
    answers : mapping of str to pair of ndarray of shape (n,)
        For each set of rows the teacher's classes and the student's.
    truth : mapping of str to ndarray of shape (n,), optional
        True classes of those sets where they are known: fidelity is then also given where the teacher is right and
        where it is wrong.

    Returns
    -------
    DataFrame
        Columns set, rows ("all", "class ..." by the teacher's class, "teacher right", "teacher wrong"), n, fidelity
        (share of equal answers), low, high (its exact 95 % interval) and kappa (Cohen's, of "all": 0 is chance).

    References
    ----------
    Clopper, C. J., Pearson, E. S. (1934). The use of confidence or fiducial limits. Biometrika 26, 404-413.
    Cohen, J. (1960). A coefficient of agreement for nominal scales. Educational and Psychological Measurement 20.

    Examples
    --------
    >>> table = fidelity_table({"held-out": (np.array(["a", "a", "b", "b"]), np.array(["a", "a", "b", "a"]))})
    >>> table[["rows", "n", "fidelity", "kappa"]].values.tolist()
    [['all', 4, 0.75, 0.5], ['class a', 2, 1.0, nan], ['class b', 2, 0.5, nan]]
    """
    import pandas as pd

    lines = []
    for name, (teacher, student) in answers.items():
        same = teacher == student
        parts = {"all": np.ones(len(same), dtype=bool)}
        parts.update({f"class {one}": teacher == one for one in np.unique(teacher)})
        if truth is not None and name in truth:
            parts.update({"teacher right": teacher == truth[name], "teacher wrong": teacher != truth[name]})
        for which, rows in parts.items():
            n, k = int(rows.sum()), int(same[rows].sum())
            low, high = exact_interval(k, n)
            kappa = _kappa(teacher, student) if which == "all" else np.nan
            lines.append((name, which, n, k / n if n else np.nan, low, high, kappa))
    return pd.DataFrame(lines, columns=["set", "rows", "n", "fidelity", "low", "high", "kappa"])


def regression_fidelity_table(
    answers: Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]], outputs: tuple[str, ...]
) -> pd.DataFrame:
    """Compare the numbers that a teacher and a student give, on several sets of rows.

    Parameters
    ----------
    answers : mapping of str to pair of ndarray of shape (n, k)
        For each set of rows the teacher's numbers and the student's.
    outputs : tuple of str
        Names of the k outputs.

    Returns
    -------
    DataFrame
        Columns set, rows (the output), n, fidelity (share of the variance of the teacher's answers that the student's
        explain), low and high (its 95 % bootstrap interval), rmse.

    Examples
    --------
    >>> a = np.array([[0.0], [1.0], [2.0]])
    >>> regression_fidelity_table({"held-out": (a, a)}, ("y",))[["rows", "fidelity", "rmse"]].values.tolist()
    [['y', 1.0, 0.0]]
    """
    import pandas as pd

    lines = []
    for name, (teacher, student) in answers.items():
        for i, output in enumerate(outputs):
            explained = explained_by_row(teacher[:, i], student[:, i])
            low, high = mean_interval(explained)
            error = float(np.sqrt(np.mean((teacher[:, i] - student[:, i]) ** 2)))
            lines.append((name, output, len(teacher), float(explained.mean()), low, high, error))
    return pd.DataFrame(lines, columns=["set", "rows", "n", "fidelity", "low", "high", "rmse"])


def explained_by_row(truth: NDArray[np.float64], told: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return numbers whose mean is the share of explained variance (Q2), one a row.

    Examples
    --------
    >>> explained_by_row(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 2.0])).round(6).tolist()
    [1.0, 1.0, -0.5]
    """
    variance = float(np.mean((truth - truth.mean()) ** 2))
    if variance == 0.0:
        same: NDArray[np.float64] = (truth == told).astype(np.float64)
        return same
    share: NDArray[np.float64] = 1.0 - (truth - told) ** 2 / variance
    return share


def _kappa(a: NDArray[Any], b: NDArray[Any]) -> float:
    """Agreement beyond chance, as a share of what is possible."""
    both = np.union1d(a, b)
    chance = float(sum((a == one).mean() * (b == one).mean() for one in both))
    same = float((a == b).mean())
    return 1.0 if chance == 1.0 else (same - chance) / (1.0 - chance)
