"""Distillation: any Model A into a smaller, faster or readable Model B, and whether that was worth it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.design import Munge
from surrogate.design.design import check_count, check_seed
from surrogate.space.labels import match_labels
from surrogate.workflows.distillation import Distillation
from surrogate.workflows.held_out_answers import HeldOut, row_scores, told_numbers
from surrogate.workflows.labelled_rows import repeats, take
from surrogate.workflows.lesson import Learned, Lesson, out_of_fold, splits
from surrogate.workflows.teacher import Teacher, read_teacher, seeded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from surrogate.models.students.teach import Labels

_FOLDS = 5
_INNER_FOLDS = 3
_MANY_ROWS = 10_000  # beyond, one fold of five is enough to measure a gain
_OVERFIT = 0.02  # by so much a teacher may be better on the data than on held-out rows

_LABELS = ("auto", "proba", "hard", "logit")


def distill(
    teacher: Any,
    student: Any,
    X: Any,
    y: Any = None,
    *,
    unlabelled: Any = None,
    test: tuple[Any, Any] | None = None,
    labels: Labels = "auto",
    generator: Any = Munge(),  # noqa: B008 - never changed: a copy is fitted
    n: int = 20_000,
    temperature: float = 1.0,
    soft_weight: float = 1.0,
    seed: int | None = None,
) -> Distillation:
    """Teach a student what a teacher knows, and measure what that was worth.

    The student learns from a transfer set: the data, the pool of unlabelled rows and generated rows, all labelled by
    the teacher. Beside it two controls are fitted: the same student to the true labels (`direct`), and to the teacher's
    labels of the data alone (`relabelled`). All are compared on rows that none of them has seen.

    Parameters
    ----------
    teacher : fitted estimator, Surrogate or callable
        Model A. Classifiers are asked by ``predict_proba``; a function of a table gives chances, logits (with
        ``labels="logit"``), classes or numbers. Columns of chances or logits are in the order
        of ``sorted(unique(y))``; those of a DataFrame are found by their names, if they are those of the classes. A
        scikit-learn teacher that is much better on the data than on held-out rows has overfitted: it is then fitted
        again in folds, and each row of the data is labelled by a copy that had not seen it.
    student : scikit-learn estimator
        Model B, not fitted; see `surrogate.models.students.teach` for how each kind learns soft labels.
    X : DataFrame or array_like of shape (n, p)
        Data like those that the student will be asked about.
    y : array_like of shape (n,) or (n, k), optional
        True labels. Those of a Series or DataFrame are matched with a DataFrame `X` by the index.
    unlabelled : as X, optional
        More rows, without labels.
    test : (X, y), optional
        Held-out rows for all scores. Without, they come from 5-fold cross-validation of the whole procedure, the
        teacher included where it can be fitted again (one fold beyond 10,000 rows). Needed to judge any other teacher:
        it may have seen the labels of all rows in `X`.
    labels : {"auto", "proba", "hard", "logit"}, default "auto"
        What of the teacher is taught: its chances, its likeliest class, or logits. "auto" is chances where it has some;
        but trees and forests of scikit-learn learn the likeliest class, and the leaves of a decision tree the mean
        chances in them.
    generator : data-driven design, Design, "auto" or None, default Munge()
        Makes further rows from the data and the pool: anything with ``fit(X)`` and ``sample(n, seed)``, a design of
        experiments in the box of the data, or "auto": the best of the usual ones by fidelity and accuracy on held-out
        rows of the data. None for no generated rows.
    n : int, default 20_000
        Number of generated rows: enough for the student to see what the teacher does between the data.
    temperature : float, default 1.0
        Softens the teacher's chances.
    soft_weight : float, default 1.0
        Weight of the teacher's label against the true one where there is one: 1 is the teacher alone.
    seed : int, optional
        The same seed gives the same result, also for a student whose own ``random_state`` is None.

    Returns
    -------
    Distillation

    Raises
    ------
    TypeError, ValueError
        Naming the argument that is wrong; among others if rows of `test` are also in the transfer set.

    References
    ----------
    Bucila, C., Caruana, R., Niculescu-Mizil, A. (2006). Model compression. KDD, 535-541.
    Hinton, G., Vinyals, O., Dean, J. (2015). Distilling the knowledge in a neural network. arXiv 1503.02531.

    Examples
    --------
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = rng.random((120, 2))
    >>> y = np.where(X[:, 0] + X[:, 1] > 1, "in", "out")
    >>> forest = RandomForestClassifier(20, random_state=0).fit(X, y)
    >>> result = distill(forest, DecisionTreeClassifier(max_leaf_nodes=12), X, y, n=1000, seed=0)
    >>> result.predict([[0.9, 0.9], [0.1, 0.1]]).tolist()
    ['in', 'out']
    >>> result.scores["student"] > 0.85
    True
    """
    from surrogate.models.students.teach import read_labels

    if labels not in _LABELS:
        raise ValueError(f"labels: one of {', '.join(_LABELS)} is allowed; got {labels!r}.")
    rows = _read_rows(X, "X")
    pool = None if unlabelled is None or not len(unlabelled) else _read_rows(unlabelled, "unlabelled", rows)
    y = None if y is None else match_labels(y, X, "y")
    truth_given = None if y is None else _read_truth(y, len(rows), "y")
    asked = read_teacher(teacher, student, rows, y, labels)
    labels = read_labels(labels, student, temperature) if asked.soft or labels != "auto" else "hard"
    if asked.classes is not None and len(asked.classes) < 2:
        raise ValueError(f"teacher: two classes are needed; it knows only {asked.classes.tolist()}.")
    truth = None if truth_given is None else _coded(truth_given, asked, "y")
    seed = check_seed(seed)
    asked = replace(asked, seed=seed)
    lesson = Lesson(
        seeded(student, seed), labels, temperature, soft_weight, _read_generator(generator), check_count(n, "n", 0),
        int(np.random.SeedSequence(seed).generate_state(1)[0] // 2), pool,
    )  # fmt: skip
    if test is None:
        lesson, learned, held_out, notes = _cross_validated(lesson, asked, rows, truth_given, truth)
    else:
        lesson, learned, held_out, notes = _tested(lesson, asked, rows, truth_given, truth, test)
    return Distillation(asked, lesson, learned, held_out, (*notes, *_order_note(asked, rows, truth)))


# With rows for testing -----------------------------------------------------------------------------------------------


def _tested(
    lesson: Lesson, teacher: Teacher, X: Any, y: Any, truth: NDArray[Any] | None, test: Any
) -> tuple[Lesson, Learned, HeldOut, list[str]]:
    if not (isinstance(test, (tuple, list)) and len(test) == 2):
        raise ValueError(f"test: a pair (X, y) is needed; got {type(test).__name__}.")
    rows = _read_rows(test[0], "test", X)
    known = (
        None
        if test[1] is None
        else _coded(_read_truth(match_labels(test[1], test[0], "test"), len(rows), "test"), teacher, "test")
    )
    lesson = replace(lesson, avoided=rows)
    for name, given in (("X", X), ("unlabelled", lesson.unlabelled)):
        both = 0 if given is None else int(repeats(rows, given).sum())
        if both:
            raise ValueError(
                f"test: {both} of its {len(rows)} rows are also in {name}, so that the student would be tested on what "
                "it was taught. Take them out of one of the two."
            )
    told = _numbers(teacher, rows)
    notes: list[str] = []
    own = None
    if truth is not None and known is not None:
        held, seen = row_scores(known, told), row_scores(truth, _numbers(teacher, X))
        if _overfitted(seen, held):
            own = out_of_fold(teacher, X, y, truth, splits(X, truth, _FOLDS, lesson.seed))
            notes.append(_overfit_note(seen, held, own is not None))
    learned = lesson.run(teacher, X, truth, None if own is None else own[0])
    answers = {"teacher": told, **_told(learned, rows, teacher)}
    return lesson, learned, HeldOut(rows, known, answers, f"{len(rows)} test rows"), notes


# Without -------------------------------------------------------------------------------------------------------------


def _cross_validated(
    lesson: Lesson, teacher: Teacher, X: Any, y: Any, truth: NDArray[Any] | None
) -> tuple[Lesson, Learned, HeldOut, list[str]]:
    folds = splits(X, truth, _FOLDS, lesson.seed)
    copies: Sequence[Teacher] = [teacher] * len(folds)
    notes: list[str] = []
    own = overfitted = None
    if truth is not None:
        found = out_of_fold(teacher, X, y, truth, folds)
        if found is None:
            notes.append("The teacher could not be fitted again: it may have seen the rows on which all are compared.")
        else:
            own, copies = found
            at = np.flatnonzero(~np.isnan(own).any(axis=1))
            asked = own[at] if teacher.classes is None else own[at].argmax(axis=1)
            held, seen = row_scores(truth[at], asked), row_scores(truth[at], _numbers(teacher, take(X, at)))
            overfitted = _overfitted(seen, held)
            if overfitted:
                notes.append(_overfit_note(seen, held, refitted=True))
    if len(X) > _MANY_ROWS:
        folds = folds[:1]
    parts = []
    for (train, test), fresh in zip(folds, copies, strict=False):
        rows, known = take(X, train), None if truth is None else truth[train]
        inner = None
        if overfitted and known is not None:
            inner = out_of_fold(fresh, rows, y[train], known, splits(rows, known, _INNER_FOLDS, lesson.seed))
        held_rows = take(X, test)
        hidden = replace(lesson, avoided=held_rows)
        learned = hidden.run(fresh, rows, known, None if inner is None else inner[0])
        parts.append({"teacher": _numbers(fresh, held_rows), **_told(learned, held_rows, teacher)})
    at = np.concatenate([test for _, test in folds])
    told = {who: np.concatenate([part[who] for part in parts]) for who in parts[0]}
    how = f"{len(at)} rows held out in {'turn' if len(folds) > 1 else 'one fold'}"
    held_out = HeldOut(take(X, at), None if truth is None else truth[at], told, how, truth is None or own is not None)
    return lesson, lesson.run(teacher, X, truth, own if overfitted else None), held_out, notes


def _told(learned: Learned, X: Any, teacher: Teacher) -> dict[str, NDArray[Any]]:
    """Return what the student and its controls say."""
    models = {"student": learned.model, "direct": learned.direct, "relabelled": learned.relabelled}
    return {who: told_numbers(model, X, teacher) for who, model in models.items() if model is not None}


def _numbers(teacher: Teacher, X: Any) -> NDArray[Any]:
    answers = teacher.ask(X)
    return answers if teacher.classes is None else answers.argmax(axis=1)


def _overfitted(seen: NDArray[np.float64], held: NDArray[np.float64]) -> bool:
    """Whether scores on the data are so much above those on held-out rows that chance and usefulness are ruled out."""
    lead = float(seen.mean() - held.mean())
    return lead > max(_OVERFIT, 2 * float(held.std() / np.sqrt(len(held))))


def _order_note(teacher: Teacher, X: Any, truth: NDArray[Any] | None) -> list[str]:
    """Return a warning where a function's columns are likely to be in another order than the classes."""
    if truth is None or teacher.classes is None or not teacher.soft or hasattr(teacher.model, "predict_proba"):
        return []
    right, most = float((_numbers(teacher, X) == truth).mean()), float(np.bincount(truth).max() / len(truth))
    if right >= most:
        return []
    return [
        f"The teacher is right in {right:.3f} of the data, the most frequent class in {most:.3f}: are its columns in "
        f"the order {teacher.classes.tolist()[:10]}?"
    ]


