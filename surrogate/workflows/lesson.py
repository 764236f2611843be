"""One lesson: a student and its two controls learn from a transfer set that is made here."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.workflows.labelled_rows import LabelledRows, repeats, row_keys, stacked, take

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from surrogate.workflows.teacher import Teacher

    Floats = NDArray[np.float64]
    Split = tuple[NDArray[np.intp], NDArray[np.intp]]

_UNUSED = 2000  # generated rows that no student learns from, for fidelity


@dataclass(frozen=True)
class Learned:
    """What came out of a lesson.

    Attributes
    ----------
    model, direct, relabelled : fitted estimators
        The student; taught by the true labels alone (None if there are none); taught by the teacher on the data alone.
    transfer : LabelledRows
        What `model` learnt from.
    generator : object or None
        Fitted.
    unused : DataFrame, ndarray or None
        Generated rows that were not learnt from.
    choice : DataFrame or None
        The generators that were compared.
    seconds : dict of str to float
    """

    model: Any
    direct: Any
    relabelled: Any
    transfer: LabelledRows
    generator: Any
    unused: Any
    choice: pd.DataFrame | None
    seconds: dict[str, float]


@dataclass(frozen=True)
class Lesson:
    """How to teach: everything but the rows.

    Attributes
    ----------
    student : scikit-learn estimator
    labels, temperature, soft_weight
        As in `distill`.
    generator : data-driven design, "auto" or None
    n, seed : int
    unlabelled : DataFrame, ndarray or None
    avoided : DataFrame, ndarray or None
        Rows that must not be learnt from: neither the pool nor a generator may bring them.
    """

    student: Any
    labels: Any
    temperature: float
    soft_weight: float
    generator: Any
    n: int
    seed: int
    unlabelled: Any = None
    avoided: Any = None

    def teach(self, X: Any, answers: Floats, teacher: Teacher, truth: NDArray[Any] | None) -> Any:
        """Return the student, fitted to rows and the teacher's answers about them."""
        from surrogate.models.students.teach import teach

        try:
            return teach(
                self.student, X, answers, classes=teacher.classes, truth=truth, labels=self.labels,
                temperature=self.temperature, soft_weight=self.soft_weight,
            )  # fmt: skip
        except (TypeError, ValueError) as error:
            names = _named_columns(X)
            if not names or hasattr(self.student, "steps"):
                raise
            raise ValueError(
                f"student: columns {names[:10]} are no numbers, and a {type(self.student).__name__} could not learn "
                f"from them ({error}). Put an encoder before it in a pipeline, or use an AlternatingTreeClassifier."
            ) from error

    def teach_truth(self, X: Any, teacher: Teacher, truth: NDArray[Any]) -> Any:
        """Return the student, fitted to true labels alone."""
        told = truth.astype(np.float64) if teacher.classes is None else np.eye(len(teacher.classes))[truth]
        return replace(self, labels="hard").teach(X, told, teacher, None)

    def run(
        self, teacher: Teacher, X: Any, truth: NDArray[Any] | None, own: Floats | None = None, *, controls: bool = True
    ) -> Learned:
        """Make a transfer set and teach.

        Parameters
        ----------
        teacher : Teacher
        X : DataFrame or ndarray of shape (n, p)
        truth : ndarray or None
            Numbers of true classes or true numbers.
        own : ndarray of shape (n, c), optional
            Answers about `X` by copies of the teacher that had not seen the row, NaN where there is none; by default
            the teacher's own.
        controls : bool, default True
            Whether the two controls are taught too.
        """
        from surrogate.workflows.generator_choice import choose_generator

        clock, seconds = perf_counter(), {}
        by_copy = np.zeros(len(X), dtype=bool) if own is None else np.asarray(~np.isnan(own).any(axis=1))
        answers = own if own is not None and by_copy.all() else teacher.ask(X)
        if own is not None:
            answers = np.where(by_copy[:, np.newaxis], own, answers)
        generator, choice = self.generator, None
        if isinstance(generator, str):
            generator, choice = choose_generator(self, teacher, X, truth, answers)
        transfer, fitted, unused = self._transfer(teacher, X, truth, answers, by_copy, generator)
        seconds["transfer set"], clock = perf_counter() - clock, perf_counter()
        model = self.teach(transfer.X, transfer.answers, teacher, transfer.truth)
        seconds["student"], clock = perf_counter() - clock, perf_counter()
        direct = relabelled = None
        if controls:
            relabelled = model if len(transfer) == len(X) else self.teach(X, answers, teacher, truth)
            seconds["relabelled"], clock = perf_counter() - clock, perf_counter()
            direct = None if truth is None else self.teach_truth(X, teacher, truth)
            seconds["direct"] = perf_counter() - clock
        return Learned(model, direct, relabelled, transfer, fitted, unused, choice, seconds)

    def _transfer(
        self,
        teacher: Teacher,
        X: Any,
        truth: NDArray[Any] | None,
        answers: Floats,
        by_copy: NDArray[np.bool_],
        generator: Any,
    ) -> tuple[LabelledRows, Any, Any]:
        rows, origins, fitted, unused = [X], ["data"] * len(X), None, None
        told = [answers]
        pool = self._allowed(self.unlabelled)
        if pool is not None and len(pool):
            rows.append(pool)
            told.append(teacher.ask(pool))
            origins += ["unlabelled"] * len(pool)
        if generator is not None and self.n > 0:
            right = None if truth is None else _right(answers, truth, len(origins))
            fitted = _fitted(generator, stacked(rows), teacher.model, right)
            new = self._allowed(fitted.sample(self.n, self.seed))
            if len(new):
                rows.append(new)
                told.append(teacher.ask(new))
                origins += ["generated"] * len(new)
            unused = self._allowed(fitted.sample(min(_UNUSED, self.n), self.seed + 1))
            unused = take(unused, np.flatnonzero(~repeats(unused, stacked(rows))))
        known = None if truth is None else _padded(truth, len(origins))
        sources = np.full(len(origins), "teacher", dtype="U19")
        sources[: len(X)][by_copy] = "teacher out of fold"
        transfer = LabelledRows(stacked(rows), np.concatenate(told), teacher.outputs, known, np.array(origins), sources)
        return transfer, fitted, unused

    def _allowed(self, rows: Any) -> Any:
        """Return rows without those to be avoided."""
        if rows is None or self.avoided is None:
            return rows
        return take(rows, np.flatnonzero(~repeats(rows, self.avoided)))


