"""A pandemic of a new flu in two regions of the world."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np

from sims.adapters.integration import check_parameters
from surrogate.space import Real, Space

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_MONTHS = 48
_STEPS_A_MONTH = 16
_STEPS_A_SAMPLE = 4
_POPULATION = np.array([6e8, 3e9])
# Where the year of immunity begins in each region, in radians.
_SEASON = np.array([5.0, 1.5])
_FIRST_CASES = np.array([0.0, 10.0])
_BLOCK = 2000  # runs whose states stay within a processor's cache


class Influenza:
    """The flu pandemic A(H1N1) of 2009 as it was feared: two regions, seasonal immunity, frightened people.

    People in region r are susceptible S, infected I, immune M or recovered R, of N in all; f = I / N. Time is in
    months, people are counted::

        dS/dt = -infections - immunisation        infections   = S infection (contacts f + interregional_contacts f')
        dI/dt = infections - I / recovery_time    contacts     = normal (1 - f^(1 / contact_root))
        dM/dt = immunisation                      immunisation = (immune N - M) / immunity_delay
        dR/dt = (1 - fatality) I / recovery_time  immune       = permanent + seasonal (1 + sin(t / 2 + phase)) / 2

    f' is the other region's infected fraction. Immunisation moves at most S / immunity_delay one way and
    M / immunity_delay the other way; in region 2 the immune fraction is at most permanent + seasonal of region 1. Six
    hundred million people live in region 1, three billion in region 2, where ten of them are infected at first.

    Inputs, for region 1 and 2; fractions and the contact root are dimensionless: ``infection_1``, ``infection_2``
    (infections per contact), ``contacts_1``, ``contacts_2`` (normal contacts a month), ``contact_root_1``,
    ``contact_root_2`` (the larger, the sooner people stay at home), ``recovery_time_1``, ``recovery_time_2``,
    ``fatality_1``, ``fatality_2``, ``permanent_1``, ``permanent_2``, ``seasonal_1``, ``seasonal_2``,
    ``initial_immune_1``, ``initial_immune_2`` (fractions of the population), ``immunity_delay_1``,
    ``immunity_delay_2``, and ``interregional_contacts``.

    Outputs, all of region 1: the ``deaths`` in 48 months, the largest fraction infected ``peak`` and its
    ``peak_month``, and the field ``infected``: the fraction infected in steps of a quarter of a month, 193 numbers.

    Notes
    -----
    Integrated by the classical Runge-Kutta method with 16 steps a month, as in the published runs.

    References
    ----------
    Pruyt, E. and Hamarat, C. (2010). The influenza A(H1N1)v pandemic: an exploratory system dynamics approach.
    Proceedings of the 28th International Conference of the System Dynamics Society, Seoul.
    Kwakkel, J. H. (2017). The Exploratory Modeling Workbench. Environmental Modelling & Software 96, 239-250 (ranges).

    Examples
    --------
    >>> inputs = {"infection": 0.05, "contacts": 50.0, "contact_root": 1.0, "recovery_time": 0.5, "fatality": 0.01,
    ...           "permanent": 0.1, "seasonal": 0.2, "initial_immune": 0.1, "immunity_delay": 1.0}
    >>> both = {f"{name}_{region}": value for name, value in inputs.items() for region in (1, 2)}
    >>> mild = Influenza()(**both, interregional_contacts=0.5)
    >>> float(mild["peak"]) < 0.05
    True
    """

    reference: ClassVar[str] = "Pruyt and Hamarat (2010), 28th International System Dynamics Conference"
    units: ClassVar[dict[str, str]] = {"deaths": "person", "peak": "1", "peak_month": "month", "infected": "1"}
    outputs: ClassVar[tuple[str, ...]] = tuple(units)
    vectorized: ClassVar[bool] = True
    space: ClassVar[Space] = Space(
        {
            "infection_1": Real(0.0, 0.15),
            "infection_2": Real(0.0, 0.15),
            "contacts_1": Real(10.0, 100.0, unit="1/month"),
            "contacts_2": Real(10.0, 200.0, unit="1/month"),
            "contact_root_1": Real(0.01, 5.0),
            "contact_root_2": Real(0.01, 5.0),
            "recovery_time_1": Real(0.1, 0.75, unit="month"),
            "recovery_time_2": Real(0.1, 0.75, unit="month"),
            "fatality_1": Real(0.0001, 0.1),
            "fatality_2": Real(0.0001, 0.1),
            "permanent_1": Real(0.0, 0.5),
            "permanent_2": Real(0.0, 0.5),
            "seasonal_1": Real(0.0, 0.5),
            "seasonal_2": Real(0.0, 0.5),
            "initial_immune_1": Real(0.0, 0.5),
            "initial_immune_2": Real(0.0, 0.5),
            "immunity_delay_1": Real(0.5, 2.0, unit="month"),
            "immunity_delay_2": Real(0.5, 2.0, unit="month"),
            "interregional_contacts": Real(0.0, 0.9, unit="1/month"),
        }
    )

    def __call__(self, **parameters: float | Floats) -> dict[str, Floats]:
        """Run with every parameter of `space` by name: numbers, or arrays of shape (n,) for n runs at once."""
        check_parameters(parameters, self.space.names)
        columns = np.broadcast_arrays(*(np.asarray(parameters[name], dtype=np.float64) for name in self.space.names))
        shape = columns[0].shape
        inputs = np.stack([column.reshape(-1) for column in columns])
        blocks = [
            _run(_Regions.of(dict(zip(self.space.names, inputs[:, i : i + _BLOCK], strict=True))))
            for i in range(0, max(inputs.shape[1], 1), _BLOCK)
        ]
        deaths, infected = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
        every_step = infected.reshape((*shape, infected.shape[-1]))
        return {
            "deaths": deaths.reshape(shape),
            "peak": every_step.max(axis=-1),
            "peak_month": every_step.argmax(axis=-1) / _STEPS_A_MONTH,
            "infected": every_step[..., ::_STEPS_A_SAMPLE].copy(),
        }


class _Regions(NamedTuple):
    """The inputs of n runs, each of shape (2, n): region 1 and region 2."""

    infection: Floats
    contacts: Floats
    contact_root: Floats
    recovery_time: Floats
    fatality: Floats
    permanent: Floats
    seasonal: Floats
    initial_immune: Floats
    immunity_delay: Floats
    interregional_contacts: Floats

    @classmethod
    def of(cls, inputs: dict[str, Floats]) -> _Regions:
        """Pair the inputs of the two regions."""
        pairs = [np.stack([inputs[f"{name}_1"], inputs[f"{name}_2"]]) for name in cls._fields[:-1]]
        return cls._make([*pairs, inputs["interregional_contacts"]])


def _run(regions: _Regions) -> tuple[Floats, Floats]:
    """Return the deaths, shape (n,), and the fraction infected in every step, shape (n, steps + 1), of region 1."""
    population, first = (values[:, None] for values in (_POPULATION, _FIRST_CASES))
    immune = regions.initial_immune * population
    zero = np.zeros_like(immune)
    state = np.stack([population - immune, zero + first, immune, zero, zero])
    steps = _MONTHS * _STEPS_A_MONTH
    infected = np.empty((immune.shape[1], steps + 1))
    infected[:, 0] = state[1, 0] / state[:4, 0].sum(axis=0)
    h = 1.0 / _STEPS_A_MONTH
    for step in range(steps):
        t = step * h
        k1 = _change(t, state, regions)
        k2 = _change(t + h / 2, state + h / 2 * k1, regions)
        k3 = _change(t + h / 2, state + h / 2 * k2, regions)
        k4 = _change(t + h, state + h * k3, regions)
        state = state + h / 6 * (k1 + 2 * (k2 + k3) + k4)
        infected[:, step + 1] = state[1, 0] / state[:4, 0].sum(axis=0)
    return state[4, 0], infected


def _change(t: float, state: Floats, regions: _Regions) -> Floats:
    """Return the rates at which susceptible, infected, immune, recovered and dead people change, shape (5, 2, n)."""
    susceptible, infected, immune, _, _ = state
    people = state[:4].sum(axis=0)
    fraction = infected / people
    contacts = regions.contacts * (1.0 - fraction ** (1.0 / regions.contact_root))
    met = contacts * fraction + regions.interregional_contacts * fraction[::-1]
    infections = susceptible * regions.infection * met

    target = regions.permanent + 0.5 * regions.seasonal * (1.0 + np.sin(0.5 * t + _SEASON))[:, None]
    target[1] = np.minimum(target[1], regions.permanent[0] + regions.seasonal[0])
    moved = np.maximum(np.minimum(target * people - immune, susceptible), -immune) / regions.immunity_delay

    ended = infected / regions.recovery_time
    died = regions.fatality * ended
    return np.stack([-infections - moved, infections - ended, moved, ended - died, died])
