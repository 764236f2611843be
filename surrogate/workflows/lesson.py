"""One lesson: a student and its two controls learn from a transfer set that is made here."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.workflows.labelled_rows import LabelledRows, row_keys, stacked, take

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
    avoided : ndarray of int
        Keys of rows that must not be learnt from.
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

        return teach(
            self.student, X, answers, classes=teacher.classes, truth=truth, labels=self.labels,
            temperature=self.temperature, soft_weight=self.soft_weight,
        )  # fmt: skip

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
            Answers about `X` by copies of the teacher that had not seen the row; by default the teacher's own.
        controls : bool, default True
            Whether the two controls are taught too.
        """
        from surrogate.workflows.generator_choice import choose_generator

        clock, seconds = perf_counter(), {}
        answers = teacher.ask(X) if own is None else own
        generator, choice = self.generator, None
        if isinstance(generator, str):
            generator, choice = choose_generator(self, teacher, X, truth, answers)
        transfer, fitted, unused = self._transfer(teacher, X, truth, answers, own is not None, generator)
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
        self, teacher: Teacher, X: Any, truth: NDArray[Any] | None, answers: Floats, out_of_fold: bool, generator: Any
    ) -> tuple[LabelledRows, Any, Any]:
        rows, origins, fitted, unused = [X], ["data"] * len(X), None, None
        told = [answers]
        if self.unlabelled is not None:
            rows.append(self.unlabelled)
            told.append(teacher.ask(self.unlabelled))
            origins += ["unlabelled"] * len(self.unlabelled)
        if generator is not None and self.n > 0:
            fitted = _fitted(generator, stacked(rows), teacher.model)
            new = self._new_rows(fitted, self.n, self.seed)
            unused = self._new_rows(fitted, min(_UNUSED, self.n), self.seed + 1)
            rows.append(new)
            told.append(teacher.ask(new))
            origins += ["generated"] * len(new)
        known = None if truth is None else _padded(truth, len(origins))
        sources = np.full(len(origins), "teacher", dtype="U19")
        if out_of_fold:
            sources[: len(X)] = "teacher out of fold"
        transfer = LabelledRows(stacked(rows), np.concatenate(told), teacher.outputs, known, np.array(origins), sources)
        return transfer, fitted, unused

    def _new_rows(self, generator: Any, n: int, seed: int) -> Any:
        new = generator.sample(n, seed)
        if self.avoided is None:
            return new
        return take(new, np.flatnonzero(~np.isin(row_keys(new), self.avoided)))


def _fitted(generator: Any, X: Any, teacher: Any) -> Any:
    """Return a fitted copy of a generator: defaults are shared and must stay as they are."""
    from surrogate.design import BoxSampling, DataDrivenDesign, Design

    if isinstance(generator, Design):
        generator = BoxSampling(generator)
    own = copy.copy(generator)
    return own.fit(X, teacher) if isinstance(own, DataDrivenDesign) else own.fit(X)


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
        Row numbers, ascending; each row is in exactly one ``test``.

    Raises
    ------
    ValueError
        If there are fewer than two different rows.
    """
    _, first, group = np.unique(row_keys(X), return_index=True, return_inverse=True)
    if len(first) < 2:
        raise ValueError("X: at least two different rows are needed to hold some out; or give test=(X, y).")
    order = np.random.default_rng(seed).permutation(len(first))
    if truth is not None and truth.ndim == 1:
        order = order[np.argsort(truth[first[order]], kind="stable")]
    fold = np.empty(len(first), dtype=np.intp)
    fold[order] = np.arange(len(first)) % min(k, len(first))
    of_row = fold[group.reshape(-1)]
    return [(np.flatnonzero(of_row != i), np.flatnonzero(of_row == i)) for i in range(fold.max() + 1)]


def out_of_fold(
    teacher: Teacher, X: Any, y: Any, truth: NDArray[Any], folds: list[Split]
) -> tuple[Floats, list[Teacher]] | None:
    """Return answers about each row by copies of the teacher that had not seen it, and those copies.

    None for a teacher that cannot be fitted again.
    """
    copies, answers = [], None
    for train, test in folds:
        fresh = teacher.refit(take(X, train), y[train])
        if fresh is None:
            return None
        told = fresh.ask(take(X, test))
        if answers is None:
            answers = np.empty((len(truth), told.shape[1]))
        answers[test] = told
        copies.append(fresh)
    assert answers is not None  # noqa: S101 - there are two folds at least
    return answers, copies