def _fitted(generator: Any, X: Any, teacher: Any, right: NDArray[np.bool_] | None) -> Any:
    """Return a fitted copy of a generator: defaults are shared and must stay as they are."""
    from surrogate.design import BoxSampling, DataDrivenDesign, Design, RightRows

    if isinstance(generator, Design):
        generator = BoxSampling(generator)
    own = copy.copy(generator)
    if isinstance(own, RightRows):
        return own.fit(X, teacher, right)
    return own.fit(X, teacher) if isinstance(own, DataDrivenDesign) else own.fit(X)


def _right(answers: Floats, truth: NDArray[Any], n: int) -> NDArray[np.bool_]:
    """Return which of `n` rows, the first of which have true labels, the teacher does not get wrong."""
    right = np.ones(n, dtype=bool)
    if truth.ndim == 1:
        right[: len(truth)] = answers.argmax(axis=1) == truth
    else:
        error = np.abs(answers - truth)
        # 1.4826 medians of the size of the error are its standard deviation, if it is normal.
        right[: len(truth)] = (error <= 3 * 1.4826 * np.median(error, axis=0)).all(axis=1)
    return right


def _named_columns(X: Any) -> list[str]:
    """Return the columns of a DataFrame that hold no numbers."""
    return [str(name) for name in X.select_dtypes(exclude=["number", "bool"]).columns] if hasattr(X, "iloc") else []


def _padded(truth: NDArray[Any], n: int) -> NDArray[Any]:
    """Return truth for all rows of a transfer set, unknown for those that are not data."""
    unknown: Any = -1 if truth.dtype.kind == "i" else np.nan
    padded = np.full((n, *truth.shape[1:]), unknown, dtype=truth.dtype)
    padded[: len(truth)] = truth
    return padded


def splits(X: Any, truth: NDArray[Any] | None, k: int, seed: int) -> list[Split]:
    """Return `k` folds that part no equal rows and hold every class in like numbers.

    Returns
    -------
    list of (train, test)
        Row numbers, ascending; each row is in one ``test`` at most. The only row of its class (equal ones are one) is
        in every ``train``, so that each teacher learns all classes.

    Raises
    ------
    ValueError
        If there are fewer than two different rows.
    """
    _, first, group = np.unique(row_keys(X), return_index=True, return_inverse=True)
    group = group.reshape(-1)
    order = np.random.default_rng(seed).permutation(len(first))
    if truth is not None and truth.ndim == 1:
        order = order[~np.isin(order, _alone(truth, group))]
        order = order[np.argsort(truth[first[order]], kind="stable")]
    if len(order) < 2:
        raise ValueError("X: at least two different rows are needed to hold some out; or give test=(X, y).")
    fold = np.full(len(first), -1, dtype=np.intp)
    fold[order] = np.arange(len(order)) % min(k, len(order))
    of_row = fold[group]
    return [(np.flatnonzero(of_row != i), np.flatnonzero(of_row == i)) for i in range(fold.max() + 1)]


def _alone(truth: NDArray[Any], group: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the groups of equal rows that are the only one of a class."""
    pairs = np.unique(np.column_stack([truth, group]), axis=0)
    classes, counts = np.unique(pairs[:, 0], return_counts=True)
    return np.asarray(pairs[np.isin(pairs[:, 0], classes[counts == 1]), 1], dtype=np.intp)


def out_of_fold(
    teacher: Teacher, X: Any, y: Any, truth: NDArray[Any], folds: list[Split]
) -> tuple[Floats, list[Teacher]] | None:
    """Return answers about each row by copies of the teacher that had not seen it, and those copies.

    Answers are NaN for rows that are in no ``test``. None for a teacher that cannot be fitted again.
    """
    copies, answers = [], None
    for train, test in folds:
        fresh = teacher.refit(take(X, train), y[train])
        if fresh is None:
            return None
        told = fresh.ask(take(X, test))
        if answers is None:
            answers = np.full((len(truth), told.shape[1]), np.nan)
        answers[test] = told
        copies.append(fresh)
    assert answers is not None  # noqa: S101 - there are two folds at least
    return answers, copies
