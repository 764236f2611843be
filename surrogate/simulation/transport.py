"""How a simulator travels to another process: as bytes that say with what they were packed."""

from __future__ import annotations

import json
import pickle
import platform
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from surrogate.simulation.simulator import Simulator

_REPAIR = "Install the same environment on the workers and here, and start the workers again."


class ExecutorError(RuntimeError):
    """The executor can run no chunk at all: its workers are gone, or cannot load the simulator."""


def transport(simulator: Simulator) -> bytes:
    """Return the simulator as bytes for another process, functions of scripts and notebooks included."""
    import cloudpickle  # type: ignore[import-untyped]

    try:
        content = bytes(cloudpickle.dumps(simulator))
    except Exception as error:
        raise ExecutorError(
            f"simulator: {simulator.name} cannot be sent to another process ({type(error).__name__}: {error}). "
            "Open files, locks and connections inside the function, or run with executor=None."
        ) from error
    return json.dumps(versions()).encode() + b"\n" + content


def load(simulator: bytes, key: str) -> Simulator:
    """Return the simulator that `transport` packed, loaded once a process.

    Raises
    ------
    ExecutorError
        If this process has other versions than the one that packed it, or cannot load it.
    """
    return _load(key, _Bytes(simulator))


@cache
def versions() -> dict[str, str]:
    """Return the versions that a worker must share with the process that sends it work.

    Code travels as bytecode, which only the same minor version of Python can read; answers are objects of this package.
    """
    python = ".".join(platform.python_version_tuple()[:2])
    return {"python": python, "surrogate-discovery": version("surrogate-discovery")}


def check_versions(found_there: Mapping[str, str | None], needed: Mapping[str, str], worker: str) -> None:
    """Raise `ExecutorError` unless a worker has the versions that the study needs."""
    for name, wanted in needed.items():
        found = found_there.get(name)
        if found != wanted:
            has = f"{name} {found}" if found else f"no {name}"
            raise ExecutorError(f"executor: worker {worker} has {has}, but this study needs {name} {wanted}. {_REPAIR}")


class _Bytes:
    """Bytes that count as equal, so that the cache looks at the key alone."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=4)
def _load(key: str, simulator: _Bytes) -> Simulator:
    packed_with, _, content = simulator.content.partition(b"\n")
    check_versions(versions(), json.loads(packed_with), platform.node())
    try:
        loaded: Any = pickle.loads(content)  # noqa: S301 - in transit, never a file
    except Exception as error:
        raise ExecutorError(
            f"executor: worker {platform.node()} cannot load the simulator ({type(error).__name__}: {error}). Install "
            "the same packages there, and put its module where workers find it."
        ) from error
    return loaded  # type: ignore[no-any-return]
