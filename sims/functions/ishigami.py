"""The function of Ishigami and Homma."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from surrogate.space import Real, Space

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = float | NDArray[np.float64]


class Ishigami:
    """The function of Ishigami and Homma: strongly nonlinear, with an interaction but no effect of `x3` alone.

    Dimensionless: ``y = sin(x1) + a sin(x2)^2 + b x3^4 sin(x1)``. Everything is known in closed form: the mean is
    ``a/2``, the variance ``a^2/8 + b pi^4/5 + b^2 pi^8/18 + 1/2``, and so are the sensitivity indices.

    Parameters
    ----------
    a, b : float
        Weights of the second and the third term; the defaults 7 and 0.1 are those of Crestaux et al. (2007), which
        most studies use.

    References
    ----------
    Ishigami, T. and Homma, T. (1990). An importance quantification technique in uncertainty analysis for computer
    models. First International Symposium on Uncertainty Modeling and Analysis, 398-403.

    Examples
    --------
    >>> import numpy as np
    >>> float(Ishigami()(x1=np.pi / 2, x2=np.pi / 2, x3=0.0))
    8.0
    """

    reference: ClassVar[str] = "Ishigami and Homma (1990), ISUMA '90, 398-403"
    units: ClassVar[dict[str, str]] = {"y": "1"}
    outputs: ClassVar[tuple[str, ...]] = ("y",)
    vectorized: ClassVar[bool] = True
    space: ClassVar[Space] = Space({name: Real(-np.pi, np.pi) for name in ("x1", "x2", "x3")})

    def __init__(self, a: float = 7.0, b: float = 0.1) -> None:
        self.a = a
        self.b = b

    def __call__(self, *, x1: Floats, x2: Floats, x3: Floats) -> Floats:
        """Return y; arrays of shape (n,) give an array of shape (n,)."""
        return np.sin(x1) * (1.0 + self.b * x3**4) + self.a * np.sin(x2) ** 2
