"""A model for controllers and optimisers: one row in, its outputs out, in microseconds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from surrogate.export.formula import TINY, ClassNetwork, ClassTrees, Kriging, Level, Polynomial, Trees, Warp
from surrogate.export.portable import Portable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

_CORRELATIONS = {"squared_exponential": 0, "distance": 1, "cube": 3, "matern52": 5, "matern72": 7}
_ACTIVATIONS = {"tanh": 0, "relu": 1, "logistic": 2}


class OneRow:
    """Compiled answer for one row, without checks that cost more than the answer.

    Compiling takes some seconds in the first process that does it. Threads may share one, and run side by side.

    Parameters
    ----------
    portable : Portable
        The model.

    Examples
    --------
    >>> from surrogate.models.records import Constant
    >>> from surrogate.space import Space
    >>> fast = OneRow(Portable(Space({"x": (0.0, 1.0)}), {"y": Constant(value=2.5, spread=0.0, n_inputs=1)}))
    >>> fast([0.5])
    2.5
    """

    def __init__(self, portable: Portable) -> None:
        self._shape = (len(portable.names),)
        self._codes = [
            None if values is None else {value: float(i) for i, value in enumerate(values)}
            for values in portable.categories
        ]
        self._mixed = any(codes is not None for codes in self._codes)
        self._parts = [
            _part(formula, portable)._replace(warp=portable.warps.get(name))
            for name, formula in portable.formulas.items()
        ]
        for part in self._parts:  # compiled now, so that no call has to wait
            part.answer(np.zeros(self._shape))

    def __call__(self, x: Sequence[Any] | NDArray[Any]) -> Any:
        """Answer for one row.

        Parameters
        ----------
        x : array_like of shape (d,)
            Inputs in the order of the space, categories as their values. A float64 array is fastest.

        Returns
        -------
        float, or ndarray of shape (k,) for several outputs
            NaN where an input is no number or no category.

        Raises
        ------
        ValueError
            If there are not `d` inputs.
        """
        row = x if type(x) is np.ndarray and x.dtype == np.float64 and not self._mixed else self._read(x)
        if row.shape != self._shape:
            raise ValueError(f"x: expected shape {self._shape}, one row; got {row.shape}.")
        good = all(map(math.isfinite, row.tolist()))
        if len(self._parts) == 1:
            return self._parts[0].answer(row) if good else math.nan
        return np.array([part.answer(row) if good else math.nan for part in self._parts])

    def _read(self, x: Sequence[Any] | NDArray[Any]) -> NDArray[np.float64]:
        if self._mixed and len(x) == len(self._codes):
            x = [v if codes is None else codes.get(v, math.nan) for v, codes in zip(x, self._codes, strict=True)]
        return np.array(x, dtype=np.float64)


class _Part(NamedTuple):
    """One output: what makes its columns of a row, what makes its answer of these, and the tables of both."""

    columns: Callable[..., Any] | None
    scales: tuple[Any, ...]
    formula: Callable[..., float]
    tables: tuple[Any, ...]
    warp: Warp | None = None

    def answer(self, row: NDArray[np.float64]) -> float:
        z = self.formula(row if self.columns is None else self.columns(row, *self.scales), *self.tables)
        return z if self.warp is None else _warped(z, self.warp)


def _part(formula: Any, portable: Portable) -> _Part:
    """Choose the kernels of a formula and lay out its tables."""
    if isinstance(formula, ClassTrees | ClassNetwork):
        raise ValueError("fast: a classifier has several answers; export it as '.py' or '.c'.")
    if isinstance(formula, Level):
        return _Part(None, (), _level, (formula.value,))
    from surrogate.export import one_row_kernel as compiled

    columns = portable.columns
    made_of = np.array([c.input for c in columns]), np.array([c.code for c in columns])
    on_log = np.array([c.kind == "log" for c in columns])
    scales = *made_of, on_log, np.array([c.low for c in columns]), np.array([c.width for c in columns]), TINY
    if isinstance(formula, Trees):
        walk = formula.walk
        tables = (walk.roots, int(walk.steps.max()), walk.feature, walk.cut, walk.first, walk.value, formula.base)
        plain = all(values is None for values in portable.categories)
        return _Part(None if plain else compiled.natural, made_of, compiled.trees, _own(tables))
    if isinstance(formula, Polynomial):
        return _Part(compiled.scaled, scales, compiled.polynomial, _own(_polynomial(formula)))
    if isinstance(formula, Kriging):
        points = np.ascontiguousarray(formula.points.T)
        runs: tuple[Any, ...] = (_CORRELATIONS[formula.correlation], points, formula.inverse, formula.weights)
        if isinstance(formula.trend, Polynomial):
            if formula.interaction is None:
                return _Part(compiled.scaled, scales, compiled.radial, _own((*runs, *_polynomial(formula.trend))))
            runs = (*runs, formula.interaction, *_polynomial(formula.trend))
            return _Part(compiled.scaled, scales, compiled.universal_kriging, _own(runs))
        runs = (*runs, formula.trend)
        return _Part(compiled.scaled, scales, compiled.kriging, _own(runs))
    widths = np.array([formula.weights[0].shape[1], *(w.shape[2] for w in formula.weights)])
    weights, biases = (np.concatenate([a.ravel() for a in layers]) for layers in (formula.weights, formula.biases))
    members, activation = len(formula.weights[0]), _ACTIVATIONS[formula.activation]
    return _Part(compiled.scaled, scales, compiled.network, (widths, weights, biases, members, activation))


def _polynomial(formula: Polynomial) -> tuple[Any, ...]:
    return formula.location, formula.width, formula.degrees, formula.coefficients


def _warped(z: float, warp: Warp) -> float:
    z = min(max(z, warp.low), warp.high)
    if warp.power is None:
        return warp.spread * math.exp(z)
    power = warp.power if z >= 0.0 else 2.0 - warp.power
    t = math.expm1(abs(z)) if power == 0.0 else math.expm1(math.log1p(power * abs(z)) / power)
    return warp.center + warp.spread * math.copysign(t, z)


def _level(row: NDArray[np.float64], value: float) -> float:
    return value


def _own(tables: tuple[Any, ...]) -> tuple[Any, ...]:
    """Copy arrays: records' are read-only, which would be compiled once more."""
    return tuple(table.copy() if isinstance(table, np.ndarray) else table for table in tables)
