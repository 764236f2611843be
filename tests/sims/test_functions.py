"""The published test functions answer what is published."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import roots_legendre

from sims.functions import Borehole, Ishigami, OTLCircuit, Piston, WingWeight

# Independent values: uqtestfuns 0.7.0 at the middle of the ranges, on the diagonal from 0.1 to 0.9, and at 0.75.
INDEPENDENT = [
    (Borehole, 70.87291264, 22.471823887418644, 105.52369777444066),
    (WingWeight, None, 256.5977013793339, 333.69705129273933),
    (OTLCircuit, 5.31061694, 5.884387812173879, 5.390762339807683),
    (Piston, 0.46439702, 0.488353175072598, 0.448410255943438),
]


@pytest.mark.parametrize(("function", "middle", "diagonal", "upper"), INDEPENDENT)
def test_an_independent_implementation_gives_the_same_numbers(function, middle, diagonal, upper):
    simulator = function()
    d = len(simulator.space)
    U = np.array([np.full(d, 0.5), np.linspace(0.1, 0.9, d), np.full(d, 0.75)])
    X = simulator.space.from_unit(U)
    y = simulator(**{name: X[name].to_numpy() for name in X})
    if middle is not None:
        assert y[0] == pytest.approx(middle, rel=1e-8)
    assert y[1] == pytest.approx(diagonal, rel=1e-12)
    assert y[2] == pytest.approx(upper, rel=1e-12)


def test_the_wing_of_a_cessna_weighs_what_the_textbook_says():
    # Gramacy, Surrogates (2020), section 1.2.1: the baseline without paint weighs 233.9 lb.
    cessna = {"Sw": 174.0, "Wfw": 252.0, "A": 7.52, "sweep": 0.0, "q": 34.0, "taper": 0.672, "tc": 0.12, "Wdg": 2000.0}
    assert WingWeight()(**cessna, Nz=3.8, Wp=0.0) == pytest.approx(233.9, abs=0.1)


@pytest.fixture(scope="module")
def ishigami_table():
    """Values on a tensor grid of Gauss-Legendre points, which integrates the function to machine precision."""
    nodes, weights = roots_legendre(24)
    x1, x2, x3 = np.meshgrid(*[np.pi * nodes] * 3, indexing="ij")
    return Ishigami()(x1=x1, x2=x2, x3=x3), weights / 2


def test_mean_and_variance_of_ishigami_are_the_analytic_ones(ishigami_table):
    y, w = ishigami_table
    mean = np.einsum("ijk,i,j,k", y, w, w, w)
    variance = np.einsum("ijk,i,j,k", (y - mean) ** 2, w, w, w)
    assert mean == pytest.approx(3.5)
    assert variance == pytest.approx(7**2 / 8 + 0.1 * np.pi**4 / 5 + 0.1**2 * np.pi**8 / 18 + 0.5)
    assert variance == pytest.approx(13.8446, abs=1e-4)


def test_sensitivity_indices_of_ishigami_are_the_published_ones(ishigami_table):
    y, w = ishigami_table
    mean = np.einsum("ijk,i,j,k", y, w, w, w)
    variance = np.einsum("ijk,i,j,k", (y - mean) ** 2, w, w, w)
    main = [np.einsum("ijk,j,k", y, w, w), np.einsum("ijk,i,k", y, w, w), np.einsum("ijk,i,j", y, w, w)]
    first = [float(np.dot((effect - mean) ** 2, w) / variance) for effect in main]
    without_x3 = np.einsum("ijk,k", y, w)
    total_x3 = 1 - np.einsum("ij,i,j", (without_x3 - mean) ** 2, w, w) / variance
    assert first == pytest.approx([0.3139, 0.4424, 0.0], abs=1e-4)
    assert total_x3 == pytest.approx(0.2437, abs=1e-4)
