"""What teacher, student and controls said of rows that no student learned from, and how right that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from surrogate.workflows.teacher import Teacher


@dataclass(frozen=True)
class HeldOut:
    """What everybody said of rows that the students did not learn from.

    Classes are numbers (n,), numbers are tables (n, k).

    Attributes
    ----------
    X : DataFrame or ndarray
    truth : ndarray or None
    told : dict of str to ndarray
        By "teacher", "student", "direct" and "relabelled".
    how : str
        In words, where the rows come from.
    independent : bool
        Whether the teacher is known not to have learned the truth of these very rows; else it may have passed it on.
    """

    X: Any
    truth: NDArray[Any] | None
    told: dict[str, NDArray[Any]]
    how: str
    independent: bool = True

    def scores(self, who: str) -> NDArray[np.float64]:
        """Return a number a row whose mean is the accuracy, or the share of explained variance."""
        truth = self.told["teacher"] if self.truth is None else self.truth
        return row_scores(truth, self.told[who])


def told_numbers(model: Any, X: Any, teacher: Teacher) -> NDArray[Any]:
    """Return what a fitted student says: numbers of the teacher's classes, shape (n,), or a table (n, k)."""
    told = np.asarray(model.predict(X))
    if teacher.classes is None:
        return told.astype(np.float64).reshape(len(told), -1)
    place = {one: i for i, one in enumerate(teacher.classes.tolist())}
    return np.array([place[one] for one in told.tolist()], dtype=np.intp)


def row_scores(truth: NDArray[Any], told: NDArray[Any]) -> NDArray[np.float64]:
    """Return a number a row whose mean is the accuracy (classes) or the share of explained variance (numbers)."""
    from surrogate.validation.fidelity import explained_by_row

    if truth.ndim == 1:
        return np.asarray(truth == told, dtype=np.float64)
    parts = [explained_by_row(truth[:, i], told[:, i]) for i in range(truth.shape[1])]
    return np.asarray(np.mean(parts, axis=0), dtype=np.float64)
