"""Rules from any model: ask it about rows like the data, and say in sentences what it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.design import Munge
from surrogate.design.design import check_count
from surrogate.models.rules.alternating_tree import AlternatingTreeClassifier, AlternatingTreeRegressor
from surrogate.models.rules.columns import Columns
from surrogate.models.rules.from_tree import rules_from_tree
from surrogate.models.rules.rule_set import RuleSet
from surrogate.space import Expression, Space
from surrogate.space.labels import match_labels
from surrogate.space.parameter import plain
from surrogate.validation.answers import answers_of
from surrogate.validation.certificate import independent_rows

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

#: Different whole numbers that a function may answer and still mean classes.
_MOST_CLASSES = 30


def extract_rules(
    teacher: Any,
    X: Any = None,
    y: Any = None,
    *,
    case: str | None = None,
    output: str | None = None,
    max_rules: int = 8,
    student: Any = None,
    design: Any = None,
    n: int = 10_000,
    space: Any = None,
    names: Sequence[str] | None = None,
    units: Mapping[str, str] | None = None,
    class_names: Sequence[str] | Mapping[Any, str] | None = None,
    held_out: float = 0.25,
    seed: int = 0,
) -> RuleSet:
    """Say in a few rules what a model answers.

    A part of the rows is held out; equal rows stay together. From the rest new rows like it are made, the teacher
    answers all of them, and a small tree learns these answers; its paths are the rules. Each rule comes with its
    support, its fidelity to the teacher and, where `y` is known, its precision, all counted on the held-out rows, none
    of which was learned from.

    Parameters
    ----------
    teacher : fitted model with ``predict``, or callable
        Anything that answers a table: an estimator, a `Surrogate`, a function. Whole numbers are classes, unless there
        are more than 30 and the teacher has no ``classes_``; then they are numbers.
    X : DataFrame or array-like of shape (n, d), optional
        Rows of the kind that the rules are for. Without them rows are drawn evenly from the space: that of the
        teacher, if it has one (a `Surrogate`), or `space`.
    y : array-like of shape (n,), optional
        What is true of them.
    case : str, optional
        A condition on the teacher's outputs, such as ``"reliability < 0.9"``: the rules say when it holds.
    output : str, optional
        Of a teacher with several outputs, the one to speak of; a name for texts otherwise.
    max_rules : int, default 8
        At least 2. Most rules, each of them a leaf of the tree: what a reader can hold in the head.
    student : estimator, optional
        What learns the answers; any tree of scikit-learn, `Trepan`, or another estimator with ``rules_``. By default
        an `AlternatingTreeClassifier` or `AlternatingTreeRegressor` of `max_rules` leaves.
    design : data-driven design, optional
        How new rows are made; by default `Munge`.
    n : int, default 10_000
        Number of new rows; 0 learns from the rows alone.
    space : Space or bounds, optional
        Names, units and categories of the inputs.
    names, units : optional
        Of the columns, where there is no space.
    class_names : sequence or mapping of class to str, optional
        What to call the classes; a sequence in the order of the sorted classes: those of ``teacher.classes_``, or all
        that a function answers. Not for a `case`.
    held_out : float, default 0.25
        Share of the rows that is held out.
    seed : int, default 0
        Of the split and the new rows.

    Returns
    -------
    RuleSet
        Exclusive; one rule holds in every row.

    Raises
    ------
    ValueError, TypeError
        For a teacher that cannot be asked, too few rows, or a student without rules.

    References
    ----------
    .. [1] Craven & Shavlik 1996, Extracting tree-structured representations of trained networks, NIPS 8.
    .. [2] Bucila, Caruana & Niculescu-Mizil 2006, Model compression, KDD, 535-541.

    Examples
    --------
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> X = (np.random.default_rng(0).integers(0, 10, (400, 2)) + 0.5) / 10
    >>> y = (X[:, 0] > 0.7) & (X[:, 1] <= 0.6)
    >>> forest = RandomForestClassifier(20, random_state=0).fit(X, y)
    >>> rules = extract_rules(forest, X, max_rules=3, n=1000, class_names=["negative", "positive"])
    >>> print(rules.with_default("negative").to_text(digits=1, evidence=False))
    if x1 > 0.7 and x2 <= 0.6 then positive
    otherwise negative
    """
    if not 0 < held_out < 1:
        raise ValueError(f"held_out: a share between 0 and 1 is needed, got {held_out!r}.")
    n, seed = check_count(n, "n", least=0), check_count(seed, "seed", least=0)
    if student is None:
        check_count(max_rules, "max_rules", least=2)
    if design is not None and (isinstance(design, type) or not (hasattr(design, "fit") and hasattr(design, "sample"))):
        raise TypeError(f"design: a data-driven design such as Munge() is needed, got {design!r}.")
    rows = _Rows.read(teacher, X, space, names, units, n, held_out, seed)
    answers = _Answers(teacher, case, output, class_names)
    truth = None if y is None else _truth(y, X)
    train, test, out = rows.parted(held_out, seed)
    new = [] if not n or X is None else [rows.like(train, design or Munge(), teacher, n, seed, test)]
    parts = [train, *(part for part in new if len(part))]
    said = answers.named([answers.ask(rows.natural(part)) for part in (*parts, test)], truth)
    labels, told = np.concatenate(said[: len(parts)]), said[len(parts)]
    numbers = not hasattr(teacher, "classes_") and (labels.dtype.kind == "f" or _too_many(labels))
    pupil = student
    if pupil is None:
        kind = AlternatingTreeRegressor if numbers else AlternatingTreeClassifier
        pupil = kind(max_rules, random_state=seed)
    table = _stacked(parts)
    rules = _learned(pupil, table, labels, [len(part) for part in parts], rows.columns)
    rules = replace(rules, columns=rows.columns, output=case or output or "", missing=rows.missing(table))
    true = None if truth is None else said[-1][out]
    return rules.rounded(table).measured(test, true, teacher=told)


def _truth(y: Any, X: Any) -> NDArray[Any]:
    truth = np.asarray(match_labels(y, X, "y"))
    if X is None or truth.shape != (len(X),):
        needed = "X is needed with it" if X is None else f"one answer for each of the {len(X)} rows of X is needed"
        raise ValueError(f"y: {needed}, got shape {truth.shape}.")
    return truth


def _too_many(labels: NDArray[Any]) -> bool:
    """Whether whole numbers are too many different ones to be classes."""
    return labels.dtype.kind in "iu" and len(np.unique(labels)) > _MOST_CLASSES


class _Rows:
    """The rows to start from, as a DataFrame, and the form in which the teacher is asked."""

    def __init__(self, frame: pd.DataFrame, columns: Columns, as_array: bool, known_as: Any = None) -> None:
        self.frame, self.columns, self.as_array = frame, columns, as_array
        #: The names that the teacher knows, which may be no text, or others than the rules speak of.
        self.known_as = frame.columns if known_as is None else known_as

    @classmethod
    def read(
        cls, teacher: Any, X: Any, space: Any, names: Any, units: Any, n: int, held_out: float, seed: int
    ) -> _Rows:
        import pandas as pd

        found = space if space is not None else getattr(teacher, "space", None)
        known = None if found is None else Space.from_bounds(found)
        if X is None:
            if known is None:
                raise ValueError("X: rows are needed, or a space to draw them from. Give X or space.")
            frame = independent_rows(known, max(2, round(n / (1 - held_out))), seed)
            return cls(frame, Columns.of_space(known), False)
        if known is not None:
            return cls(known.frame(X), Columns.of_space(known), not hasattr(X, "columns") and space is not None)
        columns = Columns.read(X, names=names, units=units)
        if hasattr(X, "columns"):
            return cls(X.reset_index(drop=True).set_axis(list(columns.names), axis=1), columns, False, X.columns)
        array = np.asarray(X)
        return cls(pd.DataFrame(array, columns=list(columns.names)).infer_objects(), columns, True)

    def parted(self, share: float, seed: int) -> tuple[pd.DataFrame, pd.DataFrame, NDArray[np.bool_]]:
        """Return the rows to learn from, those held out, and which these are; equal rows stay on one side."""
        out = np.zeros(len(self.frame), dtype=bool)
        order = np.random.default_rng(seed).permutation(len(out))
        _, first, group = np.unique(self.keys(self.frame)[order], return_index=True, return_inverse=True)
        # Different rows in the order in which chance names them, until those held out come nearest to the share.
        place = np.argsort(np.argsort(first))[group]
        wanted = round(share * len(out))
        if not 0 < wanted < len(out) - 1 or len(first) < 3:
            raise ValueError(
                f"X: {len(out)} rows, {len(first)} of them different, are too few to hold out a share of {share}."
            )
        held = min(int(np.abs(np.cumsum(np.bincount(place)) - wanted).argmin()), len(first) - 3)  # two are learned from
        out[order[place <= held]] = True
        return self.frame[~out].reset_index(drop=True), self.frame[out].reset_index(drop=True), out

    def keys(self, frame: pd.DataFrame) -> NDArray[np.uint64]:
        """Return a number a row, the same for equal rows."""
        import pandas as pd

        matrix = self.columns.encode(frame) + 0.0  # -0.0 is 0.0
        return np.asarray(pd.util.hash_pandas_object(pd.DataFrame(matrix), index=False))

    def like(
        self, train: pd.DataFrame, design: Any, teacher: Any, n: int, seed: int, without: pd.DataFrame
    ) -> pd.DataFrame:
        """Return new rows like those to learn from, without those that equal one held out."""
        import pandas as pd

        plain = self.as_array and train.dtypes.nunique() == 1  # else an array would forget which numbers are whole
        new = design.fit(train.to_numpy() if plain else self._renamed(train), teacher).sample(n, seed)
        frame = pd.DataFrame(np.asarray(new)) if plain else new
        frame = frame.set_axis(list(self.columns.names), axis=1)
        return frame[~np.isin(self.keys(frame), self.keys(without))].reset_index(drop=True)

    def natural(self, frame: pd.DataFrame) -> Any:
        """Return rows as the teacher knows them."""
        return frame.to_numpy() if self.as_array else self._renamed(frame)

    def _renamed(self, frame: pd.DataFrame) -> pd.DataFrame:
        return frame.set_axis(self.known_as, axis=1)

    def missing(self, frame: pd.DataFrame) -> tuple[str, ...]:
        """Return the columns in which values are missing."""
        return tuple(name for name in self.columns.names if frame[name].isna().any())


class _Answers:
    """What the teacher is asked for."""

    def __init__(self, teacher: Any, case: str | None, output: str | None, class_names: Any) -> None:
        self.teacher, self.output, self.class_names = teacher, output, class_names
        self.case = None if case is None else Expression(case)

    def ask(self, X: Any) -> NDArray[Any]:
        answers = answers_of(self.teacher, X)
        wide = answers if answers.ndim == 2 else answers[:, None]
        names = [str(name) for name in getattr(self.teacher, "outputs", ())]
        if len(names) != wide.shape[1]:
            single = self.output or (self.case.names[0] if self.case and len(self.case.names) == 1 else "y")
            names = [single] if wide.shape[1] == 1 else [f"y{i + 1}" for i in range(wide.shape[1])]
        if self.case is not None:
            self.case.check_names(tuple(names), "outputs")
            return np.asarray(self.case(dict(zip(names, wide.T, strict=True))), dtype=bool)
        if len(names) > 1 and self.output not in names:
            raise ValueError(f"output: one of {names} is needed, got {self.output!r}.")
        return np.asarray(wide[:, names.index(self.output) if self.output in names else 0])

    def named(self, said: list[NDArray[Any]], truth: NDArray[Any] | None) -> list[NDArray[Any]]:
        """Return answers, and the truth if it is known, with the names of their classes."""
        parts = said if truth is None else [*said, truth]
        if self.class_names is None or self.case is not None:
            return parts
        if isinstance(self.class_names, Mapping):
            names = {plain(label): str(name) for label, name in self.class_names.items()}
        else:
            labels = self._classes(said, truth)
            if len(labels) != len(self.class_names):
                raise ValueError(f"class_names: {len(labels)} are needed, for {labels}; got {list(self.class_names)}.")
            names = dict(zip(labels, map(str, self.class_names), strict=True))
        return [np.array([names.get(label, str(label)) for label in part.tolist()]) for part in parts]

    def _classes(self, said: list[NDArray[Any]], truth: NDArray[Any] | None) -> list[Any]:
        """Return the classes in order: those of the teacher, else all that it said, and the truth if it knows more."""
        if hasattr(self.teacher, "classes_"):
            return list(np.unique(np.asarray(self.teacher.classes_)).tolist())
        found = {label for part in said for label in part.tolist()}
        if truth is not None and len(found) < len(self.class_names):
            found |= set(truth.tolist())
        return sorted(found, key=lambda label: (isinstance(label, str), label))


def _stacked(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    import pandas as pd

    return pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]


def _learned(student: Any, table: pd.DataFrame, labels: NDArray[Any], sizes: list[int], columns: Columns) -> RuleSet:
    """Fit the student; rows that are real count together as much as those that were made."""
    from sklearn.base import clone
    from sklearn.utils.validation import has_fit_parameter

    student = clone(student)
    weights = {}
    if len(sizes) > 1 and has_fit_parameter(student, "sample_weight"):
        weights = {"sample_weight": np.repeat([max(1.0, sizes[1] / sizes[0]), 1.0], sizes)}
    student.fit(table, labels, **weights)
    if hasattr(student, "rules_"):
        rules: RuleSet = student.rules_
        return rules
    if any(columns.categories):
        raise TypeError(f"student: {type(student).__name__} cannot read categories. Use the default, or Trepan.")
    return rules_from_tree(student)
