"""A regular grid in one or two dimensions, with differences of second order on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# What numpy.pad calls the neighbour that a node on the edge lacks.
_PADDING = {"periodic": "wrap", "insulated": "reflect", "fixed": "edge"}


@dataclass(frozen=True)
class Grid:
    """A regular grid of nodes in one or two dimensions.

    Parameters
    ----------
    limits : (float, float) or two such pairs
        Where the domain begins and ends, along x or along x and y.
    cells : int or (int, int)
        Number of steps along each axis: even, at least 4, so that the step can be doubled and halved.
    boundary : {"fixed", "insulated", "periodic"}, default "fixed"
        All around the domain: values stay as they start, nothing flows through (zero normal derivative), or the
        domain closes on itself. Nodes include both ends, except for a periodic axis, whose ends are one node.

    Notes
    -----
    Fields are arrays whose last axes are the grid's: shape ``grid.shape``, or ``(k, *grid.shape)`` for k quantities.

    Raises
    ------
    ValueError
        If a limit pair, a number of cells or the boundary is not allowed.

    Examples
    --------
    >>> grid = Grid((0.0, 1.0), 100)
    >>> slope = grid.first(grid.x**2)
    >>> bool(abs(slope[50] - 1.0) < 1e-12)
    True
    """

    limits: tuple[Any, ...]
    cells: int | tuple[int, ...]
    boundary: str = "fixed"

    def __post_init__(self) -> None:
        pairs = (self.limits,) if np.ndim(self.limits) == 1 else tuple(self.limits)
        counts = (self.cells,) if isinstance(self.cells, int) else tuple(self.cells)
        if len(pairs) not in (1, 2) or any(len(pair) != 2 or not pair[0] < pair[1] for pair in pairs):
            raise ValueError(f"limits must be one or two pairs (low, high) with low below high, got {self.limits}.")
        if len(counts) != len(pairs) or any(n < 4 or n % 2 for n in counts):
            raise ValueError(f"cells must be an even number of at least 4 for each of {len(pairs)} axes, got {counts}.")
        if self.boundary not in _PADDING:
            raise ValueError(f"boundary must be one of {', '.join(sorted(_PADDING))}, got {self.boundary!r}.")
        object.__setattr__(self, "limits", tuple((float(low), float(high)) for low, high in pairs))
        object.__setattr__(self, "cells", counts)

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of nodes along each axis."""
        closed = self.boundary == "periodic"
        return tuple(n if closed else n + 1 for n in cast("tuple[int, ...]", self.cells))

    @property
    def steps(self) -> tuple[float, ...]:
        """Distance between neighbouring nodes along each axis."""
        counts = cast("tuple[int, ...]", self.cells)
        return tuple((high - low) / n for (low, high), n in zip(self.limits, counts, strict=True))

    @property
    def x(self) -> NDArray[np.float64]:
        """First coordinate of every node, of shape `shape`."""
        return self._coordinate(0)

    @property
    def y(self) -> NDArray[np.float64]:
        """Second coordinate of every node, of shape `shape`."""
        if len(self.shape) == 1:
            raise ValueError("y: this grid has one dimension. Give two pairs of limits for a second one.")
        return self._coordinate(1)

    def first(self, u: NDArray[np.float64], axis: int = 0) -> NDArray[np.float64]:
        """Return the first derivative of a field along an axis, by central differences; zero on insulated edges.

        On fixed edges, where a node has one neighbour, it is the difference to that neighbour, halved: use it in a
        right-hand side, in which the edges do not move, but not as a slope at the edge.
        """
        before, after, place = self._neighbours(u, axis)
        return (after - before) / (2.0 * self.steps[place])

    def second(self, u: NDArray[np.float64], axis: int = 0) -> NDArray[np.float64]:
        """Return the second derivative of a field along an axis, by central differences; see `first` on fixed edges."""
        before, after, place = self._neighbours(u, axis)
        return (after - 2.0 * u + before) / self.steps[place] ** 2

    def laplacian(self, u: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the sum of the second derivatives along all axes."""
        total = self.second(u, 0)
        return total if len(self.shape) == 1 else total + self.second(u, 1)

    def integral(self, u: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the integral of a field over the domain by the trapezoidal rule; shape () or (k,)."""
        total: Any = u
        for step in reversed(self.steps):
            ends = 0.0 if self.boundary == "periodic" else 0.5 * (total[..., 0] + total[..., -1])
            total = step * (total.sum(axis=-1) - ends)
        return np.asarray(total)

    def edge(self) -> NDArray[np.bool_]:
        """Return which nodes lie on the edge of the domain, of shape `shape`; none on a periodic grid."""
        marked = np.zeros(self.shape, dtype=bool)
        if self.boundary != "periodic":
            for axis in range(len(self.shape)):
                np.moveaxis(marked, axis, 0)[[0, -1]] = True
        return marked

    def refined(self) -> Grid:
        """Return the grid of half the step; every second of its nodes is one of this grid."""
        return Grid(self.limits, tuple(2 * n for n in cast("tuple[int, ...]", self.cells)), self.boundary)

    def coarsened(self) -> Grid:
        """Return the grid of twice the step; its nodes are every second one of this grid."""
        halves = tuple(n // 2 for n in cast("tuple[int, ...]", self.cells))
        if any(n < 4 or n % 2 for n in halves):
            raise ValueError(f"cells: doubling the step needs multiples of 4, at least 8, got {self.cells}.")
        return Grid(self.limits, halves, self.boundary)

    def sparsity(self, quantities: int, reach: int) -> Any:
        """Return which nodes the change of a node depends on: a sparse matrix over the flattened state.

        A node depends on all `quantities` at the nodes that are at most `reach` steps away along each axis.
        """
        from scipy.sparse import csr_array, diags_array, kron

        pattern = csr_array(np.ones((quantities, quantities)))
        for n in self.shape:
            offsets = set(range(-min(reach, n - 1), min(reach, n - 1) + 1))
            if self.boundary == "periodic":
                offsets |= {offset - n for offset in offsets if offset > 0} | {
                    offset + n for offset in offsets if offset < 0
                }
            band = diags_array(np.ones(len(offsets)), offsets=sorted(offsets), shape=(n, n))
            pattern = kron(pattern, band, format="csr")
        return pattern

    def _coordinate(self, axis: int) -> NDArray[np.float64]:
        lines = [
            low + step * np.arange(n) for (low, _), step, n in zip(self.limits, self.steps, self.shape, strict=True)
        ]
        return np.asarray(np.meshgrid(*lines, indexing="ij")[axis])

    def _neighbours(self, u: NDArray[np.float64], axis: int) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
        """Return the fields shifted by one node to either side, and the axis counted from the front."""
        dimensions = len(self.shape)
        if not 0 <= axis < dimensions or u.shape[-dimensions:] != self.shape:
            raise ValueError(
                f"a field of shape (..., {self.shape}) and an axis below {dimensions} are needed, got "
                f"shape {u.shape} and axis {axis}."
            )
        place = axis - dimensions
        widths = [(0, 0)] * u.ndim
        widths[place] = (1, 1)
        padded = np.moveaxis(np.pad(u, widths, mode=_PADDING[self.boundary]), place, 0)  # type: ignore[call-overload]
        return np.moveaxis(padded[:-2], 0, place), np.moveaxis(padded[2:], 0, place), axis
