"""Polynomials that are orthonormal under the declared distributions of the inputs, as sums of Legendre polynomials."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from surrogate.models.records.polynomial_chaos import legendre
from surrogate.space.real import Real

if TYPE_CHECKING:
    from surrogate.models.emulators.emulator import Emulator
    from surrogate.space import Space

FloatArray = NDArray[np.float64]
Degrees = NDArray[np.int32]

#: For each feature a matrix that `orthonormal` makes, None where Legendre polynomials are orthonormal as they are.
Bases = tuple[FloatArray | None, ...]

_HIGHEST = 14  # degree
_NODES = 12  # of Gauss and Legendre, in each of the panels
_HALVINGS = 60  # panels towards both ends, each half as probable as the one before
_INDEPENDENT = 1e-8  # share of a polynomial's norm that those of lower degree must leave of it
_NEGLIGIBLE = 1e-15  # of the largest coefficient


def orthonormal(features: FloatArray, weights: FloatArray, highest: int = _HIGHEST) -> FloatArray:
    """Orthonormalise Legendre polynomials under a distribution.

    Parameters
    ----------
    features : ndarray of shape (m,)
        Nodes of a quadrature under the distribution; 0 to 1 is where Legendre polynomials are taken.
    weights : ndarray of shape (m,)
        Its weights; they add up to 1.
    highest : int, default 14
        The highest degree.

    Returns
    -------
    ndarray of shape (k + 1, k + 1)
        Upper triangular: column i holds the Legendre polynomial of degree i in terms of the orthonormal ones. Fewer
        degrees than asked for where rounding no longer tells them apart, as for a discrete distribution.

    Notes
    -----
    For a normal, gamma and beta distribution these are the polynomials of Hermite, Laguerre and Jacobi (Xiu and
    Karniadakis 2002). A triangular factorisation of their values at the nodes is a stable way to all of them
    (Gautschi 2004, section 2.1, discretisation).

    References
    ----------
    Xiu, D., Karniadakis, G. E. (2002). The Wiener-Askey polynomial chaos for stochastic differential equations. SIAM
    Journal on Scientific Computing 24, 619-644.

    Gautschi, W. (2004). Orthogonal polynomials: computation and approximation. Oxford University Press.

    Examples
    --------
    >>> nodes, weights = np.polynomial.legendre.leggauss(20)
    >>> bool(np.allclose(orthonormal((nodes + 1) / 2, weights / 2, 5), np.eye(6)))
    True
    """
    values = legendre(2.0 * features - 1.0, min(highest, len(features) - 1)) * np.sqrt(weights)
    triangle = np.linalg.qr(values.T, mode="r")
    triangle *= np.sign(np.diag(triangle))[:, None]
    apart = np.diag(triangle) > _INDEPENDENT * np.linalg.norm(triangle, axis=0)
    kept = int(np.argmin(apart)) if not apart.all() else len(apart)
    return np.ascontiguousarray(triangle[:kept, :kept])


def declared_bases(space: Space) -> Bases | None:
    """Return the bases that the distributions of a space ask for.

    Parameters
    ----------
    space : Space
        What may vary.

    Returns
    -------
    tuple of ndarray or None, one a feature, or None
        None for a feature without a distribution, and altogether where no distribution is declared.
    """
    bases: list[FloatArray | None] = []
    for name, parameter in space.parameters.items():
        if isinstance(parameter, Real) and parameter.distribution is not None:
            values, weights = quadrature(parameter)
            features = parameter.features(values)[:, 0]
            bases.append(orthonormal(features, weights) if np.isfinite(features).all() else None)
        else:
            bases += [None] * len(parameter.feature_names(name))
    return tuple(bases) if any(basis is not None for basis in bases) else None


def quadrature(parameter: Real) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights of an integral over the distribution of a parameter, truncated to its limits.

    Gauss and Legendre over the probability, in panels that halve towards both ends: tails count for high degrees.

    Parameters
    ----------
    parameter : Real
        With a distribution.

    Returns
    -------
    values, weights : ndarray of shape (m,)
        The weights add up to 1.

    Examples
    --------
    >>> from scipy.stats import norm
    >>> values, weights = quadrature(Real(-np.inf, np.inf, distribution=norm(3, 2)))
    >>> bool(np.isclose(weights @ (values - 3) ** 4, 3 * 2**4, rtol=1e-6))
    True
    """
    distribution = parameter.distribution
    below, above = float(distribution.cdf(parameter.low)), float(distribution.sf(parameter.high))
    edges = np.concatenate([[0.0], 0.5 ** np.arange(_HALVINGS, 0, -1)])
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    width = np.diff(edges)[:, None]
    share = (edges[:-1, None] + width * (nodes + 1.0) / 2.0).ravel() * (1.0 - below - above)
    values = np.concatenate([distribution.ppf(below + share), distribution.isf(above + share)])
    half = (width * weights / 2.0).ravel()
    return np.clip(values, parameter.low, parameter.high), np.concatenate([half, half])


