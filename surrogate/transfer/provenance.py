"""Where a transfer set comes from."""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from surrogate.simulation import Simulator

_LIBRARIES = ("surrogate-discovery", "numpy", "scipy", "pandas")


def provenance(*, simulator: Simulator | None, design: Any, **further: Any) -> dict[str, Any]:
    """Return what is to be remembered of how runs came about, JSON-able.

    Parameters
    ----------
    simulator : Simulator, optional
        Its name and fingerprint are recorded.
    design : object
        The design's description.
    **further
        Recorded as they are.
    """
    return {
        "simulator": None if simulator is None else simulator.name,
        "fingerprint": None if simulator is None else simulator.fingerprint,
        "design": design,
        **further,
        "started": now(),
        "host": platform.node(),
        "platform": platform.platform(),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in _LIBRARIES}},
    }


def now() -> str:
    """Return the time in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
