"""A teacher: anything that answers, asked in one way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Teacher:
    """Model A of a distillation.

    Attributes
    ----------
    model : object
        A fitted estimator, a `Surrogate`, or a function of a table.
    classes : ndarray of shape (c,) or None
        The classes it answers with; None if it answers with numbers.
    outputs : tuple of str
        Names of the numbers; of the classes otherwise.
    soft : bool
        Whether it gives chances of classes; otherwise only the class.
    scores : bool
        Whether a function gives logits, whose softmax are the chances.
    seed : int or None
        Settles open random states where it is fitted again.
    """

    model: Any
    classes: NDArray[Any] | None
    outputs: tuple[str, ...]
    soft: bool = True
    scores: bool = False
    seed: int | None = None

    def ask(self, X: Any) -> Floats:
        """Return chances of the classes, shape (n, c), or numbers, shape (n, k)."""
        if self.classes is None:
            return _table(_answer(self.model, X), len(X))
        if hasattr(self.model, "predict_proba"):
            return _finite(np.asarray(self.model.predict_proba(X), dtype=np.float64), len(X))
        told = _answer(self.model, X, self.classes)
        if not self.soft:
            return np.eye(len(self.classes))[_numbers_of(told, self.classes)]
        told = _finite(np.asarray(told, dtype=np.float64), len(X))
        if told.ndim == 1:  # the chance of the second class, or its logit against the first
            told = np.column_stack([np.zeros(len(told)) if self.scores else 1 - told, told])
        return _softmax(told) if self.scores else told

    def predict(self, X: Any) -> NDArray[Any]:
        """Return classes, shape (n,), or numbers, shape (n, k)."""
        answers = self.ask(X)
        return answers if self.classes is None else self.classes[answers.argmax(axis=1)]

    def refit(self, X: Any, y: Any) -> Teacher | None:
        """Return the teacher as it would be if it had only seen these rows; None if it cannot be fitted again."""
        from sklearn.base import BaseEstimator

        if not isinstance(self.model, BaseEstimator) or not hasattr(self.model, "fit"):
            return None
        fitted = seeded(self.model, self.seed).fit(X, y)
        return replace(self, model=fitted if self.classes is None else _Aligned(fitted, self.classes))


def seeded(model: Any, seed: int | None) -> Any:
    """Return a copy of an estimator, not fitted, whose open random states are settled."""
    from sklearn.base import clone

    copy = clone(model)
    if seed is None:
        return copy
    if seed >= 2**32:  # more than scikit-learn takes
        seed = int(np.random.SeedSequence(seed).generate_state(1)[0])
    given = copy.get_params()
    return copy.set_params(
        **{name: seed for name, value in given.items() if name.split("__")[-1] == "random_state" and value is None}
    )


class _Aligned:
    """A classifier that was fitted again, with the columns of the first one also where it missed a class."""

    def __init__(self, model: Any, classes: NDArray[Any]) -> None:
        self._model, self._classes = model, classes
        if hasattr(model, "predict_proba"):
            self.predict_proba = self._chances

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._model, name)

    def predict(self, X: Any) -> Any:
        return self._model.predict(X)

    def _chances(self, X: Any) -> Floats:
        return aligned_chances(self._model, X, self._classes)


def aligned_chances(model: Any, X: Any, classes: NDArray[Any]) -> Floats:
    """Return a classifier's chances in the order of `classes`, 0 for classes that it has not seen."""
    chances = np.zeros((len(X), len(classes)))
    chances[:, _numbers_of(np.asarray(model.classes_), classes)] = model.predict_proba(X)
    return chances


def read_teacher(teacher: Any, student: Any, X: Any, y: Any, labels: str) -> Teacher:
    """Find out what a teacher answers.

    Raises
    ------
    TypeError, ValueError
        If it cannot be asked, cannot give the labels that are wanted, or answers what the student cannot learn.
    """
    if not (hasattr(teacher, "predict") or callable(teacher)):
        raise TypeError(f"teacher: a fitted model with predict, or a function of a table, is needed; got {teacher!r}.")
    if hasattr(teacher, "predict_proba"):
        if not hasattr(teacher, "classes_"):
            raise ValueError(
                f"teacher: this {type(teacher).__name__} has no classes_: is it fitted? Call its fit first."
            )
        return Teacher(teacher, np.asarray(teacher.classes_), tuple(map(str, teacher.classes_)))
    pupil = getattr(student, "steps", [(None, student)])[-1][1]
    if not (_classifies(teacher) or _classifies(pupil)):
        answers = _table(_answer(teacher, X[:1]), 1)
        names = getattr(teacher, "outputs", None) or getattr(y, "columns", None)
        if names is None or len(names) != answers.shape[1]:
            names = ("y",) if answers.shape[1] == 1 else tuple(f"y{i + 1}" for i in range(answers.shape[1]))
        return Teacher(teacher, None, tuple(map(str, names)))
    told = _answer(teacher, X)
    only_classes = _classifies(teacher) or told.dtype.kind not in "fiu" or _are_classes(told)
    if labels in ("proba", "logit") and only_classes:
        raise ValueError(
            f'labels: {type(teacher).__name__} gives classes, but no chances. Use labels="hard", or a teacher with '
            "predict_proba."
        )
    if told.ndim == 2 or (labels != "hard" and not only_classes):
        return _soft_function(teacher, X, told, y, labels)
    if told.dtype.kind == "f" and (told != np.round(told)).any():  # chances, of which the likeliest class is taught
        return _soft_function(teacher, X, told, y, labels)
    known = told if y is None else np.concatenate([told, np.asarray(y)])
    classes = np.unique(known)
    return Teacher(teacher, classes, tuple(map(str, classes)), soft=False)


