"""Ready Model A: simulators of science, engineering and policy, one a file.

Every simulator is a class that is made without arguments and then called with its parameters by name. It carries
what the rest of the package asks of a simulator (`space`, `outputs`, `vectorized`) and what a reader asks
(`reference`, `units` of its outputs; the units of its inputs stand in its space, where an input without a unit is
dimensionless).
"""

from __future__ import annotations

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach(__name__, submodules=["adapters", "functions", "ode", "pde", "policy"])
