"""Self-training: a classifier labels rows itself, as long as its labels are right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils.validation import check_is_fitted

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


class SelfTraining(ClassifierMixin, BaseEstimator):
    """A teacher that learns from unlabelled rows: those of which it is sure get its own label and are learnt from.

    Late rounds add wrong labels. So a part of the labelled rows is held out; of those that a round would newly label,
    the share of right labels is estimated, and the rounds end before one whose share is below `least_accuracy`. The
    last fit is to all labelled rows and all labels that were accepted.

    Parameters
    ----------
    estimator : scikit-learn classifier with ``predict_proba``
        Cloned; fitted anew in every round.
    confidence : float, default 0.98
        A row is labelled if its likeliest class has at least this chance.
    max_rounds : int, default 10
    least_accuracy : float, default 0.9
        Of a round's new labels, as estimated.
    held_out : float, default 0.2
        Part of the labelled rows that the estimate is made from.
    random_state : int, default 0
        Draws the held-out rows.

    Attributes
    ----------
    estimator_ : the last fit
    classes_ : ndarray of shape (c,)
    pseudo_labels_ : ndarray of shape (m,)
        Numbers of the classes given to the unlabelled rows, -1 where none was.
    pseudo_rounds_ : ndarray of shape (m,)
        The round, a row of `history_`, in which each was given, -1 where none was.
    history_ : DataFrame
        A row a round: n_new (rows newly labelled), n_labelled (after it), estimated_accuracy (of the new labels),
        held_out_accuracy (of the model that gave them) and accepted.

    References
    ----------
    Scudder, H. (1965). Probability of error of some adaptive pattern-recognition machines. IEEE Transactions on
    Information Theory 11, 363-371.
    Yarowsky, D. (1995). Unsupervised word sense disambiguation rivaling supervised methods. ACL, 189-196.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(1000, 2)) + 3 * rng.integers(0, 2, (1000, 1))
    >>> y = (X.sum(axis=1) > 3).astype(int)
    >>> model = SelfTraining(LogisticRegression(C=100.0), confidence=0.9).fit(X[:40], y[:40], X[40:])
    >>> bool((model.pseudo_labels_ >= 0).mean() > 0.8), bool(model.history_["accepted"].any())
    (True, True)
    """

    def __init__(
        self,
        estimator: Any,
        *,
        confidence: float = 0.98,
        max_rounds: int = 10,
        least_accuracy: float = 0.9,
        held_out: float = 0.2,
        random_state: int = 0,
    ) -> None:
        self.estimator = estimator
        self.confidence = confidence
        self.max_rounds = max_rounds
        self.least_accuracy = least_accuracy
        self.held_out = held_out
        self.random_state = random_state

    def fit(self, X: Any, y: Any, unlabelled: Any = None) -> Self:
        """Learn from labelled rows and then from unlabelled ones.

        Parameters
        ----------
        X : DataFrame or array_like of shape (n, p)
        y : array_like of shape (n,)
        unlabelled : as X, of shape (m, p), optional

        Returns
        -------
        self

        Raises
        ------
        ValueError
            For settings outside their limits or fewer than two classes.
        """
        from sklearn.model_selection import train_test_split

        if not 0.0 < self.confidence <= 1.0:
            raise ValueError(f"confidence: a number above 0 and up to 1 is needed; got {self.confidence}.")
        self.classes_, truth = np.unique(np.asarray(y), return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"y: two classes are needed; got only {self.classes_.tolist()}.")
        self._rounds: list[dict[str, Any]] = []
        self.pseudo_labels_ = np.full(0 if unlabelled is None else len(unlabelled), -1)
        self.pseudo_rounds_ = self.pseudo_labels_.copy()
        if unlabelled is not None and len(unlabelled):
            common = truth if np.bincount(truth).min() >= 2 else None
            train, held = train_test_split(
                np.arange(len(truth)), test_size=self.held_out, stratify=common, random_state=self.random_state
            )
            self._label(_rows(X, train), truth[train], _rows(X, held), truth[held], unlabelled)
        self.estimator_ = self._refit(X, truth, unlabelled)
        return self

    def _label(self, X: Any, y: NDArray[Any], held: Any, truth: NDArray[Any], pool: Any) -> None:
        known = np.zeros(len(truth), dtype=bool)  # held-out rows that an earlier round was sure of
        for number in range(self.max_rounds):
            model = self._refit(X, y, pool)
            chances, seen = self._chances(model, pool), self._chances(model, held)
            new = (chances.max(axis=1) >= self.confidence) & (self.pseudo_labels_ < 0)
            sure = (seen.max(axis=1) >= self.confidence) & ~known
            right = seen.argmax(axis=1) == truth
            # Few held-out rows are new in late rounds: one row of average accuracy keeps their share from being 0/0.
            estimate = (right[sure].sum() + right.mean()) / (sure.sum() + 1)
            accepted = bool(new.any() and estimate >= self.least_accuracy)
            if accepted:
                self.pseudo_labels_[new] = chances[new].argmax(axis=1)
                self.pseudo_rounds_[new] = number
                known |= sure
            self._rounds.append(
                {
                    "n_new": int(new.sum()),
                    "n_labelled": int((self.pseudo_labels_ >= 0).sum()),
                    "estimated_accuracy": float(estimate),
                    "held_out_accuracy": float(right.mean()),
                    "accepted": accepted,
                }
            )
            if not accepted:
                break

    def _refit(self, X: Any, truth: NDArray[Any], pool: Any) -> Any:
        labelled = np.flatnonzero(self.pseudo_labels_ >= 0)
        if not len(labelled):
            return clone(self.estimator).fit(X, self.classes_[truth])
        y = np.concatenate([truth, self.pseudo_labels_[labelled]])
        return clone(self.estimator).fit(_stacked(X, _rows(pool, labelled)), self.classes_[y])

    def _chances(self, model: Any, X: Any) -> NDArray[np.float64]:
        """Return chances in the order of `classes_`, 0 for a class that the model has not seen."""
        chances = np.zeros((len(X), len(self.classes_)))
        chances[:, np.searchsorted(self.classes_, model.classes_)] = model.predict_proba(X)
        return chances

    @property
    def history_(self) -> pd.DataFrame:
        """What every round did, a row a round."""
        import pandas as pd

        columns = ["n_new", "n_labelled", "estimated_accuracy", "held_out_accuracy", "accepted"]
        return pd.DataFrame(self._rounds, columns=columns)

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the chance of every class, shape (n, c)."""
        check_is_fitted(self, "estimator_")
        return self._chances(self.estimator_, X)

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the likeliest class of each row, shape (n,)."""
        told: NDArray[Any] = self.classes_[self.predict_proba(X).argmax(axis=1)]
        return told


def _rows(X: Any, rows: NDArray[np.intp]) -> Any:
    return X.iloc[rows] if hasattr(X, "iloc") else np.asarray(X)[rows]


def _stacked(first: Any, second: Any) -> Any:
    if hasattr(first, "iloc"):
        import pandas as pd

        return pd.concat([first, second], ignore_index=True)
    return np.concatenate([np.asarray(first), np.asarray(second)])
