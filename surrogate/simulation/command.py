"""An external program as Model A."""

from __future__ import annotations

import inspect
import os
import re
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from surrogate.simulation.fingerprint import fingerprint
from surrogate.simulation.outcome import SimulationFailed, Status
from surrogate.simulation.outputs import BadOutput, NotFinite, read_answer
from surrogate.simulation.parsers import Parser, as_parser
from surrogate.simulation.program import LOG_LIMIT, Ended, Program
from surrogate.simulation.template import Template, render, variables_of

# One thread a run: runs are what is made in parallel. Points in numbers, whatever the language of the machine.
_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "LC_ALL": "C"}
_STREAMS = ("stdout", "stderr")


class Command:
    r"""An external program as a simulator: files from a template in, numbers from files out.

    Every run has a fresh directory, which is filled from `template`, and removed when the run is over. The program is
    started there without a shell, with one thread for OpenMP and BLAS, with ``LC_ALL=C`` and ``TMPDIR`` inside the
    run's directory. When the time or memory is used up, or the worker dies, the program and all that it started are
    killed. What is still running when the program itself ends is killed too.

    A run succeeds if the program ends with one of `exit_codes`, and every output's file was written by this run, can
    be read and holds finite numbers. Otherwise the run's status says what happened (``EXIT_CODE``, ``SIGNAL``,
    ``TIMEOUT``, ``MEMORY``, ``BAD_OUTPUT``, ``NOT_FINITE``), and its message ends with the last lines that the program
    printed.

    Parameters
    ----------
    template : path, or mapping of str to str
        The directory of input files, or texts by file name. A file whose name ends in ``.jinja`` is a jinja2 template
        and is written without that ending; any other is copied as it is. Numbers are written with full precision. The
        files are read now, and travel to the workers with the simulator.
    run : sequence of str
        The program and its arguments. An argument may be a template too: ``["solve", "--load={{ load }}"]``.
    outputs : mapping of str to parser
        What the program answers, by name. A parser is

        - ``{"file": "polar.txt", "column": "CL"}``: a column of a table, by its header or counted from 1, with the
          options ``row`` (default -1, the last; ``"all"`` makes a field), ``delimiter`` (default blanks) and ``skip``
          (lines before the table);
        - ``{"file": "log.txt", "regex": "drag = (\S+)"}``: the group of a regular expression, in its last match
          unless ``row`` says which;
        - ``{"file": "out.json", "json": "results.lift"}``: a key of a JSON file;
        - ``("out.bin", function)``: ``function(path)`` returns a number or an array (a field).

        The file ``"stdout"`` or ``"stderr"`` is what the program printed, of which 16 MiB are kept.
    stdin : str, optional
        A file of the run's directory that the program reads as its standard input; by default that is empty.
    timeout : float, optional
        Seconds that a run may take. The `timeout` of a study ends runs just as well; this one belongs to the program.
    memory : float, optional
        Bytes that the program and all that it started may have in memory, looked at every 0.05 s.
    exit_codes : sequence of int, default (0,)
        Exit codes of a program that has succeeded.
    environment : mapping of str to str, optional
        Environment variables, in addition to those of this process.
    unused : sequence of str, default ()
        Parameters that the templates may leave out. Any other is an error before the first run.
    keep_failed : path, optional
        A folder that the directories of failed runs are moved to. By default nothing stays.

    Raises
    ------
    ValueError, TypeError
        If an argument cannot be read, a template is not valid jinja2, or no output is named.

    Notes
    -----
    The names that the templates use are the simulator's arguments: bounds that do not match them are refused before any
    run. ``{{ seed }}`` receives the run's own seed. Needs Linux or macOS.

    Examples
    --------
    >>> double = Command(
    ...     {"double.awk.jinja": "BEGIN { print \"y =\", 2 * {{ x }} }"},
    ...     run=["awk", "-f", "double.awk"],
    ...     outputs={"y": {"file": "stdout", "regex": r"y = (\S+)"}},
    ... )
    >>> double(x=0.25)
    {'y': 0.5}
    """

    vectorized = False

    def __init__(
        self,
        template: str | os.PathLike[str] | Mapping[str, str],
        run: Sequence[str],
        outputs: Mapping[str, Any],
        *,
        stdin: str | None = None,
        timeout: float | None = None,
        memory: float | None = None,
        exit_codes: Sequence[int] = (0,),
        environment: Mapping[str, str] | None = None,
        unused: Sequence[str] = (),
        keep_failed: str | os.PathLike[str] | None = None,
    ) -> None:
        self.template = _template(template)
        self.run = _texts("run", run)
        if not self.run:
            raise ValueError('run: name the program, for example run=["xfoil"].')
        if not isinstance(outputs, Mapping) or not outputs:
            raise ValueError(f"outputs: expected a parser for each name, as {{name: parser}}; got {outputs!r}.")
        self.parsers: dict[str, Parser] = {name: as_parser(name, parser) for name, parser in outputs.items()}
        self.outputs = tuple(self.parsers)
        self.stdin = stdin
        written = {name.removesuffix(".jinja") for name in self.template.files}
        if stdin is not None and stdin not in written:
            raise ValueError(f"stdin: there is no file {stdin!r} in the template; there are {sorted(written)}.")
        self.timeout, self.memory = _positive("timeout", timeout), _positive("memory", memory)
        self.exit_codes = tuple(exit_codes)
        self.environment = dict(environment or {})
        if not all(isinstance(text, str) for pair in self.environment.items() for text in pair):
            raise TypeError(f"environment: names and values must be text; got {self.environment!r}.")
        self.unused = _texts("unused", unused)
        self.keep_failed = None if keep_failed is None else Path(keep_failed).absolute()
        in_arguments = (variables_of(text, f"run: {text}") for text in self.run)
        self.variables = self.template.variables.union(*in_arguments)
        # What `as_simulator` matches with the bounds.
        self.__signature__ = _signature(self.variables, self.unused)

    def fingerprint(self) -> str:
        """Return a fingerprint of the files, the arguments and the parsers; the program itself counts by name."""
        parts = (self.template.files, self.template.executable, self.run, self.stdin, self.exit_codes)
        return fingerprint((*parts, self.environment, self.parsers), package="")

    def __call__(self, **values: Any) -> dict[str, Any]:
        """Run the program once.

        Raises
        ------
        SimulationFailed
            If the run fails; its status says how.
        TypeError
            If a value is missing, or one is given that the templates do not use.
        """
        self._check_names(values)
        with Program() as program:
            try:
                return self._run(program, values)
            except SimulationFailed as error:
                if self.keep_failed is None:
                    raise
                kept = program.keep(self.keep_failed)
                raise SimulationFailed(f"{error}\nkept in {kept}", error.status) from error

    def _run(self, program: Program, values: Mapping[str, Any]) -> dict[str, Any]:
        self.template.write(program.folder, values)
        arguments = [render(text, values, f"run: {text}") for text in self.run]
        started = _set_clocks(program)
        ended = program.run(
            arguments,
            stdin=None if self.stdin is None else program.folder / self.stdin,
            environment={**os.environ, **_ENVIRONMENT, **self.environment},
            timeout=self.timeout,
            memory=self.memory,
        )
        problem = self._problem(ended, arguments)
        if problem is not None:
            raise _failed(*problem, ended.log)
        return {name: _output(name, parser, program, ended, started) for name, parser in self.parsers.items()}

    def _problem(self, ended: Ended, arguments: Sequence[str]) -> tuple[str, Status] | None:
        """Say what was wrong with the end of the program, if anything was."""
        name = arguments[0]
        if ended.cause == "not started":
            hint = "Install it on every worker, or name it by its full path."
            return f"{name} could not be started: {ended.detail}. {hint}", Status.EXCEPTION
        if ended.cause == "timeout":
            return f"{name} was killed after {self.timeout:g} s, its time limit", Status.TIMEOUT
        if ended.cause == "memory":
            used, limit = int(ended.detail) / 1e6, (self.memory or 0) / 1e6
            return (
                f"{name} was killed because it used {used:.0f} MB of memory; its limit is {limit:.0f} MB",
                Status.MEMORY,
            )
        code = int(ended.detail)
        if code < 0:
            number = -code
            signal_name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
            hint = ", perhaps because memory ran out" if number == signal.SIGKILL else ""
            return f"{name} was killed by {signal_name}{hint}", Status.SIGNAL
        if code not in self.exit_codes:
            return f"{name} ended with exit code {code}", Status.EXIT_CODE
        return None

    def _check_names(self, values: Mapping[str, Any]) -> None:
        missing, unknown = self.variables - values.keys(), values.keys() - self.variables - set(self.unused)
        if missing:
            raise TypeError(f"the template needs a value for {', '.join(sorted(missing))}.")
        if unknown:
            raise TypeError(f"no template uses {', '.join(sorted(unknown))}; name it in `unused` if that is meant.")


