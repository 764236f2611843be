"""The command line: `surrogate run study.toml` and the commands around it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from surrogate.workflows.file_kind import MODEL, REPORT, STORE, STUDY, TABLE, expect, kind_of
from surrogate.workflows.live_line import live_line
from surrogate.workflows.printed import (
    accounting_json,
    accounting_text,
    answer_text,
    as_json_text,
    failures_json,
    failures_text,
    printable,
    result_json,
    scorecards_text,
    study_json,
)

if TYPE_CHECKING:
    from surrogate.transfer import TransferSet
    from surrogate.workflows.study_file import StudyFile

RUN_FAILED = 1
BAD_INPUT = 2
INTERRUPTED = 130

_STAGES = {"fit": "Fitting emulators", "discover": "Searching for boxes"}
# Of these the user can repair what was given; other errors happened on the way.
_WRONG_INPUT = (ValueError, TypeError, KeyError, FileNotFoundError, FileExistsError, IsADirectoryError, PermissionError)


class _Commands(TyperGroup):
    """The commands, which end with one message and an exit code instead of a traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as stop:
            _say("Interrupted. Every run that had finished is kept; the same command goes on where it stopped.")
            _say_runs(stop)
            raise typer.Exit(INTERRUPTED) from None
        except Exception as error:
            # typer's own ways to end, usage errors among them, know their exit codes.
            if hasattr(error, "exit_code") or isinstance(error, typer.Abort) or ctx.params["debug"]:
                raise
            _say(f"Error: {_message(error)}")
            made = _say_runs(error)
            raise typer.Exit(BAD_INPUT if isinstance(error, _WRONG_INPUT) and not made else RUN_FAILED) from None


