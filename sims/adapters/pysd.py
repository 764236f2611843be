"""A system dynamics model of Vensim or XMILE as a simulator."""

from __future__ import annotations

import os
import tempfile
import threading
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from sims.adapters.integration import check_parameters
from sims.adapters.record import Recording
from surrogate.simulation import SimulationFailed
from surrogate.simulation.fingerprint import fingerprint
from surrogate.space import Space

if TYPE_CHECKING:
    from sims.adapters.record import Output

_VENSIM = (".mdl",)
_XMILE = (".xmile", ".xml", ".stmx")


class PySD:
    """A system dynamics model of Vensim or XMILE as a simulator, run by PySD.

    The model is translated once, when the simulator is made, and loaded once a process. PySD keeps what was set in one
    run for the next; here every run sets every parameter, the times and the initial state, so that the order of runs
    does not matter. Runs of one process take turns.

    Parameters
    ----------
    path : path
        A Vensim file (``.mdl``) or an XMILE file (``.xmile``, ``.xml``, ``.stmx``). The translated model travels to the
        workers with the simulator.
    space : Space or bounds
        What may vary: constants of the model, by their names in it (``"birth rate"``).
    outputs : dict of str to (str or callable)
        What a run answers: the name of a variable, for its last value, or ``function(record)`` that returns a number or
        a field, where ``record["name"]`` is the series of a variable and ``record["time"]`` its times.
    record : sequence of str, default ()
        Variables that the functions need, besides those that `outputs` names.
    final_time, time_step : float, optional
        In the model's unit of time; by default those of the model.

    Raises
    ------
    ImportError
        If PySD is not installed.
    TypeError, ValueError
        If there is no such file, it cannot be translated, or has no such variables.

    Notes
    -----
    PySD integrates by Euler's method: halve `time_step` to see whether the outputs depend on it. A translated model is
    Python code: run only what you trust.

    References
    ----------
    Martin-Martinez, E., Samso, R., Houghton, J., Solé, J., "PySD: System Dynamics Modeling in Python", Journal of Open
    Source Software 7(78), 4329, 2022.

    Examples
    --------
    >>> town = PySD(  # doctest: +SKIP
    ...     "town.mdl",
    ...     space={"birth rate": (0.01, 0.05), "lifetime": (40.0, 80.0)},
    ...     outputs={"population": "population", "peak": lambda record: record["births"].max()},
    ...     record=["births"],
    ... )
    >>> town(**{"birth rate": 0.04, "lifetime": 50.0})["population"]  # doctest: +SKIP
    222.11090467895536
    """

    vectorized: ClassVar[bool] = False

    def __init__(
        self,
        path: str | os.PathLike[str],
        space: Any,
        outputs: Mapping[str, Output],
        *,
        record: Sequence[str] = (),
        final_time: float | None = None,
        time_step: float | None = None,
    ) -> None:
        _pysd()
        self.space = Space.from_bounds(space)
        self.recording = Recording(dict(outputs), tuple(record))
        self.outputs = tuple(outputs)
        self._source = _translated(Path(path))
        self._turn = threading.Lock()
        self._model: Any = _loaded(self._source)
        self.final_time = float(self._model.time.final_time() if final_time is None else final_time)
        self.time_step = float(self._model.time.time_step() if time_step is None else time_step)
        self._check_variables()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_model": None, "_turn": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _turn=threading.Lock())

    def fingerprint(self) -> str:
        """Return a fingerprint of the model's equations, and of what it is asked."""
        return fingerprint((self._source, self.recording.fingerprint(), self.final_time, self.time_step), package="")

    def __call__(self, **parameters: Any) -> dict[str, Any]:
        """Run once with every parameter of `space` by name, and return the outputs by name."""
        check_parameters(parameters, self.space.names)
        with self._turn:
            if self._model is None:
                self._model = _loaded(self._source)
            return self.recording.read(self._run(parameters))

    def _run(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        try:
            with warnings.catch_warnings(action="ignore"), np.errstate(all="ignore"):
                table = self._model.run(
                    params=dict(parameters),
                    return_columns=list(self.recording.variables),
                    initial_condition="original",
                    final_time=self.final_time,
                    time_step=self.time_step,
                    saveper=self.time_step,
                )
        except Exception as error:
            self._model = None  # whatever state it is in, the next run does not see it
            raise SimulationFailed(f"PySD failed: {type(error).__name__}: {error}") from error
        columns = {name: table[name].to_numpy(np.float64) for name in self.recording.variables}
        return {"time": table.index.to_numpy(np.float64), **columns}

    def _check_variables(self) -> None:
        known = self._model.namespace
        for name in (*self.space.names, *self.recording.variables):
            if name not in known:
                where = f"space[{name!r}]" if name in self.space.names else f"outputs: {name!r}"
                raise ValueError(f"{where}: the model has no variable of this name; it has {', '.join(sorted(known))}.")
        kinds = self._model.doc.set_index("Real Name")["Type"]
        for name in self.space.names:
            if kinds.get(name) != "Constant":
                raise ValueError(f"space[{name!r}]: the model computes this variable itself; vary a constant.")


def _pysd() -> Any:
    try:
        with warnings.catch_warnings(action="ignore"):
            import pysd
    except ImportError as error:
        raise ImportError("System dynamics models need PySD: pip install 'surrogate-discovery[pysd]'.") from error
    return pysd


def _translated(path: Path) -> str:
    """Return the model as Python source."""
    if path.suffix.lower() not in (*_VENSIM, *_XMILE):
        raise ValueError(f"path: expected a file ending in {', '.join((*_VENSIM, *_XMILE))}; got {str(path)!r}.")
    if not path.is_file():
        raise ValueError(f"path: there is no file {str(path)!r}.")
    pysd = _pysd()
    read = pysd.read_vensim if path.suffix.lower() in _VENSIM else pysd.read_xmile
    # PySD writes beside the model, so it works on a copy.
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(action="ignore"):
        copy = Path(folder) / f"model{path.suffix.lower()}"
        copy.write_bytes(path.read_bytes())
        try:
            read(str(copy), initialize=False)
        except Exception as error:
            raise ValueError(f"path: PySD cannot translate {path.name!r}: {type(error).__name__}: {error}.") from error
        return copy.with_suffix(".py").read_text(encoding="utf-8")


def _loaded(source: str) -> Any:
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(action="ignore"):
        file = Path(folder) / "model.py"
        file.write_text(source, encoding="utf-8")
        return _pysd().load(str(file))