def _overfit_note(seen: NDArray[np.float64], held: NDArray[np.float64], refitted: bool) -> str:
    what = f"The teacher overfits ({seen.mean():.3f} on the data, {held.mean():.3f} on held-out rows)"
    if refitted:
        return f"{what}: the data were labelled out of fold."
    return f"{what}, and cannot be fitted again: its labels of the data are surer than they should be."


# Reading -------------------------------------------------------------------------------------------------------------


def _read_rows(X: Any, name: str, like: Any = None) -> Any:
    """Return a table as a DataFrame with a fresh index, or an array; columns as those of `like`."""
    if hasattr(X, "toarray"):
        raise TypeError(f"{name}: a sparse matrix cannot be read. Give {name}.toarray(), or fewer columns.")
    if hasattr(X, "iloc") and not X.columns.is_unique:
        twice = X.columns[X.columns.duplicated()].tolist()
        raise ValueError(f"{name}: columns {twice[:10]} are there twice. Rename or drop one of each.")
    if hasattr(X, "__len__") and not len(X):
        raise ValueError(f"{name}: it has no rows.")
    if hasattr(X, "iloc"):
        if like is None:
            return X.reset_index(drop=True)
        if not hasattr(like, "iloc"):
            raise ValueError(f"{name}: an array is needed, as X is one; got a DataFrame.")
        missing = [column for column in like.columns if column not in X.columns]
        if missing:
            raise ValueError(f"{name}: columns {missing[:10]} of X are missing.")
        return X[list(like.columns)].reset_index(drop=True)
    if hasattr(like, "iloc"):
        raise ValueError(f"{name}: a DataFrame is needed, as X is one; got {type(X).__name__}.")
    array = np.asarray(X)
    if array.ndim != 2 or (like is not None and array.shape[1] != like.shape[1]):
        wanted = "(n, p)" if like is None else f"(n, {like.shape[1]})"
        raise ValueError(f"{name}: a table of shape {wanted} is needed; got shape {array.shape}.")
    if array.dtype.kind == "O" and like is not None and like.dtype.kind in "biuf":
        return array.astype(np.float64)  # else what is stacked with it would be objects too
    return array


