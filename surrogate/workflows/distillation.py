"""What came of a distillation: the student, its controls, and whether it was worth it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.validation.gain import mean_interval
from surrogate.workflows.held_out_answers import row_scores, told_numbers
from surrogate.workflows.labelled_rows import take
from surrogate.workflows.saved_student import SavedStudent

if TYPE_CHECKING:
    import os

    import pandas as pd
    from numpy.typing import NDArray

    from surrogate.models.rules import RuleSet
    from surrogate.validation.latency import Latency
    from surrogate.workflows.held_out_answers import HeldOut
    from surrogate.workflows.labelled_rows import LabelledRows
    from surrogate.workflows.lesson import Learned, Lesson
    from surrogate.workflows.teacher import Teacher

_BOX_ROWS = 2000


@dataclass(frozen=True, eq=False, repr=False)
class Distillation:
    """A student that was taught by a teacher, beside the same student without.

    Made by `distill`.

    Attributes
    ----------
    teacher : Teacher
        Model A as it was asked; ``teacher.model`` is what was given.
    lesson : Lesson
        How it was taught.
    learned : Learned
        Everything that was fitted.
    held_out : HeldOut
        The rows of every score here, and what each model said of them.
    notes : tuple of str
        What a reader of the numbers must know.

    Examples
    --------
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from surrogate import distill
    >>> rng = np.random.default_rng(0)
    >>> X = rng.random((100, 2))
    >>> y = (X[:, 0] + X[:, 1] > 1).astype(int)
    >>> forest = RandomForestClassifier(20, random_state=0).fit(X, y)
    >>> result = distill(forest, DecisionTreeClassifier(max_leaf_nodes=8), X, y, n=1000, seed=0)
    >>> int(result.model.get_n_leaves()), len(result.transfer), result.fidelity["set"].unique().tolist()
    (8, 1100, ['held-out rows', 'unused transfer rows', 'uniform in the box'])
    """

    teacher: Teacher
    lesson: Lesson
    learned: Learned
    held_out: HeldOut
    notes: tuple[str, ...] = ()

    # The models -----------------------------------------------------------------------------------------------------

    @property
    def model(self) -> Any:
        """The student, a fitted estimator."""
        return self.learned.model

    @property
    def direct(self) -> Any:
        """Control: the student taught by the true labels, without a teacher; None if there are no true labels."""
        return self.learned.direct

    @property
    def relabelled(self) -> Any:
        """Control: the student taught by the teacher on the data alone, without further rows."""
        return self.learned.relabelled

    @property
    def transfer(self) -> LabelledRows:
        """What the student learnt from: rows, their origin, and who labelled them."""
        return self.learned.transfer

    @property
    def generators(self) -> pd.DataFrame | None:
        """The generators that were compared, best first; None unless ``generator="auto"``."""
        return self.learned.choice

    def predict(self, X: Any) -> Any:
        """Ask the student.

        Parameters
        ----------
        X : DataFrame or array_like of shape (n, p)

        Returns
        -------
        ndarray of shape (n,) or (n, k)
            Classes or numbers.
        """
        return self.model.predict(X)

    def rules(self, output: str | None = None) -> RuleSet:
        """Return a tree that was taught as rules, with support, precision and fidelity of each.

        They are counted on the test rows; without such, precision is not known and the rest is counted on generated
        rows that were not learned from.

        Parameters
        ----------
        output : str, optional
            Of several numbers the one to speak of.

        Returns
        -------
        RuleSet
            Which answers as the student does in every row.

        Raises
        ------
        TypeError, ValueError
            If the student is no tree, or one of several outputs must be named.
        """
        from surrogate.models.rules import rules_from_tree

        number = None
        if self.teacher.classes is None and len(self.teacher.outputs) > 1:
            if output not in self.teacher.outputs:
                raise ValueError(f"output: one of {list(self.teacher.outputs)} is needed; got {output!r}.")
            number = self.teacher.outputs.index(output)
        own = getattr(self.model, "rules_", None)
        rules: RuleSet = rules_from_tree(self.model, number=number) if own is None else own
        if self.lesson.avoided is not None:
            X, truth, told = self.held_out.X, self.held_out.truth, self.held_out.told["teacher"]
        elif self.learned.unused is not None and len(self.learned.unused):
            X, truth = self.learned.unused, None
            answers = self.teacher.ask(X)
            told = answers if self.teacher.classes is None else answers.argmax(axis=1)
        else:
            return rules
        table = X if hasattr(X, "iloc") and set(rules.columns.names) <= set(X.columns) else np.asarray(X)
        classes = self.teacher.classes
        true, said = (
            None if codes is None else classes[codes] if classes is not None else codes[:, number or 0]
            for codes in (truth, told)
        )
        return rules.measured(table, true, teacher=said)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the student to a model file; `surrogate.workflows.SavedStudent.load` reads it.

        Parameters
        ----------
        path : path
            By custom ``*.surrogate``.

        Raises
        ------
        ValueError
            If the student's kind has no form outside its library, or an input is no number.
        """
        SavedStudent.of(self.model, self.transfer.X).save(path)

    def export(self, path: str | os.PathLike[str], *, fmi: int = 2) -> None:
        """Write the student in another language; see `surrogate.workflows.SavedStudent.export`.

        Parameters
        ----------
        path : path
            ``*.py``, ``*.c``, ``*.js``, ``*.onnx``, ``*.fmu`` or ``*.sql``.
        fmi : {2, 3}, default 2
            Version of the standard of an FMU.

        Raises
        ------
        ValueError
            If there is no export for the suffix or for the kind of student.
        surrogate.export.ExportError
            If the file would not give this student's numbers; nothing is written then.
        """
        SavedStudent.of(self.model, self.transfer.X).export(path, fmi=fmi)

    # Was it worth it ------------------------------------------------------------------------------------------------

    @property
    def control(self) -> str:
        """The control that the gain is over: "direct", or "relabelled" if there are no true labels."""
        return "relabelled" if self.direct is None else "direct"

    @cached_property
    def scores(self) -> dict[str, float]:
        """Accuracy (share of explained variance) of teacher, student and controls on held-out rows.

        Without true labels: agreement with the teacher.
        """
        return {who: float(self.held_out.scores(who).mean()) for who in self.held_out.told}

    @property
    def gain(self) -> float:
        """How much better the student is than the control, on held-out rows."""
        return self.scores["student"] - self.scores[self.control]

    @cached_property
    def interval(self) -> tuple[float, float]:
        """95 % bootstrap interval of `gain`, paired row by row."""
        return self.interval_over(self.control)

    def interval_over(self, control: str) -> tuple[float, float]:
        """95 % bootstrap interval of the gain over "direct", "relabelled" or "teacher"."""
        return mean_interval(self.held_out.scores("student") - self.held_out.scores(control))

    @property
    def worth_it(self) -> bool:
        """Whether the student is surely better than the control.

        False also where that is not known: the teacher may have learned the true labels of the rows on which both are
        compared, and no control has.
        """
        return self.held_out.independent and self.interval[0] > 0

    @property
    def gain_retained(self) -> float:
        """Share of the teacher's lead over the control that the student keeps; NaN if the teacher does not lead."""
        lead = self.scores["teacher"] - self.scores[self.control]
        return self.gain / lead if lead > 0 else float("nan")

    @property
    def verdict(self) -> str:
        """What to think of it, in words."""
        name = "agreement with the teacher" if self.held_out.truth is None else (
            "share of explained variance" if self.teacher.classes is None else "accuracy")  # fmt: skip
        low, high = self.interval
        control = "fitted to the data directly" if self.control == "direct" else "taught on the data alone"
        numbers = (
            f"{name} {self.scores['student']:.3f} against {self.scores[self.control]:.3f} of the same student {control}"
            f" ({self.held_out.how}); gain {self.gain:+.3f}, 95 % interval {low:+.3f} to {high:+.3f}"
        )
        if not self.held_out.independent:
            return (
                "Not known: the teacher may have seen the true labels of the rows that were held out, and pass them on "
                f"to the student. Give test=(X, y) with rows that it has not seen. As it stands: {numbers}."
            )
        if not self.worth_it:
            worse = " It is surely worse: use the control." if high < 0 else ""
            return f"No gain: {numbers}.{worse}"
        text = f"Worth it: {numbers}."
        if self.control == "direct" and self.interval_over("relabelled")[0] <= 0:
            text += " The further rows add nothing sure: the teacher's labels of the data alone do as well."
        return text

    def __repr__(self) -> str:
        lines = [f"Distillation: {type(self.teacher.model).__name__} -> {type(self.model).__name__}", self.verdict]
        return "\n  ".join([*lines, repr(self.transfer), *self.notes])

    # How like the teacher, and at what cost --------------------------------------------------------------------------

    @cached_property
    def fidelity(self) -> pd.DataFrame:
        """How often the student answers as the teacher, on three sets of rows that it did not learn from.

        DataFrame with columns set ("held-out rows", "unused transfer rows", "uniform in the box"), rows ("all", each
        class; where true labels are known also where the teacher is right or wrong; in regression each output), n,
        fidelity, low and high (95 % interval). In regression fidelity is the share of the variance of the teacher's
        answers that the student explains. Without test rows each student of the cross-validation is compared with the
        copy of the teacher that taught it.
        """
        from surrogate.design import BoxSampling
        from surrogate.validation.fidelity import fidelity_table, regression_fidelity_table

        told, teacher = self.held_out.told, self.teacher
        sets = {"held-out rows": (told["teacher"], told["student"])}
        data = self._data()[0]
        more = {"unused transfer rows": self.learned.unused, "uniform in the box": BoxSampling().fit(data).sample(
            _BOX_ROWS, seed=0)}  # fmt: skip
        for name, rows in more.items():
            if rows is not None and len(rows):
                answers = teacher.ask(rows)
                asked = answers if teacher.classes is None else answers.argmax(axis=1)
                sets[name] = asked, told_numbers(self.model, rows, teacher)
        if teacher.classes is None:
            return regression_fidelity_table(sets, teacher.outputs)
        named = {name: (teacher.classes[a], teacher.classes[b]) for name, (a, b) in sets.items()}
        known = None if self.held_out.truth is None else {"held-out rows": teacher.classes[self.held_out.truth]}
        return fidelity_table(named, known)

    @cached_property
    def scorecard(self) -> pd.DataFrame:
        """Teacher, student and controls beside each other.

        DataFrame indexed by model: score (accuracy or share of explained variance, held out) with its 95 % interval low
        and high, fidelity (agreement with the teacher), bytes, single_us and p95_us (microseconds for one row, median
        and 95th percentile), batch_us (a row in a batch of 1,000), fit_seconds; of trees also leaves, depth, literals
        (mean number of conditions from the root to the leaf of a held-out row) and columns (that they look at). Times
        are measured when it is first asked for.
        """
        import pandas as pd

        from surrogate.validation.comprehensibility import tree_size
        from surrogate.validation.latency import measure_latency, size_in_bytes

        models = {"teacher": self.teacher.model, "student": self.model, "direct": self.direct,
                  "relabelled": self.relabelled}  # fmt: skip
        lines = {}
        for who, model in models.items():
            if model is None:
                continue
            low, high = mean_interval(self.held_out.scores(who))
            time = measure_latency(getattr(model, "predict", model), self.held_out.X)
            lines[who] = {
                "score": self.scores[who],
                "low": low,
                "high": high,
                "fidelity": float(row_scores(self.held_out.told["teacher"], self.held_out.told[who]).mean()),
                "bytes": size_in_bytes(model),
                "single_us": time.median,
                "p95_us": time.p95,
                "batch_us": time.batch,
                "fit_seconds": self.learned.seconds.get(who, float("nan")),
                **tree_size(model, self.held_out.X),
            }
        return pd.DataFrame.from_dict(lines, orient="index")

    def stability(self, repeats: int = 5) -> float:
        """Mean agreement of students that learn from other draws of the generated rows.

        Parameters
        ----------
        repeats : int, default 5
            Students that are taught anew, two or more.

        Returns
        -------
        float
            Of all pairs, on the held-out rows: the share of equal answers; in regression the share of the variance of
            one that the other explains. 1 if no rows are generated.
        """
        from surrogate.design.design import check_count

        X, truth, answers = self._data()
        told = []
        for i in range(check_count(repeats, "repeats", 2)):
            lesson = replace(self.lesson, generator=self.learned.generator, seed=self.lesson.seed + 1000 * (i + 1))
            again = lesson.run(self.teacher, X, truth, answers, controls=False)
            told.append(told_numbers(again.model, self.held_out.X, self.teacher))
        return float(np.mean([row_scores(a, b).mean() for a, b in combinations(told, 2)]))

    def _data(self) -> tuple[Any, NDArray[Any] | None, NDArray[np.float64]]:
        """Return the part of the transfer set that was given: rows, truth and the teacher's answers."""
        rows, transfer = np.flatnonzero(self.transfer.origin == "data"), self.transfer
        truth = None if transfer.truth is None else transfer.truth[rows]
        return take(transfer.X, rows), truth, transfer.answers[rows]

    def budget(self, *, latency_ms: float | None = None, size_kb: float | None = None) -> Latency:
        """Let the student pass if it keeps a budget.

        Parameters
        ----------
        latency_ms : float, optional
            Most milliseconds for one row, in 95 of 100 calls.
        size_kb : float, optional
            Most kilobytes (1,000 bytes).

        Returns
        -------
        Latency
            What was measured.

        Raises
        ------
        OverBudget
            A ``ValueError`` that says what is exceeded.
        """
        from surrogate.validation.budget import check_budget

        return check_budget(self.model, self.held_out.X, latency_ms=latency_ms, size_kb=size_kb)
