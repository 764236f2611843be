"""A functional mock-up unit (FMI 1, 2 or 3) as a simulator."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import tempfile
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from sims.adapters.integration import check_parameters
from sims.adapters.record import Recording
from surrogate.simulation import SimulationFailed
from surrogate.simulation.fingerprint import fingerprint
from surrogate.space import Integer, Real, Space

if TYPE_CHECKING:
    from sims.adapters.record import Output

_LOG_LINES = 10
_FATAL = 4  # in FMI 1, 2 and 3


class FMU:
    """A functional mock-up unit as a simulator.

    The FMU is unpacked once a machine and instantiated once a process. Before each run it is reset and all parameters
    are set, so that a run cannot depend on the one before; after `recycle` runs the instance is replaced, because many
    FMUs leak a little in every run. Runs of one process take turns.

    Parameters
    ----------
    path : path
        The ``.fmu`` file. It is read now, and travels to the workers with the simulator.
    space : Space or bounds
        What may vary: parameters and constant inputs of the FMU, by their names in it.
    outputs : dict of str to (str or callable)
        What a run answers: the name of a variable, for its last value, or ``function(record)`` that returns a number or
        a field, where ``record["name"]`` is the series of a variable and ``record["time"]`` its times.
    record : sequence of str, default ()
        Variables that the functions need, besides those that `outputs` names.
    span : (float, float), optional
        First and last time; by default those of the FMU's default experiment, or 0 and 1.
    interval : float, optional
        Time between two recorded values; in co-simulation this is the communication step. By default what the FMU
        proposes, or FMPy's choice of about 500 intervals.
    recycle : int, default 500
        Runs after which the instance is replaced. Some FMUs crash after about a thousand runs.

    Raises
    ------
    ImportError
        If FMPy is not installed.
    TypeError, ValueError
        If there is no such file, it is no FMU, or has no such variables.

    Notes
    -----
    An FMU is a program: run only what you trust. One that crashes takes its process along; with
    ``isolation="process"`` the run is recorded as failed and the others go on.

    References
    ----------
    Modelica Association, "Functional Mock-up Interface Specification", version 3.0.2, 2024.

    Examples
    --------
    >>> tank = FMU(  # doctest: +SKIP
    ...     "Tank.fmu",
    ...     space={"loss": Real(0.05, 0.2, unit="1/h")},
    ...     outputs={"end": "T", "mean": lambda record: record["T"].mean()},
    ...     span=(0.0, 10.0),
    ... )
    >>> tank(loss=0.1)["end"]  # doctest: +SKIP
    42.07276647028654
    """

    vectorized: ClassVar[bool] = False

    def __init__(
        self,
        path: str | os.PathLike[str],
        space: Any,
        outputs: Mapping[str, Output],
        *,
        record: Sequence[str] = (),
        span: tuple[float, float] | None = None,
        interval: float | None = None,
        recycle: int = 500,
    ) -> None:
        _fmpy()
        file = Path(path)
        if not file.is_file():
            raise ValueError(f"path: there is no file {str(file)!r}.")
        if span is not None and not (np.isfinite(span).all() and span[0] < span[1]):
            raise ValueError(f"span must be two finite times, the first one below the last, got {span}.")
        if recycle < 1:
            raise ValueError(f"recycle must be at least 1, got {recycle!r}.")
        self.space = Space.from_bounds(space)
        self.recording = Recording(dict(outputs), tuple(record))
        self.outputs = tuple(outputs)
        self.span, self.interval, self.recycle = span, interval, recycle
        self._content = file.read_bytes()
        self._own: _Instance | None = None
        self._turn = threading.Lock()
        _check_variables(_description(self._content, file.name), self.space, self.recording)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_own": None, "_turn": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _turn=threading.Lock())

    def fingerprint(self) -> str:
        """Return a fingerprint of the FMU, and of what it is asked."""
        return fingerprint((self._content, self.recording.fingerprint(), self.span, self.interval), package="")

    def __call__(self, **parameters: Any) -> dict[str, Any]:
        """Run once with every parameter of `space` by name, and return the outputs by name."""
        check_parameters(parameters, self.space.names)
        with self._turn:
            if self._own is None or self._own.runs >= self.recycle:
                self.close()
                self._own = _Instance(self._content)
            try:
                record = self._own.run(parameters, self.recording.variables, self.span, self.interval)
            except SimulationFailed:
                self.close()  # whatever state it is in, the next run does not see it
                raise
        return self.recording.read(record)

    def close(self) -> None:
        """Free the instance; the next run makes a new one."""
        own, self._own = self._own, None
        if own is not None:
            own.free()


class _Instance:
    """One instance of an unpacked FMU, and what it said last."""

    def __init__(self, content: bytes) -> None:
        fmpy = _fmpy()
        self.runs = 0
        self._dead = False
        self._log: deque[str] = deque(maxlen=_LOG_LINES)
        self._folder = _unpacked(content)
        self._description = _description(content, "the FMU")
        try:
            self._fmu = fmpy.simulation.instantiate_fmu(str(self._folder), self._description, logger=self._listen)
        except Exception as error:
            raise SimulationFailed(self._told("the FMU cannot be instantiated", error)) from error

    def run(
        self,
        parameters: Mapping[str, Any],
        variables: Sequence[str],
        span: tuple[float, float] | None,
        interval: float | None,
    ) -> dict[str, Any]:
        start, stop = span or (None, None)
        try:
            if self.runs:
                self._fmu.reset()
            self.runs += 1
            table = _fmpy().simulate_fmu(
                str(self._folder),
                model_description=self._description,
                fmu_instance=self._fmu,
                start_time=start,
                stop_time=stop,
                output_interval=interval,
                start_values=dict(parameters),
                output=list(variables),
            )
        except Exception as error:
            self._dead = getattr(error, "status", None) == _FATAL
            raise SimulationFailed(self._told("the FMU failed", error)) from error
        end = stop if stop is not None else getattr(self._description.defaultExperiment, "stopTime", None)
        if end is not None and table["time"][-1] < float(end) - (interval or 0.0) - 1e-9 * abs(float(end)):
            raise SimulationFailed(self._told("the FMU stopped", f"time {table['time'][-1]:.6g} of {float(end):.6g}"))
        return {name: np.array(table[name], dtype=np.float64) for name in ("time", *variables)}

    def free(self) -> None:
        # After a fatal error the standard allows no further call, and freeing it has been seen to crash the process.
        if not self._dead:
            self._fmu.freeInstance()

    def _listen(self, *message: Any) -> None:
        """Keep what the FMU logs: component, instance name, status, category, text."""
        texts = [part.decode(errors="replace") for part in message if isinstance(part, bytes)]
        self._log.append(texts[-1] if texts else str(message[-1]))

    def _told(self, what: str, error: object) -> str:
        return "\n".join([f"{what}: {error}", *self._log])


def _fmpy() -> Any:
    try:
        import fmpy
    except ImportError as error:
        raise ImportError("FMUs need FMPy: pip install 'surrogate-discovery[fmu]'.") from error
    return fmpy


def _description(content: bytes, name: str) -> Any:
    from fmpy import read_model_description

    try:
        return read_model_description(io.BytesIO(content), validate=False)
    except Exception as error:
        raise ValueError(f"path: {name!r} is no FMU that FMPy can read: {error}.") from error


def _unpacked(content: bytes) -> Path:
    """Unpack into a folder that is named after the content, which all processes of this user share."""
    from fmpy import extract

    folder = Path(tempfile.gettempdir()) / f"surrogate-fmu-{os.getuid()}-{hashlib.sha256(content).hexdigest()}"
    if not folder.exists():
        unfinished = Path(tempfile.mkdtemp(prefix=f"{folder.name}-"))
        extract(io.BytesIO(content), str(unfinished))
        try:
            unfinished.rename(folder)
        except OSError:  # another process was faster
            shutil.rmtree(unfinished)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise SimulationFailed(f"{folder} belongs to somebody else")
    return folder


def _check_variables(description: Any, space: Space, recording: Recording) -> None:
    known = {variable.name: variable for variable in description.modelVariables}
    for name in (*space.names, *recording.variables):
        if name not in known:
            where = f"space[{name!r}]" if name in space.names else f"outputs: {name!r}"
            raise ValueError(f"{where}: the FMU has no variable of this name; it has {', '.join(sorted(known)[:20])}.")
    for name, parameter in space.parameters.items():
        variable = known[name]
        if variable.causality not in ("parameter", "structuralParameter", "input") and variable.initial not in (
            "exact",
            "approx",
        ):
            raise ValueError(f"space[{name!r}]: the FMU computes this variable itself; vary a parameter or an input.")
        if isinstance(parameter, Real) and not variable.type.startswith(("Real", "Float")):
            raise ValueError(f"space[{name!r}]: of type {variable.type} in the FMU; use Integer or Categorical.")
        if isinstance(parameter, Integer) and variable.type in ("String", "Boolean"):
            raise ValueError(f"space[{name!r}]: of type {variable.type} in the FMU; use Categorical.")