def command_from_dict(described: Mapping[str, Any], folder: str | os.PathLike[str] = ".") -> Command:
    """Make a `Command` from a table of a study file; a template's path is relative to `folder`.

    Raises
    ------
    ValueError, TypeError
        If a key is missing or unknown, or `Command` refuses a value.

    Examples
    --------
    >>> template, outputs = {"x.jinja": "{{ x }}"}, {"y": {"file": "stdout", "column": 1}}
    >>> command_from_dict({"template": template, "run": ["cat", "x"], "outputs": outputs})(x=3.0)
    {'y': 3.0}
    """
    allowed = [name for name in inspect.signature(Command.__init__).parameters if name != "self"]
    for key in described:
        if key not in allowed:
            raise ValueError(f"command has no key {key!r}. Allowed are {', '.join(allowed)}.")
    for key in ("template", "run", "outputs"):
        if key not in described:
            raise ValueError(
                f'command needs {key!r}, as in {{template = "deck/", run = ["solve"], outputs = {{...}}}}.'
            )
    template = described["template"]
    return Command(**{**described, "template": Path(folder, template) if isinstance(template, str) else template})


def _template(template: str | os.PathLike[str] | Mapping[str, str]) -> Template:
    if not isinstance(template, Mapping):
        return Template.read(template)
    for name in template:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or not path.name:
            raise ValueError(f"template: {name!r} must be a path inside the folder of the run.")
    folders = {str(parent) for name in template for parent in PurePosixPath(name).parents} - {"."}
    return Template({name: text.encode() for name, text in template.items()}, folders=tuple(sorted(folders)))


