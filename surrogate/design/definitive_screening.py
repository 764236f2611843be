"""Definitive screening designs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from surrogate.design.classical import Classical
from surrogate.space import Categorical

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from surrogate.space.parameter import Parameter


@dataclass(frozen=True)
class DefinitiveScreening(Classical):
    """Screens for main effects and curvature in about twice as many runs as parameters, three levels each.

    Main effects are independent of each other, of two-parameter interactions and of squares: the runs come in
    mirrored pairs around the centre. 2 d + 1 runs for most even d, 2 d + 3 for most odd d; a few numbers of
    parameters have no conference matrix of their size and take the next one. Categoricals of two values may take
    part (one more run in the centre; main effects are then nearly independent).

    Raises
    ------
    ValueError
        When sampled in fewer than 3 parameters, with a Categorical of three or more values, or with integers of
        fewer than 3.

    References
    ----------
    Jones, B., & Nachtsheim, C. J. (2011). A class of three-level designs for definitive screening in the presence of
    second-order effects. Journal of Quality Technology, 43(1), 1-15.

    Jones, B., & Nachtsheim, C. J. (2013). Definitive screening designs with added two-level categorical factors.
    Journal of Quality Technology, 45(2), 121-129.

    Examples
    --------
    >>> DefinitiveScreening().sample([(0, 1)] * 6).shape
    (13, 6)
    """

    least_factors: ClassVar[int] = 3

    def coded(self, factors: Mapping[str, Parameter]) -> NDArray[np.float64]:
        from pydoe import definitive_screening_design

        category = np.array([isinstance(parameter, Categorical) for parameter in factors.values()])
        table = definitive_screening_design(int(np.sum(~category)), int(np.sum(category)))
        # pydoe puts categories last; the stable sort says where each column of the space went.
        columns = np.empty(len(category), dtype=np.intp)
        columns[np.argsort(category, kind="stable")] = np.arange(len(category))
        return np.asarray(table)[:, columns]
