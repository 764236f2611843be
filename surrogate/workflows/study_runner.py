"""Do what a study file says: sample, fit, discover, report; also with the runs that a store holds already."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from surrogate.workflows.question import FAILED
from surrogate.workflows.study_file import StudyFile, StudyFileError, nearest

if TYPE_CHECKING:
    import pandas as pd

    from surrogate.report import Report
    from surrogate.space import Space
    from surrogate.transfer import TransferSet
    from surrogate.workflows.study import Study
    from surrogate.workflows.surrogate import Surrogate

# The study, as it lies beside its runs.
KEPT_STUDY = "study.toml"
# Runs that show the names of a simulator's outputs.
_PILOT = 3


@dataclass(frozen=True)
class StudyResult:
    """What a study came to.

    Parameters
    ----------
    runs : TransferSet
        All runs.
    model : Surrogate or None
        The emulator, if the study has a section [fit].
    study : Study or None
        The boxes, if the study has a section [discover].
    report : Report
        The page about them.
    """

    runs: TransferSet
    model: Surrogate | None
    study: Study | None
    report: Report


def plan(file: StudyFile) -> pd.DataFrame:
    """Plan a study's runs in its store and run none.

    Returns
    -------
    DataFrame
        Inputs, and the column ``row`` by which `surrogate.transfer.record` knows each run again.
    """
    from surrogate.transfer import plan_runs

    simulator = file.simulator() if file.sections["simulator"] else None
    space = file.space(simulator)
    keep_study(file, file.store)
    names = ("replicates", "policies", "seed")
    planning = {name: value for name, value in file.running().items() if name in names}
    return plan_runs(simulator, space, file.design_for(space), store=file.store, **planning)


def sample(file: StudyFile) -> TransferSet:
    """Run the simulator where the study says; runs that the store holds already are not made again.

    What the study asks of outputs is compared with their names before the first run if the simulator declares them,
    otherwise after the first few.
    """
    from surrogate.transfer import collect

    simulator = file.simulator()
    space = file.space(simulator)
    design = file.design_for(space)
    _check_ahead(file)
    running = {"store": file.store, **file.running()}
    declared = getattr(simulator, "outputs", None)
    known = [declared] if isinstance(declared, str) else declared
    if known is not None:
        _check_outputs(file, known, space)
    keep_study(file, file.store)
    if known is None and (file.sections["fit"] or file.sections["discover"]):
        pilot = collect(simulator, space, design.sample(space).head(_PILOT), **{**running, "max_failed": 1})
        if len(pilot):
            _check_outputs(file, [*pilot.output_names, *pilot.fields], space)
    return collect(simulator, space, design, **running)


def _check_ahead(file: StudyFile) -> None:
    """Refuse before the first run what would stop the study after the last one."""
    from surrogate.space import Expression
    from surrogate.workflows.discover import read_finder

    folder = file.report_file.parent
    if not folder.is_dir():
        raise file.error(f"the folder {str(folder)!r} does not exist; make it, or write elsewhere.", "report", "file")
    question = file.sections["discover"]
    if "method" in question:
        try:
            read_finder(question["method"])
        except ValueError as error:
            raise file.error(str(error), "discover", "method") from None
    if question:
        try:
            Expression(_case(file))
        except StudyFileError:
            raise
        except ValueError as error:
            raise file.error(str(error), "discover", "case") from None


def _case(file: StudyFile) -> str:
    if "case" not in file.sections["discover"]:
        raise file.error('say what is of interest, such as case = "reliability < 0.9".', "discover")
    return str(file.sections["discover"]["case"])


def _check_outputs(file: StudyFile, outputs: Sequence[str], space: Space) -> None:
    """Refuse names in [fit] and [discover] that no run will ever answer to."""
    from surrogate.space import Expression
    from surrogate.transfer.plan import POLICY

    for name in file.sections["fit"].get("outputs", ()):
        if name not in outputs:
            has, meant = ", ".join(outputs), nearest(name, tuple(outputs))
            raise file.error(f"the simulator has no output {name!r}; it has {has}.{meant}", "fit", "outputs")
    case = str(file.sections["discover"].get("case", ""))
    # A case may also be about what became of the runs.
    if not case or case.strip() == FAILED or "status" in case:
        return
    known = (*outputs, *space.names, *([POLICY] if "policies" in file.sections["run"] else []))
    try:
        Expression(case).check_names(known, "outputs and inputs")
    except ValueError as error:
        raise file.error(str(error), "discover", "case") from None


def analyse(
    file: StudyFile,
    runs: TransferSet,
    during: Callable[[str], AbstractContextManager[None]] = lambda stage: nullcontext(),
    *,
    store: Path | None = None,
) -> StudyResult:
    """Fit, discover and make the report from runs.

    Parameters
    ----------
    file : StudyFile
        What to fit and what to ask.
    runs : TransferSet
        The runs.
    during : callable, optional
        Is given the name of each stage, "fit" or "discover", and returns a context that is entered while it lasts.
    store : Path, optional
        Where the runs are, if not where the study says.
    """
    from surrogate.report import Report
    from surrogate.workflows.discover import discover
    from surrogate.workflows.kept_fit import fit_or_read

    model = study = None
    predictions: dict[str, Any] = {}
    convergence: dict[str, Any] = {}
    asked: dict[str, Any] = {}
    fit, question = file.sections["fit"], file.sections["discover"]
    if fit:
        with during("fit"):
            model, predictions, convergence = fit_or_read(fit, runs, file.store if store is None else store)
        asked["fit"] = {"seed": 0, **fit}
        if "file" in fit:
            model.save(fit["file"])
    if question:
        case = _case(file)
        settings = {"seed": 0, **{key: value for key, value in question.items() if key != "case"}}
        with during("discover"):
            study = discover(runs, case, **settings)
        asked["discover"] = {"seed": 0, **question}
    words = file.sections["report"]
    parts: dict[str, Any] = {
        "scorecards": model.scorecards if model is not None else {},
        "predictions": predictions,
        "sensitivities": _sensitivities(model) if model is not None else {},
        "convergence": convergence,
        "title": words.get("title"),
        "question": words.get("question"),
        "provenance": asked,
    }
    report = study.to_report(**parts) if study is not None else Report(runs=runs, **parts)
    return StudyResult(runs, model, study, report)


def _sensitivities(model: Surrogate) -> dict[str, pd.DataFrame]:
    """Return what matters to each output; nothing where inputs depend on each other, for then shares mean nothing."""
    if model.space.constraints:
        return {}
    return {name: model.sensitivity(name) for name, card in model.scorecards.items() if card.learned}


def keep_study(file: StudyFile, store: Path) -> None:
    """Write the study beside its runs, so that they can be analysed again without the study file.

    Raises
    ------
    BlockingIOError
        If another driver is writing the store; its study is left alone.
    """
    from surrogate.transfer.driver import Driver

    # The store is made, or found to be free, before anything is put into it.
    Driver(store).close()
    scratch = store / f".{KEPT_STUDY}.{os.getpid()}"
    scratch.write_text(file.text, encoding="utf-8")
    scratch.replace(store / KEPT_STUDY)


def kept_study(store: Path) -> StudyFile | None:
    """Return the study that lies beside runs; None if they were made without a study file."""
    kept = store / KEPT_STUDY
    return StudyFile.read(kept) if kept.is_file() else None


def runs_at(path: Path, outputs: Sequence[str]) -> Any:
    """Read a store or a CSV table of runs; `outputs` are columns of the table that are not asked about.

    Raises
    ------
    ValueError
        If the table has no such column.
    """
    from surrogate.workflows.question import read_runs

    runs = read_runs(path)
    if not outputs:
        return runs
    columns = list(getattr(runs, "columns", ()))
    for name in outputs:
        if name not in columns:
            raise ValueError(
                f"--outputs: {path} has no column {name!r}; it has {', '.join(map(str, columns)) or 'none'}."
            )
    return runs.drop(columns=list(outputs))


def predicted(model: Surrogate, path: Path, coverage: float | None) -> tuple[pd.DataFrame, int]:
    """Return a CSV's rows with the predictions beside them, and how many rows lie outside the model's domain."""
    import pandas as pd

    try:
        table = pd.read_csv(path)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not a CSV table ({error}).") from None
    result = table.copy()
    for name in model.output_names:
        result[name] = model.predict(table, output=name)
        if coverage is not None:
            result[f"{name}_low"], result[f"{name}_high"] = model.interval(table, coverage, output=name)
    return result, int((~model.in_domain(table)).sum())