def _read_truth(y: Any, n: int, name: str) -> NDArray[Any]:
    values = np.asarray(y)
    if values.ndim not in (1, 2) or len(values) != n:
        raise ValueError(f"{name}: {n} labels are needed, one a row; got shape {values.shape}.")
    return values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values


def _coded(y: NDArray[Any], teacher: Teacher, name: str) -> NDArray[Any]:
    """Return true labels as numbers of the teacher's classes, or as a table of numbers."""
    if teacher.classes is None:
        numbers = y.astype(np.float64).reshape(len(y), -1)
        if numbers.shape[1] != len(teacher.outputs) or not np.isfinite(numbers).all():
            raise ValueError(f"{name}: finite numbers for {', '.join(teacher.outputs)} are needed; got {y.shape}.")
        return numbers
    if y.ndim != 1:
        raise ValueError(f"{name}: one class a row is needed; got shape {y.shape}. Distil one output at a time.")
    place = {one: i for i, one in enumerate(teacher.classes.tolist())}
    unknown = sorted({str(one) for one in y.tolist() if one not in place})
    if unknown:
        raise ValueError(f"{name}: classes {unknown[:10]} are not among the teacher's {teacher.classes.tolist()[:20]}.")
    return np.array([place[one] for one in y.tolist()], dtype=np.int64)


def _read_generator(generator: Any) -> Any:
    from surrogate.design import Design

    if generator is None or isinstance(generator, Design) or (isinstance(generator, str) and generator == "auto"):
        return generator
    made = not isinstance(generator, type)
    if not (made and callable(getattr(generator, "fit", None)) and callable(getattr(generator, "sample", None))):
        raise TypeError(
            f'generator: a data-driven design such as Munge(), a design, "auto" or None is needed; got {generator!r}.'
        )
    return generator
