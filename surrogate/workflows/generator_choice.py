"""The choice between generators, by rows of the data that the student did not learn from."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from surrogate.workflows.lesson import Lesson
    from surrogate.workflows.teacher import Teacher

_MOST_ROWS = 5000  # generated in a trial
_FEW_ROWS = 1000  # up to here all three folds are tried, beyond one says enough


def choose_generator(
    lesson: Lesson, teacher: Teacher, X: Any, truth: NDArray[Any] | None, answers: NDArray[np.float64]
) -> tuple[Any, pd.DataFrame]:
    """Try every usual generator and choose by what their students do on held-out rows.

    Best is the mean of fidelity and, where true labels are known, accuracy (in regression: of both shares of explained
    variance). MUNGE, the default, stays unless the best is better by more than the standard error of the difference:
    the best of many on few rows is often so by luck.

    Returns
    -------
    generator
        Not fitted; None if no generated rows are best.
    table : DataFrame
        A row a generator, best first: name, fidelity, score (accuracy), note, chosen.
    """
    import pandas as pd

    from surrogate.workflows.held_out_answers import row_scores, told_numbers
    from surrogate.workflows.labelled_rows import stacked, take
    from surrogate.workflows.lesson import splits

    folds = splits(X, truth, 3, lesson.seed)
    if len(X) > _FEW_ROWS:
        folds = folds[:1]
    held = np.concatenate([test for _, test in folds])
    lines, by_row = [], {}
    candidates = _candidates(teacher, truth is not None)
    for name, generator in candidates.items():
        trial = replace(lesson, generator=generator, n=min(lesson.n, _MOST_ROWS))
        told = []
        try:
            for train, test in folds:
                known = None if truth is None else truth[train]
                hidden = [take(X, test)] if lesson.avoided is None else [take(X, test), lesson.avoided]
                learned = replace(trial, avoided=stacked(hidden)).run(
                    teacher, take(X, train), known, answers[train], controls=False
                )
                told.append(told_numbers(learned.model, take(X, test), teacher))
        except ValueError as error:
            lines.append((name, np.nan, np.nan, -np.inf, str(error).splitlines()[0]))
            continue
        together = np.concatenate(told)
        asked = answers[held] if teacher.classes is None else answers[held].argmax(axis=1)
        faithful = row_scores(asked, together)
        right = faithful if truth is None else row_scores(truth[held], together)
        by_row[name] = (faithful + right) / 2
        score = np.nan if truth is None else float(right.mean())
        lines.append((name, float(faithful.mean()), score, float(by_row[name].mean()), ""))
    if not by_row:
        raise ValueError(f'generator: with none of "auto" could the student be taught: {lines[0][-1]}')
    table = pd.DataFrame(lines, columns=["name", "fidelity", "score", "mean", "note"])
    table = table.sort_values("mean", ascending=False, kind="stable", ignore_index=True).drop(columns="mean")
    chosen = str(table["name"].iloc[0])
    if "munge" in by_row:
        lead = by_row[chosen] - by_row["munge"]
        chosen = chosen if lead.mean() > lead.std() / np.sqrt(len(lead)) else "munge"
    table["chosen"] = table["name"] == chosen
    return candidates[chosen], table


def _candidates(teacher: Teacher, truth_known: bool) -> dict[str, Any]:
    """Return the generators that are worth trying, by name; the first of equals is taken."""
    from surrogate import design

    found: dict[str, Any] = {
        "none": None,
        "munge": design.Munge(),
        "munge, close": design.Munge(local_variance=5.0),
        "kernel_density": design.KernelDensity(),
        "gaussian_mixture": design.GaussianMixture(),
        "naive_bayes_mixture": design.NaiveBayesMixture(),
        "box_sampling": design.BoxSampling(),
    }
    if teacher.classes is not None:
        found["boundary"] = design.Boundary()
    if hasattr(teacher.model, "estimators_") or hasattr(teacher.model, "tree_"):
        found["leaf_sampling"] = design.LeafSampling()
    if truth_known:
        found["right_rows"] = design.RightRows()
    return found
