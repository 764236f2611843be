"""The record of an emulator that has the answer of a cheap variant of the simulator as one more feature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from surrogate.models.records.record import Record

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class MultiFidelityRecord(Record):
    """Two records in a row: ``expensive([x, cheap(x)])``.

    The standard deviation is that of the expensive record, at what the cheap one says.

    Parameters
    ----------
    cheap : Record
        Emulator of the cheap variant, of p features.
    expensive : Record
        Of p + 1 features, the last one being what `cheap` says.
    """

    kind: ClassVar[str] = "multi_fidelity"

    cheap: Record
    expensive: Record

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.expensive.n_features != self.cheap.n_features + 1:
            raise ValueError(
                "multi_fidelity: the expensive record needs one feature more than the cheap one; got "
                f"{self.expensive.n_features} and {self.cheap.n_features}."
            )

    @property
    def has_std(self) -> bool:  # type: ignore[override]
        """Whether the expensive record states a standard deviation."""
        return self.expensive.has_std

    @property
    def has_gradient(self) -> bool:  # type: ignore[override]
        """Whether both records have a gradient."""
        return self.cheap.has_gradient and self.expensive.has_gradient

    @property
    def n_features(self) -> int:
        """Number of columns of `X`."""
        return self.cheap.n_features

    @property
    def _row_bytes(self) -> int:
        return max(self.cheap._row_bytes, self.expensive._row_bytes) + 8 * self.expensive.n_features

    def _both(self, X: FloatArray) -> FloatArray:
        return np.column_stack([X, self.cheap._predict_block(X)])

    def _predict_block(self, X: FloatArray) -> FloatArray:
        return self.expensive._predict_block(self._both(X))

    def _std_block(self, X: FloatArray) -> FloatArray:
        return self.expensive._std_block(self._both(X))

    def _gradient_block(self, X: FloatArray) -> FloatArray:
        slopes = self.expensive._gradient_block(self._both(X))
        return slopes[:, :-1] + slopes[:, -1:] * self.cheap._gradient_block(X)
