"""PCA-PRIM: PRIM in rotated coordinates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from surrogate.models.boxes.box_finder import BoxFinder
from surrogate.models.boxes.columns import Columns, read_columns
from surrogate.models.boxes.prim.prim import PRIM
from surrogate.models.boxes.reading import read_frame, read_y
from surrogate.models.boxes.rotation import RotatedBox, Rotation, fit_rotation
from surrogate.models.boxes.trajectory import Step

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class RotatedPRIM(BoxFinder):
    """PRIM in the principal axes of the cases of interest [1]_, for regions that lie askew to the inputs.

    Parameters
    ----------
    groups : mapping of str to sequence of str, optional
        Group name to the inputs that may be mixed with one another; inputs in no group stay as they are. By default
        all numeric inputs are one group "r". Small groups of like inputs keep the directions readable.
    peel_alpha, paste_alpha, mass_min, objective
        As in `PRIM`.

    Attributes
    ----------
    rotation_ : Rotation
    trajectory_ : DataFrame
        A row a box, from the one without limits on: n, k, coverage, density, mass, n_restricted. A restricted
        dimension is a rotated coordinate, which depends on all inputs of its group.
    boxes_ : list of RotatedBox
        One a trajectory row. They take rows in the inputs, and print weighted sums of inputs.
    box_ : RotatedBox
        The in-sample choice: the first box with the largest correlation between lying in it and being a case.

    Notes
    -----
    The axes are those of the rows that were fitted, so `discover` cannot cross-validate the whole search here and
    refuses it. Judge the boxes on rows that were not fitted: ``search.box_.statistics(X_test, y_test)``.

    References
    ----------
    .. [1] Dalal, Han, Lempert, Jaycocks & Hackbarth 2013, Environmental Modelling & Software 48, 49-60.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).random((500, 2))
    >>> search = RotatedPRIM().fit(X, np.abs(X[:, 0] - X[:, 1]) < 0.1)
    >>> search.box_.to_text(2)
    '-0.19 <= (2.5 x1 - 2.4 x2) <= 0.29'
    """

    rotation_: Rotation

    def __init__(
        self,
        groups: Mapping[str, Sequence[str]] | None = None,
        peel_alpha: float = 0.05,
        paste_alpha: float = 0.05,
        mass_min: float = 0.05,
        objective: str = "lenient1",
    ) -> None:
        self.groups = groups
        self.peel_alpha = peel_alpha
        self.paste_alpha = paste_alpha
        self.mass_min = mass_min
        self.objective = objective

    def check_parameters(self) -> None:
        """Raise ``ValueError`` for a share out of range or an unknown objective."""
        self._search_with().check_parameters()

    def _search_with(self) -> PRIM:
        return PRIM(self.peel_alpha, self.paste_alpha, self.mass_min, self.objective)

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> RotatedPRIM:
        self.check_parameters()
        frame = read_frame(X)
        cases = read_y(y, X if hasattr(X, "columns") else frame)
        read_columns(frame)  # refuses missing values under the names of the inputs
        self.rotation_ = fit_rotation(frame, cases, self.groups)
        search = self._search_with()
        search.fit(self.rotation_.transform(frame), cases, sample_weight)
        self.n_features_in_ = frame.shape[1]
        self._set_feature_names(X)
        names = list(frame.columns)
        self.boxes_ = [RotatedBox(box.limits, rotation=self.rotation_, names=names) for box in search.boxes_]
        self.trajectory_ = search.trajectory_
        self.box_ = self.boxes_[search.boxes_.index(search.box_)]
        return self

    def search(self, columns: Columns, y: NDArray[np.float64]) -> list[Step]:
        """Refuse: the axes belong to the search, and a step has no room for them."""
        raise TypeError(
            "method: RotatedPRIM finds its axes in the rows that it fits, which discover cannot cross-validate. "
            "Use RotatedPRIM().fit(X, y) and judge box_.statistics on held-out rows, or give "
            "fit_rotation(X, y).transform(X) to discover."
        )
