"""Box-Behnken designs."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from surrogate.design.classical import Classical
from surrogate.design.design import check_count

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from surrogate.space.parameter import Parameter

# Which parameters are varied together (Box & Behnken 1960, Table 1). pydoe 1.6 varies them in pairs for any number,
# which takes 60 and 84 runs here instead of the published 48 and 56.
_BLOCKS: dict[int, list[tuple[int, ...]]] = {
    6: [(0, 1, 3), (1, 2, 4), (2, 3, 5), (0, 3, 4), (1, 4, 5), (0, 2, 5)],
    7: [(3, 4, 5), (0, 5, 6), (1, 4, 6), (0, 1, 3), (2, 3, 6), (0, 2, 4), (1, 2, 5)],
}


@dataclass(frozen=True)
class BoxBehnken(Classical):
    """Middles of the edges, and the centre: a quadratic response surface without extreme corners.

    12, 24, 40, 48 and 56 runs for 3 to 7 parameters, and the centre. From 8 on parameters are varied in pairs,
    2 d (d - 1) runs. Three levels an axis; no run has more than three parameters at a limit (two for 3 to 5, and
    from 8 on).

    Parameters
    ----------
    center : int, default 1
        How often the centre is run. A deterministic simulator repeats itself, so once is enough; a noisy one wants
        3 to 6.

    Raises
    ------
    ValueError
        If `center` is out of range; when sampled in fewer than 3 parameters, with categories, or with integers of
        fewer than 3 values.

    References
    ----------
    Box, G. E. P., & Behnken, D. W. (1960). Some new three level designs for the study of quantitative variables.
    Technometrics, 2(4), 455-475.

    Examples
    --------
    >>> BoxBehnken().sample([(0, 1), (0, 1), (0, 1)]).shape
    (13, 3)
    """

    least_factors: ClassVar[int] = 3

    center: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "center", check_count(self.center, "center", least=0))

    def coded(self, factors: Mapping[str, Parameter]) -> NDArray[np.float64]:
        from pydoe import bbdesign

        d = len(factors)
        if d not in _BLOCKS:
            return np.asarray(bbdesign(d, center=self.center))
        table = [np.zeros((self.center, d))]
        for block in _BLOCKS[d]:
            corners = np.zeros((2 ** len(block), d))
            corners[:, block] = list(product((-1.0, 1.0), repeat=len(block)))
            table.insert(-1, corners)
        return np.vstack(table)
