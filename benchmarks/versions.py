"""What a benchmark was run with."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version

_PACKAGES = ("surrogate-discovery", "numpy", "scipy", "pandas", "distributed")


def versions(*more: str) -> str:
    """Return versions and processors as one line."""
    found = []
    for name in (*_PACKAGES, *more):
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} absent")
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"Python {platform.python_version()}, {', '.join(found)}; {platform.system()} {platform.machine()}, "
        f"{processors} processors, load averages at the end {load}."
    )