app = typer.Typer(
    cls=_Commands,
    help="Turn an expensive or opaque model into a fast emulator, readable boxes and a report.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
StudyPath = Annotated[Path, typer.Argument(metavar="STUDY", help="Study file, such as study.toml.")]
RunsPath = Annotated[Path, typer.Argument(metavar="RUNS", help="Folder of the runs, such as lake.runs.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to write.")]


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; exits with 0, 1 (a run failed), 2 (bad input) or 130 (interrupted)."""
    app(args=arguments, prog_name="surrogate")


def _show_version(wanted: bool) -> None:
    if wanted:
        from surrogate import __version__

        typer.echo(f"surrogate-discovery {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the full traceback of an error.")] = False,
) -> None:
    """Read the options that all commands share; each acts where it is declared or in `_Commands`."""


@app.command()
def init(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="The study file to write.")] = Path("study.toml"),
) -> None:
    """Write a commented study file, ready to run, to start from."""
    from importlib.resources import files

    template = (files("surrogate.workflows") / "study_template.toml").read_text(encoding="utf-8")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(template)
    except FileExistsError:
        raise FileExistsError(f"{path} exists already, and is left alone. Give another name.") from None
    typer.echo(f"Wrote {path}. Next: surrogate run {path}")


@app.command()
def run(study: StudyPath, as_json: Json = False) -> None:
    """Sample, fit, discover and report, as a study file says; go on where an earlier call was stopped."""
    from surrogate.workflows.study_file import StudyFile
    from surrogate.workflows.study_runner import sample

    file = StudyFile.read(study)
    _stage(f"Sampling into {file.store}")
    runs = sample(file)
    if not as_json:
        typer.echo(accounting_text(runs))
    _analyse(file, runs, file.report_file, as_json=as_json)


@app.command()
def sample(study: StudyPath, output: Output = None) -> None:
    """Plan the runs of a study in its store and write them as CSV, to be made elsewhere; runs nothing."""
    from surrogate.workflows.study_file import StudyFile
    from surrogate.workflows.study_runner import plan

    _write_table(plan(StudyFile.read(study)), output)


@app.command()
def record(
    runs: RunsPath,
    results: Annotated[Path, typer.Argument(metavar="CSV", help="The planned runs with their outputs as columns.")],
) -> None:
    """Take runs that were made elsewhere into the store that planned them."""
    from surrogate.transfer import record as take_in

    expect(runs, STORE)
    expect(results, TABLE)
    typer.echo(accounting_text(take_in(runs, results)))


@app.command()
def status(runs: RunsPath, as_json: Json = False) -> None:
    """Tell how many runs are done, failed (and why) and to be made, of a study that is finished, running or dead."""
    opened = _open(runs)
    typer.echo(accounting_json(opened) if as_json else accounting_text(opened))


@app.command()
def failures(runs: RunsPath, as_json: Json = False) -> None:
    """List the failed runs with their inputs and messages."""
    opened = _open(runs)
    typer.echo(failures_json(opened) if as_json else failures_text(opened))


@app.command()
def export(
    source: Annotated[Path, typer.Argument(metavar="RUNS_OR_MODEL", help="Folder of the runs, or a model file.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="File to write, such as lake.csv or lake.c.")],
) -> None:
    """Write runs as .csv, .parquet or .nc, or a model as .py, .c, .js, .onnx, .sql or .fmu, for other programs."""
    from surrogate.transfer import write_table
    from surrogate.workflows.surrogate import Surrogate

    if expect(source, STORE, MODEL) == STORE:
        out = write_table(_open(source), out)
    else:
        Surrogate.load(source).export(out)
    typer.echo(f"Wrote {out}")


@app.command()
def verify(runs: RunsPath, as_json: Json = False) -> None:
    """Read everything that a store holds again, and name what is damaged."""
    from surrogate.transfer import verify as verified

    expect(runs, STORE)
    found = verified(runs)
    typer.echo(as_json_text({"ok": found.ok, "found": printable(found)}) if as_json else printable(found))
    if not found.ok:
        raise typer.Exit(RUN_FAILED)


@app.command()
def report(runs: RunsPath, output: Output = None, as_json: Json = False) -> None:
    """Analyse the runs again, as the study beside them says, and write the report."""
    from surrogate.workflows.study_runner import kept_study

    opened = _open(runs)
    file = kept_study(runs)
    if file is None:
        raise ValueError(
            f"{runs}: these runs were made without a study file. Use: surrogate discover {runs} --case ..."
        )
    _analyse(file, opened, output or file.report_file, store=runs, as_json=as_json)


@app.command()
def discover(
    source: Annotated[Path, typer.Argument(metavar="RUNS_OR_CSV", help="Folder of the runs, or a CSV file of runs.")],
    case: Annotated[str, typer.Option("--case", help='Runs of interest, such as "reliability < 0.9".')],
    outputs: Annotated[
        list[str] | None,
        typer.Option("--outputs", help="Column of the CSV that is neither an input nor in the case; repeatable."),
    ] = None,
    method: Annotated[str, typer.Option(help="How to search.")] = "prim",
    seed: Annotated[int, typer.Option(help="Seed of the search.")] = 0,
    output: Output = None,
    as_json: Json = False,
) -> None:
    """Find the box in which a case is frequent; with -o also write a report."""
    from surrogate.workflows.discover import discover as find_boxes
    from surrogate.workflows.study_runner import runs_at

    if kind_of(source) in (MODEL, STUDY, REPORT):
        expect(source, STORE, TABLE)
    runs = runs_at(source, outputs or [])
    with live_line(_STAGES["discover"]):
        study = find_boxes(runs, case, method=method, seed=seed)
    typer.echo(study_json(study) if as_json else answer_text(study))
    if output is not None:
        study.report(output)
        typer.echo(f"Report: {output}", err=True)


@app.command()
def predict(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="Model file, such as lake.surrogate.")],
    inputs: Annotated[Path, typer.Argument(metavar="CSV", help="Inputs, a row a prediction, columns by name.")],
    output: Output = None,
    coverage: Annotated[
        float | None,
        typer.Option("--interval", metavar="COVERAGE", help="Add limits that hold so often, such as 0.95."),
    ] = None,
) -> None:
    """Predict with a saved emulator; writes the inputs with the outputs as CSV."""
    from surrogate.workflows.study_runner import predicted
    from surrogate.workflows.surrogate import Surrogate

    expect(model, MODEL)
    if kind_of(inputs) not in (TABLE, None):
        expect(inputs, TABLE)
    loaded = Surrogate.load(model)
    table, outside = predicted(loaded, inputs, coverage)
    if outside:
        _say(f"{outside} of {len(table)} rows lie outside the domain of the model: do not trust them.")
    _write_table(table, output)


def _analyse(
    file: StudyFile, runs: TransferSet, target: Path, *, store: Path | None = None, as_json: bool = False
) -> None:
    from surrogate.workflows.study_runner import analyse

    result = analyse(file, runs, lambda stage: live_line(_STAGES[stage]), store=store)
    written = result.report.write(target)
    if as_json:
        typer.echo(result_json(result, written))
        return
    if result.model is not None:
        typer.echo(scorecards_text(result.model.scorecards))
    if result.study is not None:
        typer.echo(answer_text(result.study))
    typer.echo(f"Report: {written}")


def _open(path: Path) -> TransferSet:
    from surrogate.transfer import TransferSet

    expect(path, STORE)
    return TransferSet.open(path)


def _write_table(table: Any, output: Path | None) -> None:
    if output is None:
        typer.echo(table.to_csv(index=False), nl=False)
        return
    table.to_csv(output, index=False)
    typer.echo(f"Wrote {len(table)} rows to {output}")


def _stage(text: str) -> None:
    """Tell a person at a terminal what is being done; keep quiet in a pipe."""
    if sys.stderr.isatty():
        typer.secho(printable(text), err=True, bold=True)


def _say(text: str) -> None:
    typer.echo(printable(text), err=True)


def _say_runs(error: BaseException) -> bool:
    """Tell of the runs that an error carries; return whether there are any."""
    runs = getattr(error, "runs", None)
    if runs is None:
        return False
    _say(accounting_text(runs))
    return True


def _message(error: Exception) -> str:
    # The text of a KeyError is the repr of its message.
    text = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    return text or type(error).__name__