def _texts(name: str, values: Any) -> tuple[str, ...]:
    if isinstance(values, str) or not isinstance(values, Sequence) or not all(isinstance(v, str) for v in values):
        raise TypeError(
            f'{name}: expected a list of texts, such as ["xfoil", "-v"]; got {values!r}. No shell reads it.'
        )
    return tuple(values)


def _positive(name: str, value: float | None) -> float | None:
    if value is not None and not value > 0:
        raise ValueError(f"{name}: expected a number above 0, or None; got {value!r}.")
    return value


def _signature(variables: frozenset[str], unused: tuple[str, ...]) -> inspect.Signature:
    keyword = inspect.Parameter.KEYWORD_ONLY
    needed = [inspect.Parameter(name, keyword) for name in sorted(variables)]
    allowed = [inspect.Parameter(name, keyword, default=None) for name in unused if name not in variables]
    return inspect.Signature([*needed, *allowed])


def _set_clocks(program: Program) -> int:
    """Make the deck's files old, so that those of the program can be told from them; return the start by disk time."""
    program.stdout.touch()
    program.stderr.touch()
    old = time.time_ns() - 3600 * 10**9
    for path in program.folder.rglob("*"):
        os.utime(path, ns=(old, old))
    return program.stderr.stat().st_mtime_ns


def _output(name: str, parser: Parser, program: Program, ended: Ended, started: int) -> Any:
    where = f"output {name!r}: {parser.file}"
    path = program.directory / parser.file if parser.file in _STREAMS else program.folder / parser.file
    if not path.is_file():
        raise _failed(f"{where} was not written", Status.BAD_OUTPUT, ended.log)
    if path.stat().st_mtime_ns < started:
        raise _failed(f"{where} is older than the run, which did not write it", Status.BAD_OUTPUT, ended.log)
    if parser.file in ended.cut:
        raise _failed(f"{where} is longer than {LOG_LIMIT >> 20} MiB", Status.BAD_OUTPUT, ended.log)
    try:
        return read_answer({name: parser.read(path)}, None)[name]
    except NotFinite as error:
        raise _failed(f"{error} in {parser.file}", Status.NOT_FINITE, ended.log) from None
    except BadOutput as error:
        raise _failed(f"{where}: {error}", Status.BAD_OUTPUT, ended.log) from None
    except Exception as error:  # a function of the user's, which met what it did not expect
        raise _failed(f"{where}: {type(error).__name__}: {error}", Status.BAD_OUTPUT, ended.log) from error


def _failed(reason: str, status: Status, log: str) -> SimulationFailed:
    """Return the failure, with the last lines of the program's log."""
    shown = re.sub(r"[^\S\n]+", " ", re.sub(r"[^\x20-\x7e\n\xa0-\U0010ffff]", " ", log)).strip()
    return SimulationFailed(f"{reason}\n{shown}" if shown else reason, status)
