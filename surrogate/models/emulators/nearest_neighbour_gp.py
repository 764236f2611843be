"""Nearest-neighbour Gaussian process: as accurate as kriging for thousands of runs, at a cost that grows with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.utils import check_random_state

from surrogate.models.emulators.emulator import Emulator
from surrogate.models.emulators.gaussian_process import GaussianProcess
from surrogate.models.records.gaussian_process import GaussianProcessRecord
from surrogate.models.records.nearest_neighbour_gp import NearestNeighbourGPRecord

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from surrogate.models.records import Record

    FloatArray = NDArray[np.float64]


class NearestNeighbourGP(Emulator):
    """A Gaussian process whose parameters come from a part of the runs, and which asks the nearest runs at each point.

    Far runs say nothing that the near ones have not said already (the screening effect), so that an answer costs no
    more than the search for neighbours. "Near" is measured in length scales, as in scaled Vecchia approximations.

    Parameters
    ----------
    neighbours : int, default 50
        Runs asked at each point; more are more exact and cost their cube.
    n_search : int, default 1000
        Runs, drawn at random, that length scales and nugget are estimated from.
    kernel : {"auto", "matern52", "matern72", "squared_exponential"}, default "auto"
        As in `GaussianProcess`.
    start : mapping of str to sequence of float, optional
        As in `GaussianProcess`.
    random_state : int, RandomState or None, default 0
        Draws the part of the runs and the starts.

    Attributes
    ----------
    record_ : NearestNeighbourGPRecord
        What predicts.
    search_ : dict of str to tuple of float
        Where the search of each kernel ended.

    References
    ----------
    Katzfuss, M., Guinness, J., Lawrence, E. (2022). Scaled Vecchia approximation for fast computer-model emulation.
    SIAM/ASA Journal on Uncertainty Quantification 10, 537-554.

    Examples
    --------
    >>> X = np.random.default_rng(0).random((3000, 2))
    >>> model = NearestNeighbourGP(n_search=200).fit(X, np.sin(9 * X[:, 0]) * X[:, 1])
    >>> bool(abs(model.predict([[0.5, 0.5]])[0] - np.sin(4.5) / 2) < 1e-4)
    True
    """

    def __init__(
        self,
        *,
        neighbours: int = 50,
        n_search: int = 1000,
        kernel: str = "auto",
        start: Mapping[str, tuple[float, ...]] | None = None,
        random_state: object = 0,
    ) -> None:
        self.neighbours = neighbours
        self.n_search = n_search
        self.kernel = kernel
        self.start = start
        self.random_state = random_state

    def _fit(self, X: FloatArray, y: FloatArray) -> Record:
        for name in ("neighbours", "n_search"):
            if getattr(self, name) < 2:
                raise ValueError(f"{name}: at least 2 are needed; got {getattr(self, name)}.")
        random = check_random_state(self.random_state)
        part = np.sort(random.permutation(len(X))[: self.n_search])
        process = GaussianProcess(self.kernel, start=self.start, random_state=random.randint(2**31 - 1))
        record = process.fit(X[part], y[part]).record_
        if not isinstance(record, GaussianProcessRecord):  # a constant: the output hardly ever varies
            return record
        self.search_ = process.search_
        return NearestNeighbourGPRecord(
            correlation=record.correlation,
            location=record.location,
            length=record.length,
            points=np.ascontiguousarray((X - record.location) / record.length),
            outputs=y,
            trend=record.trend,
            scale=record.scale,
            nugget=max(record.nugget, 1e-10),  # neighbours may be as good as equal
            neighbours=min(self.neighbours, len(X)),
        )
