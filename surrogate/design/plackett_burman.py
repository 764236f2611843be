"""Plackett-Burman designs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from surrogate.design.classical import Classical

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from surrogate.space.parameter import Parameter


@dataclass(frozen=True)
class PlackettBurman(Classical):
    """Screens many parameters for their main effects in very few runs, two levels each.

    As many runs as the next multiple of 4 above the number of parameters for which a table is known
    (4, 8, 12, 16, 20, 24, 32, 40, 48, 64, ...): 11 parameters in 12 runs. Main effects are estimated independently
    of each other but mixed with interactions; `DefinitiveScreening` avoids that for about twice the runs.
    A Categorical of two values may take part.

    Raises
    ------
    ValueError
        When sampled with a Categorical of three or more values.

    References
    ----------
    Plackett, R. L., & Burman, J. P. (1946). The design of optimum multifactorial experiments. Biometrika, 33(4),
    305-325.

    Examples
    --------
    >>> PlackettBurman().sample([(0, 1)] * 11).shape
    (12, 11)
    """

    def coded(self, factors: Mapping[str, Parameter]) -> NDArray[np.float64]:
        from pydoe import pbdesign

        n = _known_size(len(factors))
        return np.asarray(pbdesign(n - 1), dtype=np.float64)[:, : len(factors)]


def _known_size(d: int) -> int:
    """Return the least number of runs above `d` of which pydoe has a table (it has none of 28 or 36 runs)."""
    sizes = [base << doublings for base in (1, 12, 20) for doublings in range(d.bit_length() + 2)]
    return min(size for size in sizes if size > max(d, 3))
