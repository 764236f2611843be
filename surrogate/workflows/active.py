"""Active scenario discovery: the next runs are made where it is uncertain whether they are cases."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.space import Space
from surrogate.workflows.box_search import How, make_study, search_emulated
from surrogate.workflows.question import read_question
from surrogate.workflows.sampling import _store_for_this_program

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from surrogate.models.boxes import REDS
    from surrogate.models.boxes.reds.labelling import Labelling
    from surrogate.workflows.question import Question
    from surrogate.workflows.study import Study

_CANDIDATES = 10_000
_RUNNING = ("store", "executor", "timeout", "isolation", "retries", "max_failed", "on_change", "progress")


def discover_actively(
    simulator: Any,
    bounds: Any = None,
    case: str = "",
    *,
    budget: int,
    first: int | None = None,
    batch: int | None = None,
    method: REDS | None = None,
    max_boxes: int = 3,
    folds: int = 5,
    seed: int = 0,
    **running: Any,
) -> Study:
    """Find boxes from few runs of a simulator, most of the later ones near the border of the case.

    A Latin hypercube is run first. Then, batch by batch, an emulator of the case is fitted to all runs, and the next
    runs are made where it is most uncertain, away from earlier ones (`surrogate.models.boxes.reds.next_points`). While
    there are too few cases for an emulator, batches fill the space. Boxes are found by REDS.

    Parameters
    ----------
    simulator, bounds
        As in `surrogate.collect`.
    case : str
        A condition such as ``"reliability < 0.9"``, or ``"failed"``.
    budget : int
        Runs to make, failed ones included.
    first : int, optional
        Runs of the Latin hypercube; half of the budget by default. Only these stand for the space: coverage and
        density, held out or not, are of them. Runs at the border only teach the emulators, for they would bias both.
    batch : int, optional
        Runs between two emulators; a quarter of the remaining budget by default, at least 5.
    method : REDS, optional
        With settings of your own.
    max_boxes, folds, seed
        As in `surrogate.discover`.
    **running
        How to run, as in `surrogate.collect`: store, executor, timeout, isolation, retries, max_failed, on_change,
        progress. The same call on the same store goes on where it was stopped.

    Returns
    -------
    Study
        ``study.runs`` holds all runs, ``study.X`` and ``study.y`` those that stand for the space.

    Raises
    ------
    ValueError, TypeError
        If an argument is wrong, before any run; if at the end no emulator is better than the base rate. As every error
        after runs were made, it carries them as ``.runs``.

    Examples
    --------
    >>> from surrogate import REDS
    >>> bounds, few = {"a": (0, 1), "b": (0, 1)}, REDS(n_new=2000, peel_alphas=None)
    >>> study = discover_actively(lambda a, b: {"loss": a - b**2}, bounds, "loss > 0.3", budget=120, method=few)
    >>> len(study.runs), len(study.X), sorted(study.box.limits)
    (120, 60, ['a', 'b'])
    """
    from sklearn.base import clone

    from surrogate.models.boxes import REDS
    from surrogate.simulation import as_simulator

    first, batch = _checked(method, case, budget, first, batch, running)
    how = How(max_boxes=max_boxes, folds=folds, repeats=1, seed=seed)
    finder = REDS() if method is None else clone(method)
    space = Space.from_bounds(getattr(simulator, "space", None) if bounds is None else bounds)
    finder.set_params(space=space if finder.space is None else finder.space, random_state=finder.random_state or seed)
    finder.check_parameters()
    plan = _Plan(as_simulator(simulator, space), space, case, seed, running)
    plan.fill(first)
    while plan.n < budget:
        plan.add(finder, min(batch, budget - plan.n))
    return _study(plan, finder, how)


class _Plan:
    """The runs so far, and which of them stand for the space."""

    def __init__(self, simulator: Any, space: Space, case: str, seed: int, running: dict[str, Any]) -> None:
        self.simulator, self.space, self.case, self.seed = simulator, space, case, seed
        # Batches find the runs of earlier ones in the store.
        self.running = {**running, "store": running.get("store") or _store_for_this_program()}
        self.points: pd.DataFrame | None = None
        self.filling = np.zeros(0, dtype=bool)
        self.runs: Any = None

    @property
    def n(self) -> int:
        return len(self.filling)

    def fill(self, n: int) -> None:
        """Run a space-filling batch."""
        from surrogate.design import LatinHypercube

        design = LatinHypercube(n, seed=self.seed)
        fresh = design.sample(self.space) if self.points is None else design.extend(self.points, n, self.space)
        self._run(fresh, True)

    def add(self, finder: REDS, n: int) -> None:
        """Run where the case is uncertain, or fill the space while too little is known for an emulator."""
        try:
            question = read_question(self.runs, self.case, None)
            fresh = next_runs(question, finder, self.runs.inputs, n, seed=self.seed + self.n)
        except ValueError:
            self.fill(n)
        else:
            self._run(fresh, False)

    def _run(self, fresh: pd.DataFrame, filling: bool) -> None:
        import pandas as pd

        from surrogate.transfer import collect

        self.points = fresh if self.points is None else pd.concat([self.points, fresh], ignore_index=True)
        self.filling = np.append(self.filling, np.full(len(fresh), filling))
        self.runs = collect(self.simulator, self.space, self.points, seed=self.seed, **self.running)
        if self.running.get("on_change") == "rerun":  # once is meant, not once a batch
            self.running["on_change"] = "stop"


def next_runs(
    question: Question,
    finder: REDS,
    made: pd.DataFrame,
    n: int,
    *,
    seed: int,
    labelling: Labelling | None = None,
) -> pd.DataFrame:
    """Return the inputs of `n` runs where it is most uncertain whether they are cases.

    Parameters
    ----------
    question : Question
        The runs to learn from.
    finder : REDS
        Its space and emulator.
    made : DataFrame
        Inputs of all runs made or planned, failed ones included.
    n, seed : int
    labelling : Labelling, optional
        The emulator, if it was fitted already.
    """
    from sklearn.base import clone

    from surrogate.models.boxes.columns import read_columns
    from surrogate.models.boxes.reds.labelling import Asked
    from surrogate.models.boxes.reds.new_points import features_of
    from surrogate.models.boxes.reds.next_points import uncertain_points

    candidates = clone(finder).set_params(n_new=_CANDIDATES, labels="probability", random_state=seed)
    emulated = candidates.emulate(read_columns(question.X), Asked(question.y, question.outputs, question.condition))
    p = emulated.labels(labelling or emulated.learn())
    points = emulated.points
    known = features_of(Space.from_bounds(finder.space), made[list(points.inputs)])
    chosen = uncertain_points(p, points.features, known, n)
    fresh: pd.DataFrame = points.inputs.iloc[chosen].reset_index(drop=True)
    return fresh


def _study(plan: _Plan, finder: REDS, how: How) -> Study:
    from surrogate.models.boxes.columns import read_columns

    try:
        question = read_question(plan.runs, plan.case, None)
        assert question.rows is not None  # noqa: S101 - transfer sets know theirs
        counted = plan.filling[question.rows]
        columns = read_columns(question.X)
        search = search_emulated(finder, question, columns, plan.space, how, counted)
    except Exception as error:
        error.runs = plan.runs  # type: ignore[attr-defined]
        error.add_note("The runs are kept: see .runs of this error.")
        raise
    return make_study(_counted(question, counted, plan.filling), plan.space, search, finder, how)


def _counted(question: Question, counted: NDArray[np.bool_], filling: NDArray[np.bool_]) -> Question:
    """Return the part of the runs that stands for the space."""
    lost = question.lost
    return replace(
        question,
        X=question.X[counted].reset_index(drop=True),
        y=question.y[counted],
        outputs={name: values[counted] for name, values in question.outputs.items()},
        lost=lost[filling[lost.index.to_numpy(dtype=np.intp)]] if len(lost) else lost,
    )


def _checked(method: Any, case: Any, budget: Any, first: Any, batch: Any, running: dict[str, Any]) -> tuple[int, int]:
    from surrogate.models.boxes import REDS

    if method is not None and not isinstance(method, REDS):
        raise TypeError(f"method: expected REDS(...), whose emulator says where to run next; got {method!r}.")
    if not isinstance(case, str) or not case.strip():
        raise TypeError(f"case: expected a condition such as 'reliability < 0.9', got {case!r}.")
    for name in running:
        if name not in _RUNNING:
            raise TypeError(
                f"{name}: not an argument of discover_actively; how to run is said by {', '.join(_RUNNING)}."
            )
    for name, value, least in (("budget", budget, 20), ("first", first, 10), ("batch", batch, 1)):
        whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
        if (value is not None or name == "budget") and (not whole or value < least):
            raise ValueError(f"{name}: must be a whole number of at least {least}, got {value!r}.")
    first = max(10, budget // 2) if first is None else int(first)
    if first > budget:
        raise ValueError(f"first: the first {first} runs must fit in the budget of {budget}.")
    return first, int(batch or max(5, (budget - first) // 4))
