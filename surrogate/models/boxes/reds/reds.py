"""REDS: rule extraction for discovering scenarios."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.models.boxes.box_finder import BoxFinder
from surrogate.models.boxes.reds.emulated import Emulated, Found, recounted
from surrogate.models.boxes.reds.labelling import Asked

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from surrogate.models.boxes.columns import Columns
    from surrogate.models.boxes.reds.labelling import Labelling
    from surrogate.models.boxes.trajectory import Step

    Floats = NDArray[np.float64]

_SURE = 1.645  # standard errors by which held-out runs must say that the emulator knows something
_WEAK_SKILL = 0.1
_POOR_CALIBRATION = 0.1


class REDS(BoxFinder):
    """Find boxes on many new points that an emulator of the runs has labelled [1]_.

    1. Emulators of the case are tried by cross-validation, boosted trees and a Gaussian process by default. The one
       with the least log loss on held-out runs is calibrated on them and fitted to all runs.
    2. `n_new` points are drawn from the declared distributions of the inputs and labelled by it.
    3. The finder searches on the new points, with its `peel_alpha` chosen for that many points. The boxes are
       counted on the runs.

    Parameters
    ----------
    finder : BoxFinder, optional
        What searches on the new points; ``PRIM()`` by default.
    emulator : estimator, optional
        A scikit-learn classifier or regressor for the case. By default the better one of boosted trees and (up to
        1000 runs) a Gaussian process.
    n_new : int, default 100_000
        New points. They cost no simulation; more change little.
    labels : {"probability", "hard"}, default "probability"
        The calibrated probability of a case, or 1 where it is at least one half. Probabilities keep what the
        emulator does not know, and were at least as good on noisy cases [1]_.
    space : bounds, optional
        What may vary, with distributions and constraints; by default the range of the data, uniformly.
    random_state : int, optional
        Of folds, emulators and new points; None is 0, so that results can be repeated.
    peel_alphas : sequence of float, optional
        Values of the finder's `peel_alpha` that are compared by their precision-recall curves, sought on one half
        of the new points and measured on the other. None keeps the finder's own.
    min_runs : int, default 20
        A box with fewer runs in it ends the trajectory: a density that so few runs confirm is the emulator's only
        [1]_.
    gate : bool, default True
        Whether poor emulators are refused or warned about; False is for repetitions of a search that passed, as in
        tests of its stability.

    Attributes
    ----------
    trajectory_ : DataFrame
        As of every finder, counted on the runs; and ``emulator_coverage``, ``emulator_density`` on the new points.
    labelling_ : Labelling
        The emulator: its name, its skill on held-out runs, its calibration, all that were tried.
    peel_alpha_ : float or None
        The chosen one.

    Raises
    ------
    ValueError
        In `fit`, if the emulator is on held-out runs not surely better than the base rate (its saving of log loss
        less than 1.645 standard errors above 0): its boxes would be made up. Also for fewer than 10 runs with or
        without the case.

    Warns
    -----
    UserWarning
        In `fit`, if it saves less than 10 % of the base rate's log loss on held-out runs, or its probabilities
        are off by more than 0.1 on average.

    Notes
    -----
    Unlike the publication, `peel_alpha` is not chosen at the number of runs but at that of the new points, labels are
    calibrated, and the trajectory does not end at its highest density among the runs, which few runs reach by chance,
    but at the first box that is on the new points within 0.01 of the densest. Without that end boxes of different
    samples have 41 % in common, with it 67 %, for 0.7 points of precision (7 functions, 400 runs, 5 samples).

    References
    ----------
    .. [1] Arzamasov & Boehm 2021, REDS: rule extraction for discovering scenarios, SIGMOD '21, 115-128.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).random((200, 3))
    >>> y = (X[:, 0] > 0.5) & (X[:, 1] < 0.6)
    >>> search = REDS(n_new=5000, space=[(0, 1)] * 3).fit(X, y)
    >>> sorted(search.box_.limits)
    ['x1', 'x2']
    >>> search.labelling_.skill > 0.5
    True
    """

    def __init__(
        self,
        finder: BoxFinder | None = None,
        emulator: Any = None,
        n_new: int = 100_000,
        labels: str = "probability",
        space: Any = None,
        random_state: int | None = None,
        *,
        peel_alphas: Sequence[float] | None = (0.03, 0.05, 0.1, 0.2),
        min_runs: int = 20,
        gate: bool = True,
    ) -> None:
        self.finder = finder
        self.emulator = emulator
        self.n_new = n_new
        self.labels = labels
        self.space = space
        self.random_state = random_state
        self.peel_alphas = peel_alphas
        self.min_runs = min_runs
        self.gate = gate

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> REDS:
        super().fit(X, y, sample_weight)
        self.trajectory_ = self.trajectory_.join(self._on_emulator)
        return self

    def search(self, columns: Columns, y: Floats) -> list[Step]:
        """Label new points, search on them, and count the boxes found on the runs."""
        found = getattr(self, "_found", None) or self._find(columns, y)
        self.labelling_ = found.labelling
        self.peel_alpha_ = getattr(found.finder, "peel_alpha", None)
        self._on_emulator = found.on_emulator
        return recounted(found.steps, columns, y)

    def take_over(self, X: Any, y: Any, found: Found) -> REDS:
        """Become fitted by what was found in these settings; only counting is done again."""
        self._found = found
        try:
            return self.fit(X, y)
        finally:
            del self._found

    def _find(self, columns: Columns, y: Floats) -> Found:
        emulated = self.emulate(columns, Asked(y, {}))
        labelling = emulated.learn()
        if self.gate:
            check_labelling(labelling)
        labels = emulated.labels(labelling)
        finder = emulated.tuned(labels)
        steps = emulated.believed(finder.search(emulated.points.columns, labels))
        return emulated.found(steps, labels, labelling, finder)

    def emulate(self, columns: Columns, asked: Asked) -> Emulated:
        """Draw the new points for some runs."""
        return Emulated(
            columns,
            asked,
            finder=self._finder(),
            emulator=self.emulator,
            n_new=int(self.n_new),
            hard=self.labels == "hard",
            space=self.space,
            seed=self.random_state or 0,
            peel_alphas=self.peel_alphas,
            min_runs=int(self.min_runs),
            gate=bool(self.gate),
        )

    def check_parameters(self) -> None:
        """Raise ``ValueError`` or ``TypeError`` for a parameter that is not allowed."""
        if self.finder is not None and (not isinstance(self.finder, BoxFinder) or isinstance(self.finder, REDS)):
            raise TypeError(f"finder: expected a box finder such as PRIM(), got {self.finder!r}.")
        self._finder().check_parameters()
        for name, least in (("n_new", 100), ("min_runs", 1)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
                raise ValueError(f"{name}: must be a whole number of at least {least}, got {value!r}.")
        if self.labels not in ("probability", "hard"):
            raise ValueError(f"labels: must be 'probability' or 'hard', got {self.labels!r}.")
        if self.emulator is not None and not hasattr(self.emulator, "fit"):
            raise TypeError(f"emulator: expected a scikit-learn estimator, not fitted; got {self.emulator!r}.")
        for alpha in self.peel_alphas or ():
            if not 0 < alpha < 0.5:
                raise ValueError(f"peel_alphas: each must be above 0 and below 0.5, got {alpha!r}.")

    def _finder(self) -> BoxFinder:
        from surrogate.models.boxes.prim.prim import PRIM

        return PRIM() if self.finder is None else self.finder


def check_labelling(labelling: Labelling) -> None:
    """Refuse an emulator that knows nothing, and warn about one that knows little."""
    tried = "; ".join(f"{row['name']}: log loss {row['log_loss']:.3g}" for row in labelling.candidates)
    if labelling.skill <= _SURE * labelling.skill_error:
        raise ValueError(
            f"emulator: on held-out runs none is surely better than the base rate ({tried}; the best saves "
            f"{labelling.skill:.0%} +/- {labelling.skill_error:.0%} of its log loss), so boxes found on its labels "
            "would be made up. Make more runs, or search the runs themselves: method='prim'."
        )
    if labelling.skill < _WEAK_SKILL:
        warnings.warn(
            f"The emulator of the case saves only {labelling.skill:.0%} of the base rate's log loss on held-out runs "
            f"({tried}): trust the held-out densities, not the emulator's.",
            UserWarning,
            stacklevel=4,
        )
    if labelling.calibration_error > _POOR_CALIBRATION:
        warnings.warn(
            f"The emulator's probabilities differ from shares of cases by {labelling.calibration_error:.2f} on "
            "held-out runs: trust the held-out densities, not the emulator's.",
            UserWarning,
            stacklevel=4,
        )
