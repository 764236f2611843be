"""Model B that answers in sentences: rules, ordered or not, and an answer for the rest."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.models.records.rules import RulesRecord
from surrogate.models.rules import forms
from surrogate.models.rules.columns import Columns
from surrogate.models.rules.compilation import compiled
from surrogate.models.rules.condition import AtLeast, Condition
from surrogate.models.rules.evidence import agreement, measure
from surrogate.models.rules.rule import Rule
from surrogate.models.rules.simplification import merged, rounded
from surrogate.space.parameter import plain

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

_FORMAT, _VERSION = "surrogate rules", 1


@dataclass(frozen=True, eq=False)
class RuleSet:
    """Rules that answer together.

    Made by `rules_from_tree`, `rules_from_boxes` and `extract_rules`, and by the trees of this room.

    Parameters
    ----------
    rules : tuple of Rule
    columns : Columns
        What the rules speak of.
    classes : tuple, optional
        The answers that are possible, if they are classes; None for numbers.
    default : scalar, optional
        The answer where no rule holds. None where one always does: a row that escapes is then refused.
    ordered : bool, default True
        Whether the first rule that holds decides. Otherwise all that hold do: classes by the sum of their weights
        (the first class of equals), numbers by the weighted mean.
    exclusive : bool, default False
        Whether one rule at most can hold in a row, as it is with the paths of a tree: then the order says nothing.
    output : str, default ""
        What is answered: "reliability", say, or the case "reliability < 0.9" of rules that answer True or False. Part
        of the texts.
    unit : str, default ""
        Of the output.
    missing : tuple of str, default ()
        Columns of which a text says where rows without a value go. SQL, JSON and `predict` always know.

    Examples
    --------
    >>> from surrogate.models.rules.condition import Interval
    >>> rule = Rule((Interval("x1", low=0.5), Interval("x2", high=0.3)), "positive")
    >>> rules = RuleSet((rule,), Columns.named(["x1", "x2"]), ("negative", "positive"), default="negative")
    >>> print(rules.to_text())
    if x1 > 0.5 and x2 <= 0.3 then positive
    otherwise negative
    >>> rules.predict([[0.9, 0.1], [0.9, 0.9]])
    array(['positive', 'negative'], dtype='<U8')
    """

    rules: tuple[Rule, ...]
    columns: Columns
    classes: tuple[Any, ...] | None = None
    default: Any = None
    ordered: bool = True
    exclusive: bool = False
    output: str = ""
    unit: str = ""
    missing: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "rules", tuple(self.rules))
        object.__setattr__(self, "default", plain(self.default))
        if self.classes is not None:
            object.__setattr__(self, "classes", tuple(plain(value) for value in self.classes))
        for rule in (*self.rules, *(() if self.default is None else (Rule((), self.default),))):
            if self.classes is not None and rule.answer not in self.classes:
                raise ValueError(f"rules: the answer {rule.answer!r} is not one of the classes {list(self.classes)}.")
            for name in (name for test in rule.conditions for name in _names(test)):
                if name not in self.columns.names:
                    raise ValueError(f"rules: {name!r} is not one of the columns {list(self.columns.names)}.")

    def __len__(self) -> int:
        return len(self.rules)

    def __iter__(self) -> Iterator[Rule]:
        return iter(self.rules)

    def __repr__(self) -> str:
        return self.to_text()

    # Answers

    @cached_property
    def record(self) -> RulesRecord:
        """The numpy-only half, which predicts from a matrix of numbers (`Columns.encode`)."""
        return compiled(self.rules, self.columns, self.classes, self.default, self.ordered)

    def predict(self, X: Any) -> NDArray[Any]:
        """Answer each row.

        Parameters
        ----------
        X : DataFrame, mapping of columns, or array-like of shape (n, d)
            DataFrames and mappings are matched by name, arrays by position.

        Returns
        -------
        ndarray of shape (n,)
            Classes, or float64.

        Raises
        ------
        ValueError
            If a column is missing, or no rule holds in a row and there is no default.
        """
        answered = self.record.predict(self.columns.encode(X))
        escaped = np.flatnonzero(np.isnan(answered))
        if escaped.size:
            raise ValueError(
                f"X: no rule holds in row {escaped[0]} ({escaped.size} in all) and there is no default. "
                "Set one: rules.with_default()."
            )
        return answered if self.classes is None else np.asarray(self.classes)[answered.astype(np.intp)]

    def fires(self, X: Any) -> NDArray[np.bool_]:
        """Whether each rule holds in each row, shape (n, rules)."""
        return self.record.fires(self.columns.encode(X))

    def deciding(self, X: Any) -> NDArray[np.intp]:
        """Return the number of the first rule that holds in each row, -1 where none does; shape (n,)."""
        fires = self.fires(X)
        return np.where(fires.any(axis=1), fires.argmax(axis=1), -1) if len(self) else np.full(len(fires), -1)

    # Other rules

    def simplified(self) -> RuleSet:
        """Return fewer rules that answer the very same everywhere.

        Rules of one answer that differ in one column are merged where they touch. Rules that are not exclusive are left
        alone: merging could change which comes first, or how many vote.
        """
        return self.with_rules(merged(self.rules)) if self.exclusive else self

    def rounded(self, X: Any) -> RuleSet:
        """Return the same rules with the fewest digits with which no row of `X` changes sides of any number."""
        matrix = self.columns.encode(X)
        numbers = {n: matrix[:, i] for i, n in enumerate(self.columns.names) if self.columns.categories[i] is None}
        return self.with_rules(rounded(self.rules, numbers))

    def shortened(self, X: Any, fidelity: float = 0.98, seed: int = 0) -> RuleSet:
        """Return fewer and shorter rules that answer nearly the same.

        Conditions and whole rules are taken out one at a time, always what costs least, as long as the answers stay
        those of the long rules in a share `fidelity` of half of the rows. How far this went is then judged by the other
        half: deletions are taken back until the share holds there too.

        Parameters
        ----------
        X : table
            Rows of the kind that the rules are for, best such as were not learned from.
        fidelity : float, default 0.98
            Least share of rows that are answered as before; of numbers, share of their variance that is explained.
        seed : int, default 0
            Parts the rows.

        Returns
        -------
        RuleSet
            A list of which the first rule that holds decides, with an answer for the rest, each with its support and
            its fidelity to the long rules in the half that it was not chosen by.

        Raises
        ------
        ValueError
            For rules that vote, fewer than four rows, or a share outside its limits.

        Examples
        --------
        >>> from sklearn.tree import DecisionTreeClassifier
        >>> from surrogate.models.rules import rules_from_tree
        >>> X = np.random.default_rng(0).random((2000, 2))
        >>> y = (X[:, 0] > 0.5) ^ ((X[:, 0] > 0.49) & (X[:, 1] > 0.95))
        >>> rules = rules_from_tree(DecisionTreeClassifier(random_state=0).fit(X, y))
        >>> short = rules.shortened(X, fidelity=0.95)
        >>> rules.n_conditions > 3, short.n_conditions
        (True, 1)
        """
        from surrogate.models.rules.shortening import shortened

        return shortened(self, X, fidelity, seed)

    def with_default(self, answer: Any = None) -> RuleSet:
        """Return exclusive rules in which one answer is left to "otherwise".

        Parameters
        ----------
        answer : scalar, optional
            By default the one with the most conditions in its rules, which makes the text shortest.

        Raises
        ------
        ValueError
            If the rules are not exclusive, or a default is set already.
        """
        if self.default is not None or not self.exclusive:
            raise ValueError("default: only exclusive rules without a default can leave out an answer. Keep them all.")
        lengths: dict[Any, int] = {}
        for rule in self.rules:
            lengths[rule.answer] = lengths.get(rule.answer, 0) + 1 + len(rule.conditions)
        chosen = max(lengths, key=lambda key: lengths[key]) if answer is None else plain(answer)
        return replace(self, rules=tuple(rule for rule in self.rules if rule.answer != chosen), default=chosen)

    def with_rules(self, rules: Iterable[Rule]) -> RuleSet:
        """Return a set of other rules about the same columns and answers."""
        return replace(self, rules=tuple(rules))

    # Evidence

    def measured(self, X: Any, y: Any = None, teacher: Any = None) -> RuleSet:
        """Return the same rules with support, precision and fidelity of each.

        Parameters
        ----------
        X : table
            Rows that the rules were not learned from: only these say how good they are.
        y : array-like of shape (n,), optional
            What is true.
        teacher : callable, estimator or array-like of shape (n,), optional
            What the rules were learned from, or its answers.

        Returns
        -------
        RuleSet
            Each rule with its `Evidence`, about the rows that it decides.
        """
        return self.with_rules(measure(self, X, y, teacher))

    def fidelity(self, X: Any, teacher: Any) -> tuple[float, float, float]:
        """In how many rows the rules answer as their teacher does, with an exact 95 % interval.

        Parameters
        ----------
        X : table
            Rows that the rules were not learned from.
        teacher : callable, estimator or array-like of shape (n,)
            What the rules were learned from, or its answers.

        Returns
        -------
        share, low, high : float
        """
        return agreement(self.predict(X), X, teacher)

    def to_dataframe(self) -> pd.DataFrame:
        """Return a table with a row a rule: its text, its answer, its number of conditions and its evidence."""
        return forms.dataframe(self)

    @property
    def n_conditions(self) -> int:
        """Conditions in all rules; an m-of-n test counts its n."""
        return sum(len(_names(test)) for rule in self.rules for test in rule.conditions)

    # Other forms

    def to_text(self, digits: int = 6, evidence: bool = True) -> str:
        """Return a line a rule, numbers with `digits` significant digits."""
        return forms.text(self, digits, evidence)

    def to_markdown(self, digits: int = 6) -> str:
        """Return a table in Markdown; names and classes are escaped."""
        return forms.markdown(self, digits)

    def to_html(self, digits: int = 6) -> str:
        """Return a table in HTML; names and classes are escaped."""
        return forms.html(self, digits)

    def _repr_html_(self) -> str:
        return self.to_html()

    def to_sql(self) -> str:
        """Return a CASE expression, numbers exact, names and text quoted; a missing value is NULL.

        Raises
        ------
        ValueError
            If rules vote: CASE takes the first that holds.
        """
        if not self.ordered and not self.exclusive:
            raise ValueError("ordered: rules that vote have no form as CASE. Only the first that holds counts there.")
        return forms.sql(self)

    def to_json(self) -> str:
        """Return the rules as JSON text, exact to the last bit; `from_json` reads it."""
        described = {
            "format": _FORMAT, "version": _VERSION, "columns": self.columns.to_dict(),
            "classes": None if self.classes is None else list(self.classes), "default": self.default,
            "ordered": self.ordered, "exclusive": self.exclusive, "output": self.output, "unit": self.unit,
            "missing": list(self.missing),
            "rules": [rule.to_dict() for rule in self.rules],
        }  # fmt: skip
        return json.dumps(described, allow_nan=False, indent=1, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> RuleSet:
        """Read rules written by `to_json`; nothing in them is executed.

        Raises
        ------
        ValueError
            If the text holds something else, or comes from a newer version.
        """
        described = json.loads(text)
        if not isinstance(described, dict) or described.get("format") != _FORMAT:
            raise ValueError(f"text: format {_FORMAT!r} is expected; this is something else.")
        version = described.get("version")
        if isinstance(version, bool) or not isinstance(version, int) or version < 1:
            raise ValueError(f"text: a version from 1 to {_VERSION} is expected, got {version!r}.")
        if version > _VERSION:
            raise ValueError(f"text: version {version}; this program reads {_VERSION}. Upgrade it.")
        classes = described["classes"]
        return cls(
            tuple(Rule.from_dict(rule) for rule in described["rules"]),
            Columns.from_dict(described["columns"]),
            None if classes is None else tuple(classes),
            described["default"],
            bool(described["ordered"]),
            bool(described["exclusive"]),
            str(described["output"]),
            str(described["unit"]),
            tuple(map(str, described["missing"])),
        )


def _names(test: Condition) -> list[str]:
    return [inner.name for inner in test.tests] if isinstance(test, AtLeast) else [test.name]
