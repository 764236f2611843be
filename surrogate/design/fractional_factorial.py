"""Two-level fractional factorial designs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from surrogate.design.classical import Classical
from surrogate.design.design import check_count

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from surrogate.space.parameter import Parameter


@dataclass(frozen=True)
class FractionalFactorial(Classical):
    """A balanced part of the corners, chosen by its resolution.

    Parameters
    ----------
    resolution : int, default 4
        Length of the shortest word of the defining relation. 3: main effects are mixed with two-parameter
        interactions; 4: main effects are clear of them; 5: so are the interactions of each other. The smallest
        number of runs (a power of two) is taken.
    generators : str, optional
        The columns themselves, as in ``"a b c -abc"``: single letters are independent columns, several letters
        their product. Takes the place of `resolution`.

    Raises
    ------
    ValueError
        If `resolution` is below 3, the generators are malformed, or their number is not that of the parameters; when
        sampled with a Categorical of three or more values.

    References
    ----------
    Box, G. E. P., & Hunter, J. S. (1961). The 2^(k-p) fractional factorial designs. Technometrics, 3(3), 311-351.

    Examples
    --------
    >>> FractionalFactorial(resolution=3).sample([(0, 1)] * 7).shape
    (8, 7)
    >>> FractionalFactorial(generators="a b ab").sample([(0.0, 1.0)] * 3)
        x1   x2   x3
    0  0.0  0.0  1.0
    1  0.0  1.0  0.0
    2  1.0  0.0  0.0
    3  1.0  1.0  1.0
    """

    least_factors: ClassVar[int] = 2

    resolution: int = 4
    generators: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "resolution", check_count(self.resolution, "resolution", least=3))
        if self.generators is not None and (not isinstance(self.generators, str) or not self.generators.strip()):
            raise ValueError(f"generators: expected text such as 'a b c abc', got {self.generators!r}.")

    def coded(self, factors: Mapping[str, Parameter]) -> NDArray[np.float64]:
        from pydoe import fracfact, fracfact_by_res

        if self.generators is None:
            try:
                return np.asarray(fracfact_by_res(len(factors), self.resolution))
            except ValueError as error:
                raise ValueError(
                    f"resolution: {self.resolution} cannot be reached with {len(factors)} parameters: {error} Lower it."
                ) from None
        words = self.generators.split()
        if len(words) != len(factors):
            raise ValueError(
                f"generators: expected {len(factors)} columns, one for each of {', '.join(factors)}; "
                f"got {len(words)} in {self.generators!r}."
            )
        try:
            return np.asarray(fracfact(" ".join(words)))
        except ValueError as error:
            raise ValueError(
                f"generators: {self.generators!r} is not valid: {error} An example is 'a b c abc'."
            ) from None
