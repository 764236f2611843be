"""Multi-fidelity emulator: many runs of a cheap variant of the simulator help a few of the expensive one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np
from sklearn.base import clone

from surrogate.models.emulators.emulator import Emulator
from surrogate.models.emulators.gaussian_process import GaussianProcess
from surrogate.models.emulators.kriging import Kriging
from surrogate.models.emulators.polynomial_chaos import PolynomialChaos
from surrogate.models.records.multi_fidelity import MultiFidelityRecord

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from surrogate.models.records import Record

    FloatArray = NDArray[np.float64]


class MultiFidelity(Emulator):
    """An emulator that is told what an emulator of the cheap variant says, as one more feature.

    With `Kriging` and its trend "last_feature" this is co-kriging: the expensive answer is a multiple of the cheap one
    and a smooth difference, and where the relation is no multiple the correlation, which sees the cheap answer too,
    follows it.

    Parameters
    ----------
    cheap : Record
        Fitted half of an emulator of the cheap variant, of the same features.
    emulator : Emulator, optional
        What learns the expensive answer; cloned. Default ``Kriging("last_feature")``.

    Attributes
    ----------
    record_ : MultiFidelityRecord
        What predicts.
    emulator_ : Emulator
        The fitted inner emulator.

    References
    ----------
    Kennedy, M. C., O'Hagan, A. (2000). Predicting the output from a complex computer code when fast approximations are
    available. Biometrika 87, 1-13.

    Forrester, A. I. J., Sobester, A., Keane, A. J. (2007). Multi-fidelity optimization via surrogate modelling.
    Proceedings of the Royal Society A 463, 3251-3269.

    Perdikaris, P., Raissi, M., Damianou, A., Lawrence, N. D., Karniadakis, G. E. (2017). Nonlinear information fusion
    algorithms for data-efficient multi-fidelity modelling. Proceedings of the Royal Society A 473, 20160751.

    Examples
    --------
    >>> many, few = np.linspace(0, 1, 30)[:, None], np.linspace(0, 1, 6)[:, None]
    >>> cheap = GaussianProcess().fit(many, np.sin(12 * many[:, 0]))
    >>> model = MultiFidelity(cheap.record_).fit(few, 2 * np.sin(12 * few[:, 0]) + few[:, 0])
    >>> bool(abs(model.predict([[0.31]])[0] - 2 * np.sin(12 * 0.31) - 0.31) < 0.01)
    True
    """

    def __init__(self, cheap: Record, emulator: Emulator | None = None) -> None:
        self.cheap = cheap
        self.emulator = emulator

    def _fit(self, X: FloatArray, y: FloatArray) -> Record:
        emulator = Kriging("last_feature") if self.emulator is None else clone(self.emulator)
        self.emulator_ = emulator.fit(np.column_stack([X, self.cheap.predict(X)]), y)
        return MultiFidelityRecord(self.cheap, self.emulator_.record_)

    def resumed(self) -> Self:
        """Return an unfitted copy whose inner search starts where this one's ended."""
        copy: Self = clone(self)
        copy.emulator = self.emulator_.resumed()
        return copy


def multi_fidelity_candidates(cheap: Record, n: int, seed: int = 0) -> dict[str, Emulator]:
    """Return the emulators that are worth trying where a cheap variant is known.

    Parameters
    ----------
    cheap : Record
        Emulator of the cheap variant.
    n : int
        Number of runs of the expensive one; 500 at most, beyond them it needs no help.
    seed : int, default 0
        Their ``random_state``.

    Returns
    -------
    dict of str to Emulator
        Not fitted, by the name of their kind.

    Examples
    --------
    >>> from surrogate.models.records import Constant
    >>> list(multi_fidelity_candidates(Constant(0.0, 0.0, 1), 10))
    ['co_kriging', 'multi_fidelity_gaussian_process', 'multi_fidelity_polynomial_chaos']
    """
    if n > 500:
        return {}
    return {
        "co_kriging": MultiFidelity(cheap, Kriging("last_feature", random_state=seed)),
        "multi_fidelity_gaussian_process": MultiFidelity(cheap, GaussianProcess(random_state=seed)),
        "multi_fidelity_polynomial_chaos": MultiFidelity(cheap, PolynomialChaos()),
    }
