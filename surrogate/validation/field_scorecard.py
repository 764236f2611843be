"""The scorecard of a field: errors over all locations, and where they come from."""

from __future__ import annotations

from dataclasses import dataclass

from surrogate.validation.scorecard import Scorecard


@dataclass(frozen=True, eq=False, repr=False)
class FieldScorecard(Scorecard):
    """How good the model of a field is, and what it costs.

    As `Scorecard`, over all runs and locations: `q2` is the share of the variance of the field that is explained,
    `interval_coverage` the share of locations inside their intervals. Basis and emulators are made anew in every fold.
    `candidates` are those for the first mode.

    Parameters
    ----------
    shape : tuple of int
        Shape of the field.
    modes : int
        Number of modes used.
    truncation_error, regression_error : float
        Root mean squared error that the modes leave, and that the emulators of their coefficients make, in the field's
        unit; ``rmse`` squared is the sum of their squares.
    q2_worst : float
        Q2 at the worst location, of those whose variance is at least 1 % of the mean variance.
    interval_coverage_simultaneous : float
        Share of runs whose whole field lies inside its simultaneous 95 % intervals.
    """

    shape: tuple[int, ...] = ()
    modes: int = 0
    truncation_error: float = 0.0
    regression_error: float = 0.0
    q2_worst: float = 1.0
    interval_coverage_simultaneous: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", tuple(self.shape))  # a list, if it comes from a file

    def _shown(self) -> list[tuple[str, str]]:
        shown = super()._shown()
        places = " x ".join(map(str, self.shape))
        mine = [
            ("field", f"{places} locations, {self.modes} modes"),
            ("q2_worst", f"{self.q2_worst:.6g} at the worst location"),
            ("truncation_error", f"{self.truncation_error:.4g}, left out by the modes"),
            ("regression_error", f"{self.regression_error:.4g}, of the modes' coefficients"),
            ("whole fields", f"{self.interval_coverage_simultaneous:.3f} inside simultaneous intervals, nominal 0.95"),
        ]
        return [shown[0], *mine, *shown[1:]]