def _soft_function(teacher: Any, X: Any, told: NDArray[Any], y: Any, labels: str) -> Teacher:
    """Read a function that gives chances or logits."""
    width = told.shape[1] if told.ndim == 2 else 2
    whole = told if told.ndim == 2 else np.column_stack([1 - told, told])
    chances = bool((whole >= 0).all() and np.allclose(whole.sum(axis=1), 1.0, rtol=0, atol=1e-5))
    if labels == "logit" and chances:
        raise ValueError('labels: the teacher gives chances (rows add up to 1), not logits. Use labels="proba".')
    if labels != "logit" and not chances:
        raise ValueError(
            'labels: the teacher gives numbers that are no chances (rows must add up to 1). Use labels="logit" if they '
            "are logits."
        )
    if y is not None:
        classes = np.unique(np.asarray(y))
    else:
        named = getattr(_told(teacher, X[:1]), "columns", range(width))
        classes = np.asarray(list(named) if len(named) == width else range(width))
    if len(classes) != width:
        raise ValueError(f"teacher: it gives {width} columns, but y has {len(classes)} classes: {classes.tolist()}.")
    return Teacher(teacher, classes, tuple(map(str, classes)), soft=True, scores=not chances)


def _told(model: Any, X: Any) -> Any:
    return (model.predict if hasattr(model, "predict") else model)(X)


def _answer(model: Any, X: Any, classes: NDArray[Any] | None = None) -> NDArray[Any]:
    """Ask a model or a function; a dict of outputs becomes a table, columns named like classes come in their order."""
    told = _told(model, X)
    if classes is not None and getattr(told, "ndim", 0) == 2 and hasattr(told, "columns"):
        place = {str(column): i for i, column in enumerate(told.columns)}
        named = [place[name] for name in map(str, classes) if name in place]
        if len(named) == len(place) == len(classes):
            told = told.iloc[:, named]
        elif named:
            raise ValueError(
                f"teacher: its columns are {list(told.columns)[:20]}, the classes are {classes.tolist()[:20]}. Name "
                "every column by its class, or give an array with columns in that order."
            )
    if isinstance(told, dict):
        told = np.column_stack([np.asarray(column) for column in told.values()])
    answers = np.asarray(told)
    if answers.ndim == 0 or len(answers) != len(X):
        raise ValueError(
            f"teacher: {len(X)} rows were asked, {answers.shape} came back. It must answer a table, one answer a row."
        )
    return answers


def _table(answers: NDArray[Any], n: int) -> Floats:
    return _finite(answers.astype(np.float64).reshape(n, -1), n)


def _finite(answers: Floats, n: int) -> Floats:
    if len(answers) != n or not np.isfinite(answers).all():
        raise ValueError("teacher: an answer is NaN or infinite. Drop such rows, or mend the teacher.")
    return answers


def _classifies(model: Any) -> bool:
    from sklearn.base import is_classifier

    return hasattr(model, "__sklearn_tags__") and bool(is_classifier(model))


def _are_classes(told: NDArray[Any]) -> bool:
    """Whether one number a row is the name of a class and no chance."""
    return told.ndim == 1 and (told.dtype.kind != "f" or bool((told == np.round(told)).all() and told.max() > 1))


def _numbers_of(told: NDArray[Any], classes: NDArray[Any]) -> NDArray[np.intp]:
    """Return the numbers of classes in a list of classes."""
    place = {one: i for i, one in enumerate(classes.tolist())}
    try:
        return np.array([place[one] for one in told.tolist()], dtype=np.intp)
    except KeyError as error:
        raise ValueError(
            f"class {error.args[0]!r} is not among the teacher's classes {classes.tolist()[:20]}."
        ) from None


def _softmax(scores: Floats) -> Floats:
    from surrogate.models.records.classifier import softmax

    return softmax(scores)