def set_bases(candidates: Mapping[str, Emulator], bases: Bases | None) -> None:
    """Give the bases to all emulators that have a parameter called so, also to those inside of others."""
    for emulator in candidates.values():
        names = [name for name in emulator.get_params() if name.split("__")[-1] == "bases"]
        emulator.set_params(**dict.fromkeys(names, bases))


def basis_values(X: FloatArray, degrees: Degrees, bases: Sequence[FloatArray | None]) -> FloatArray:
    """Values of products of orthonormal polynomials.

    Parameters
    ----------
    X : ndarray of shape (n, p)
        Features.
    degrees : ndarray of int32, shape (terms, p)
        One row a product.
    bases : sequence of ndarray or None
        One a feature, as `orthonormal` makes them.

    Returns
    -------
    ndarray of shape (n, terms)
    """
    values = np.ones((len(degrees), len(X)))
    for j, basis in enumerate(bases):
        highest = int(degrees[:, j].max(initial=0))
        if highest:
            table = legendre(2.0 * X[:, j] - 1.0, highest)
            if basis is not None:
                table = np.asarray(np.linalg.solve(basis[: highest + 1, : highest + 1].T, table), dtype=np.float64)
            values *= table[degrees[:, j]]
    return values.T


def to_legendre(degrees: Degrees, coefficients: FloatArray, bases: Bases) -> tuple[Degrees, FloatArray]:
    """Write a sum of products of orthonormal polynomials in those of Legendre; the inverse of `from_legendre`.

    Parameters
    ----------
    degrees : ndarray of int32, shape (terms, p)
        One row a product.
    coefficients : ndarray of shape (terms,)
        One a product.
    bases : tuple of ndarray or None
        One a feature.

    Returns
    -------
    degrees : ndarray of int32, shape (more, p)
    coefficients : ndarray of shape (more,)
    """
    return _changed(degrees, coefficients, [None if one is None else np.asarray(np.linalg.inv(one)) for one in bases])


def from_legendre(degrees: Degrees, coefficients: FloatArray, bases: Bases) -> tuple[Degrees, FloatArray]:
    """Write a sum of products of Legendre polynomials in the orthonormal ones, as `to_legendre` takes them.

    Examples
    --------
    >>> nodes, weights = np.polynomial.hermite_e.hermegauss(30)
    >>> basis = orthonormal(nodes, weights / weights.sum(), 3)
    >>> square = np.array([[1]], dtype=np.int32), np.array([1.0])  # sqrt(3) (2 x - 1), x normal
    >>> np.square(from_legendre(*square, (basis,))[1]).round(6)
    array([ 3., 12.])
    """
    return _changed(degrees, coefficients, list(bases))


def _changed(
    degrees: Degrees, coefficients: FloatArray, matrices: Iterable[NDArray[np.floating] | None]
) -> tuple[Degrees, FloatArray]:
    """Replace the polynomial of degree k of a feature by the sum that column k of its matrix says."""
    for j, matrix in enumerate(matrices):
        if matrix is None:
            continue
        lower, term = np.nonzero(matrix[:, degrees[:, j]])
        degrees_now = degrees[term].copy()
        degrees_now[:, j] = lower
        products = coefficients[term] * matrix[lower, degrees[term, j]]
        degrees, place = np.unique(degrees_now, axis=0, return_inverse=True)
        coefficients = np.zeros(len(degrees))
        np.add.at(coefficients, place.reshape(-1), products)
        kept = np.abs(coefficients) > _NEGLIGIBLE * np.abs(coefficients).max(initial=0.0)
        degrees, coefficients = degrees[kept], coefficients[kept]
    return degrees.astype(np.int32), coefficients
