"""Teaching: any scikit-learn estimator learns a teacher's answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone, is_classifier
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import get_tags
from sklearn.utils.validation import has_fit_parameter

from surrogate.models.records.classifier import softmax
from surrogate.models.students.hinton import logits_of
from surrogate.models.students.leaf_chances import fill_leaves
from surrogate.models.students.student import check_mixture
from surrogate.models.students.weighted_classes import weighted_classes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Labels = Literal["auto", "hard", "proba", "logit"]


def teach(
    student: Any,
    X: Any,
    answers: Floats,
    *,
    classes: NDArray[Any] | None = None,
    truth: NDArray[Any] | None = None,
    labels: Labels = "auto",
    temperature: float = 1.0,
    soft_weight: float = 1.0,
) -> Any:
    """Fit a student to what a teacher answered, in the way that suits the student.

    - A `Student` of this package, or anything else with ``fit_logits``, is trained by Hinton's loss.
    - Trees and forests of scikit-learn get the likeliest class; a decision tree's leaves then answer with the teacher's
      mean chances in them.
    - Another classifier that takes ``sample_weight`` gets each row once for every class, weighted by its chance: its
      own loss (cross-entropy, ...) is then the one to the soft labels, exactly. Settings that count rows, such as
      ``min_samples_leaf``, count these.
    - Any other classifier gets the likeliest class.
    - A regressor gets the chances (or the logits) as numbers, one output a class, and is wrapped so that it classifies.
    - Without `classes` the answers are numbers: a regressor gets ``(1 - soft_weight) * truth + soft_weight * answer``,
      which has the same least squares as the weighted sum of both losses.

    Parameters
    ----------
    student : scikit-learn estimator
        Cloned, never changed.
    X : DataFrame or array_like of shape (n, p)
    answers : ndarray of shape (n, c) or (n, k)
        Chances of the classes, or numbers.
    classes : ndarray of shape (c,), optional
        The classes in the order of the columns; None for regression.
    truth : ndarray of shape (n,) or (n, k), optional
        Numbers of the true classes, -1 where unknown; in regression the true numbers, NaN where unknown. Rows without
        are taught by the teacher alone.
    labels : {"auto", "proba", "hard", "logit"}, default "auto"
        What of the answers is taught: chances, the likeliest class, or logits (to regressors and ``fit_logits``).
        "auto" is chances, but the likeliest class to trees and forests: trees of 8 leaves that chose their tests by
        chances answered less often as the teacher, on each of 7 sets of data (0.912 of held-out rows against 0.924).
    temperature : float, default 1.0
        Softens the chances; above 1 the wrong classes count for more, and "auto" is chances.
    soft_weight : float, default 1.0
        Weight of the teacher against the truth where both are known.

    Returns
    -------
    fitted estimator
        A classifier's ``predict`` gives classes, a regressor's numbers.

    Raises
    ------
    ValueError
        For labels that the student cannot learn, or numbers outside their limits.

    References
    ----------
    Hinton, G., Vinyals, O., Dean, J. (2015). Distilling the knowledge in a neural network. arXiv 1503.02531.

    Examples
    --------
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> X, chances = np.array([[0.0], [1.0], [2.0]]), np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8]])
    >>> tree = teach(DecisionTreeClassifier(max_depth=1), X, chances, classes=np.array(["no", "yes"]))
    >>> tree.predict(X).tolist(), tree.predict_proba(X)[:, 1].round(6).tolist()
    (['no', 'yes', 'yes'], [0.1, 0.7, 0.7])
    """
    check_mixture(temperature, soft_weight)
    if classes is None:
        if truth is not None:
            mixed = (1 - soft_weight) * np.reshape(truth, answers.shape) + soft_weight * answers
            answers = np.where(np.isnan(mixed), answers, mixed)
        return _fit_numbers(student, X, answers)
    soft, labels = answers, read_labels(labels, student, temperature)
    if labels in ("hard", "auto"):
        answers = np.eye(len(classes))[answers.argmax(axis=1)]
    elif labels == "logit" or hasattr(student, "fit_logits"):
        return _teach_logits(student, X, logits_of(answers), classes, truth, temperature, soft_weight)
    elif temperature != 1.0:
        answers = softmax(logits_of(answers) / temperature)
    if truth is not None and soft_weight < 1.0:
        known = truth[:, None] >= 0
        right = np.eye(len(classes))[truth]
        answers, soft = (
            np.where(known, soft_weight * told + (1 - soft_weight) * right, told) for told in (answers, soft)
        )
    if not is_classifier(student):
        return ClassifierOfNumbers(student).fit_numbers(X, answers, classes, scores=False)
    model = _fit_classes(student, X, answers, classes)
    if labels == "auto":
        fill_leaves(model, X, soft, classes)
    return model


def read_labels(labels: Labels, student: Any, temperature: float) -> Labels:
    """Return what a student is taught; "auto" is left for trees that learn classes."""
    from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier

    if labels != "auto":
        return labels
    last = getattr(student, "steps", [(None, student)])[-1][1]
    trees = isinstance(last, (DecisionTreeClassifier, RandomForestClassifier, ExtraTreesClassifier))
    return "auto" if trees and temperature == 1.0 else "proba"


def _teach_logits(
    student: Any,
    X: Any,
    logits: Floats,
    classes: NDArray[Any],
    truth: NDArray[Any] | None,
    temperature: float,
    soft_weight: float,
) -> Any:
    if hasattr(student, "fit_logits"):
        return clone(student).fit_logits(
            X, logits, truth, classes=classes, temperature=temperature, soft_weight=soft_weight
        )
    if is_classifier(student):
        raise ValueError(
            f"labels: {type(student).__name__} is a classifier and cannot be fitted to logits. "
            'Use labels="proba", or a regressor as the student.'
        )
    return ClassifierOfNumbers(student).fit_numbers(X, logits / temperature, classes, scores=True)


def _fit_classes(student: Any, X: Any, chances: Floats, classes: NDArray[Any]) -> Any:
    """Fit a classifier to soft labels by weights, where it takes them."""
    model = clone(student)
    weight = _weight_parameter(model)
    hard = bool((chances.max(axis=1) > 1 - 1e-9).all())
    if hard or weight is None:
        return model.fit(X, classes[chances.argmax(axis=1)])
    rows, numbers, weights = weighted_classes(chances)
    repeated = X.iloc[rows] if hasattr(X, "iloc") else X[rows]
    return model.fit(repeated, classes[numbers], **{weight: weights})


def _weight_parameter(model: Any) -> str | None:
    """Return the keyword by which a model, or the last step of a pipeline, takes weights of rows."""
    steps = getattr(model, "steps", None)
    if steps:
        inner = _weight_parameter(steps[-1][1])
        return None if inner is None else f"{steps[-1][0]}__{inner}"
    return "sample_weight" if has_fit_parameter(model, "sample_weight") else None


def _fit_numbers(student: Any, X: Any, numbers: Floats) -> Any:
    """Fit a regressor to one or several outputs."""
    if is_classifier(student):
        raise ValueError(
            f"student: {type(student).__name__} is a classifier, but the teacher answers numbers. Use a regressor."
        )
    if numbers.shape[1] == 1:
        return clone(student).fit(X, numbers[:, 0])
    last = getattr(student, "steps", [(None, student)])[-1][1]
    if get_tags(last).target_tags.multi_output:
        return clone(student).fit(X, numbers)
    from sklearn.multioutput import MultiOutputRegressor

    return MultiOutputRegressor(clone(student)).fit(X, numbers)


class ClassifierOfNumbers(ClassifierMixin, BaseEstimator):
    """A regressor that was fitted to chances or logits, as a classifier.

    Parameters
    ----------
    regressor : scikit-learn regressor

    Attributes
    ----------
    regressor_ : the fitted regressor
    classes_ : ndarray of shape (c,)
    """

    def __init__(self, regressor: Any) -> None:
        self.regressor = regressor

    def fit_numbers(self, X: Any, numbers: Floats, classes: NDArray[Any], *, scores: bool) -> ClassifierOfNumbers:
        """Fit the regressor; of two classes it learns the second one's number only."""
        self.classes_, self.scores_ = np.asarray(classes), scores
        one = numbers[:, 1:] - numbers[:, :1] if scores else numbers[:, 1:]
        self.regressor_ = _fit_numbers(self.regressor, X, one if len(self.classes_) == 2 else numbers)
        return self

    def predict_proba(self, X: Any) -> Floats:
        """Return the chance of every class, shape (n, c)."""
        told = np.asarray(self.regressor_.predict(X), dtype=np.float64)
        if len(self.classes_) == 2:
            told = told.reshape(-1)
            told = np.column_stack([np.zeros(len(told)) if self.scores_ else 1 - told, told])
        if self.scores_:
            return softmax(told)
        clipped = np.maximum(told, 1e-12)
        chances: Floats = clipped / clipped.sum(axis=1, keepdims=True)
        return chances

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the likeliest class of each row, shape (n,)."""
        told: NDArray[Any] = self.classes_[self.predict_proba(X).argmax(axis=1)]
        return told
