"""Central composite designs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, get_args

import numpy as np

from surrogate.design.classical import Classical
from surrogate.design.design import check_count

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from surrogate.space.parameter import Parameter

Variant = Literal["faced", "inscribed"]
_PYDOE_FACE = {"faced": "ccf", "inscribed": "cci"}
# 2^16 corners: beyond that no one means it.
_MOST_FACTORS = 16


@dataclass(frozen=True)
class CentralComposite(Classical):
    """All corners, two star points on each axis, and the centre: for a quadratic response surface.

    Parameters
    ----------
    variant : {"faced", "inscribed"}, default "faced"
        Both stay within the limits. "faced": the corners are those of the space and the star points the centres of
        its faces, three levels an axis; right where the limits themselves matter. "inscribed": the star points lie
        on the faces and the corners are drawn in until the design is rotatable (equally exact in all directions from
        the centre), five levels an axis. The circumscribed variant, whose star points leave the limits, is the
        inscribed one in a wider space.
    center : int, default 1
        How often the centre is run. A deterministic simulator repeats itself, so once is enough; a noisy one wants
        3 to 6.

    Raises
    ------
    ValueError
        If `variant` or `center` is out of range; when sampled in fewer than 2 or more than 16 parameters, with
        categories, or with integers of too few values.

    References
    ----------
    Box, G. E. P., & Wilson, K. B. (1951). On the experimental attainment of optimum conditions. Journal of the Royal
    Statistical Society B, 13(1), 1-45.

    Examples
    --------
    >>> CentralComposite().sample({"b": (0.0, 1.0), "q": (2.0, 4.0)}).tail(5)
         b    q
    4  0.5  3.0
    5  0.0  3.0
    6  1.0  3.0
    7  0.5  2.0
    8  0.5  4.0
    """

    least_factors: ClassVar[int] = 2

    variant: Variant = "faced"
    center: int = 1

    def __post_init__(self) -> None:
        if self.variant not in get_args(Variant):
            raise ValueError(
                f"variant: expected 'faced' or 'inscribed', got {self.variant!r}. For the circumscribed variant widen "
                "the bounds and take 'inscribed'."
            )
        object.__setattr__(self, "center", check_count(self.center, "center", least=0))

    def coded(self, factors: Mapping[str, Parameter]) -> NDArray[np.float64]:
        from pydoe import ccdesign

        if len(factors) > _MOST_FACTORS:
            raise ValueError(
                f"space: CentralComposite has 2^{len(factors)} corners for {len(factors)} parameters; at most "
                f"{_MOST_FACTORS} are possible. Use DefinitiveScreening or LatinHypercube."
            )
        face = _PYDOE_FACE[self.variant]
        return np.asarray(ccdesign(len(factors), center=(self.center, 0), alpha="rotatable", face=face))
