"""PRIM: the patient rule induction method."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from surrogate.models.boxes.box_finder import BoxFinder
from surrogate.models.boxes.prim.objective import OBJECTIVES, Objective
from surrogate.models.boxes.prim.pasting import paste
from surrogate.models.boxes.prim.peeling import peel
from surrogate.models.boxes.trajectory import Step
from surrogate.models.boxes.units import in_units

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from surrogate.models.boxes.columns import Columns


class PRIM(BoxFinder):
    """Patient rule induction method: an objective, peeling and pasting.

    Parameters
    ----------
    peel_alpha : float, default 0.05
        Share of the rows in the box that one peel may give up, above 0 and below 0.5. The default is the
        published one: smaller is more patient and slower, larger commits earlier.
    paste_alpha : float, default 0.05
        Share of the adjacent rows that one paste may take in, below 0.5; 0 pastes nothing.
    mass_min : float, default 0.05
        Least share of all rows that a box may hold, from 0 to below 1. Boxes lighter than the default rest on too
        few runs to be trusted at the usual sizes of studies.
    objective : {"lenient1", "lenient2", "original"}, default "lenient1"
        What a peel is worth. "original" is the density of the new box, the lenient ones divide the gain by the rows
        given up, so that integer and categorical columns, whose steps are larger, do not win by size alone.

    Attributes
    ----------
    trajectory_ : DataFrame
        A row a box, from the one without limits on: n, k, coverage, density, mass, n_restricted.
    boxes_ : list of Box
        One a trajectory row.
    box_ : Box
        The in-sample choice: the first box with the largest correlation between lying in it and being a case.
        The last box of a trajectory is over-restricted as a rule; `surrogate.discover` chooses by held-out evidence.

    Notes
    -----
    Cut points are the published ones: in real columns midway between two values, in integer columns a value that
    is kept. With the published settings trajectories are those of the EMA Workbench [3]_.

    References
    ----------
    .. [1] Friedman & Fisher 1999, Statistics and Computing 9, 123-143.
    .. [2] Kwakkel & Jaxa-Rozen 2016, Environmental Modelling & Software 79, 311-321.
    .. [3] Kwakkel 2017, Environmental Modelling & Software 96, 239-250.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).random((500, 3))
    >>> y = (X[:, 0] > 0.5) & (X[:, 1] < 0.6)
    >>> search = PRIM().fit(X, y)
    >>> sorted(search.box_.limits)
    ['x1', 'x2']
    >>> bool((search.predict(X) == y).mean() > 0.95)
    True
    """

    real_target: ClassVar[bool] = True

    def __init__(
        self,
        peel_alpha: float = 0.05,
        paste_alpha: float = 0.05,
        mass_min: float = 0.05,
        objective: str | Objective = "lenient1",
    ) -> None:
        self.peel_alpha = peel_alpha
        self.paste_alpha = paste_alpha
        self.mass_min = mass_min
        self.objective = objective

    def search(
        self, columns: Columns, y: NDArray[np.float64], weights: NDArray[np.float64] | None = None
    ) -> list[Step]:
        """Peel, then paste; the boxes in the order in which they were found."""
        objective = OBJECTIVES[self.objective] if isinstance(self.objective, str) else self.objective
        # Only differences of a real target count; above zero every objective can judge it.
        least = min(float(y.min()), 0.0)
        units = in_units(y - least if least else y, weights)
        steps = peel(columns, units, alpha=self.peel_alpha, mass_min=self.mass_min, objective=objective)
        if self.paste_alpha:
            last = steps[-1]
            steps += paste(columns, units, last, alpha=self.paste_alpha, mass_min=self.mass_min, objective=objective)
        return [replace(step, k=step.k + least * step.n) for step in steps] if least else steps

    def check_parameters(self) -> None:
        """Raise ``ValueError`` for a share out of range or an unknown objective."""
        if not 0 < self.peel_alpha < 0.5:
            raise ValueError(f"peel_alpha: must be above 0 and below 0.5, got {self.peel_alpha!r}. The usual is 0.05.")
        if not 0 <= self.paste_alpha < 0.5:
            raise ValueError(f"paste_alpha: must be from 0 to below 0.5, got {self.paste_alpha!r}. The usual is 0.05.")
        if not 0 <= self.mass_min < 1:
            raise ValueError(f"mass_min: must be from 0 to below 1, got {self.mass_min!r}. The usual is 0.05.")
        if not callable(self.objective) and self.objective not in OBJECTIVES:
            raise ValueError(
                f"objective: must be one of {sorted(OBJECTIVES)} or a function such as FBeta(3), "
                f"got {self.objective!r}."
            )
