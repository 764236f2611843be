"""A DICE-like model of the climate and the economy: what a carbon price costs, and what it saves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from sims.adapters.integration import check_parameters
from surrogate.space import Real, Space

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_PERIODS = 100
_STEP = 5  # years
_YEARS = _STEP * np.arange(float(_PERIODS))  # after 2015
_CARBON = 3.666  # t CO2 in a t of carbon, as DICE rounds it
_DEPRECIATION = 0.1  # 1/year
_CAPITAL_SHARE = 0.3
_COST_EXPONENT = 2.6
_FOSSIL = 6000.0  # GtC that can be burnt
_DOUBLING = 3.6813  # W/m2 for twice the carbon dioxide
_TIME_PREFERENCE = 0.015  # 1/year
_ELASTICITY = 1.45  # of the marginal utility of consumption
_SAVINGS = (_DEPRECIATION + 0.004) / (_DEPRECIATION + 0.004 * _ELASTICITY + _TIME_PREFERENCE) * _CAPITAL_SHARE
# Trillions of 2010 US$: DICE scales welfare so that it is the present value of consumption in its base run.
_WELFARE_SCALE, _WELFARE_SHIFT = 0.0302455265681763, -10993.704
_REPORTED = 38  # periods of the fields: 2015 to 2200
_IN_2100 = 17
_BLOCK = 1000  # runs whose paths take some 20 MB
_PULSE = 1.0  # GtCO2 a year for five years, more and less: small enough that the social cost is a derivative


class _Paths(NamedTuple):
    """What a run leaves behind: arrays of shape (periods, ...)."""

    temperature: Floats
    emissions: Floats
    damages: Floats
    abatement: Floats
    consumption: Floats  # thousands of US$ a head
    welfare: Floats


class ClimateEconomy:
    """The climate-economy model DICE-2016R: growth emits, emissions warm, warming and its avoidance cost output.

    In steps of five years from 2015 on, with output Q and capital K in trillions of 2010 US$, population L in
    billions, emissions E in GtCO2 a year, carbon M in GtC, temperature T in kelvin above 1900::

        Q = A L^0.7 K^0.3                                       K' = 0.9^5 K + 5 s Y
        Y = Q (1 - damage_coefficient T^2 - theta mu^2.6)       consumption C = (1 - s) Y
        E = sigma Q (1 - mu) + land use
        M' = B M + 5 E / 3.666                                  atmosphere, upper ocean and biosphere, lower ocean
        F = 3.6813 log2(M_atmosphere / 588) + other forcing
        T' = T + 0.1005 (F' - 3.6813 / climate_sensitivity T - 0.088 (T - T_ocean))

    The policy is a carbon price, at which emissions are cut by ``mu = (price / backstop price)^(1 / 1.6)``, at most
    by all of them; once 6000 GtC have been burnt nothing is left to emit. Welfare is the sum over periods of
    ``L (c^-0.45 - 1) / -0.45``, discounted by 1.5 % a year. Where DICE optimises the savings rate, s is its long-run
    optimum of 0.26 here.

    What is uncertain: the ``climate_sensitivity`` (warming by twice the carbon dioxide), ``productivity_growth`` (of
    A, in the first five years; dimensionless), the ``damage_coefficient``, the ``population`` that the world tends to,
    ``decarbonisation`` (decline of sigma, in 2015), ``carbon_uptake`` (carbon of the upper ocean and biosphere in
    equilibrium: the more, the faster the atmosphere is relieved) and the ``backstop_price`` in 2015 of cutting the
    last ton. The ranges of sensitivity, damages, decarbonisation and uptake hold about 90 % of the distributions of
    Nordhaus (2018).

    Outputs: ``temperature_2100``, ``emissions_2100`` (industrial and land use), what climate damages
    (``damages_2100``) and emission control (``abatement_2100``) cost as fractions of gross output in 2100,
    ``welfare`` as DICE scales it, the ``social_cost`` of a ton of carbon dioxide emitted in 2015, and the fields
    ``temperature`` and ``emissions``, 38 numbers for 2015, 2020, ..., 2200.

    Parameters
    ----------
    carbon_price : float, default 2.0
        The policy: price of a ton of carbon dioxide in 2015, in 2010 US$. The default is DICE's base run.
    price_growth : float, default 0.02
        Growth of the price a year.

    References
    ----------
    Nordhaus, W. D. (2017). Revisiting the social cost of carbon. PNAS 114, 1518-1523.
    Nordhaus, W. D. (2018). Projections and uncertainties about climate change in an era of minimal climate policies.
    American Economic Journal: Economic Policy 10(3), 333-360.

    Examples
    --------
    >>> central = {"climate_sensitivity": 3.1, "productivity_growth": 0.076, "damage_coefficient": 0.00236,
    ...            "population": 11.5, "decarbonisation": 0.0152, "carbon_uptake": 360.0, "backstop_price": 550.0}
    >>> base = ClimateEconomy()(**central)
    >>> round(float(base["temperature_2100"]), 1)
    4.1
    >>> taxed = ClimateEconomy(carbon_price=40.0, price_growth=0.03)(**central)
    >>> bool(taxed["temperature_2100"] < base["temperature_2100"])
    True
    """

    reference: ClassVar[str] = "Nordhaus (2017), PNAS 114, 1518-1523"
    units: ClassVar[dict[str, str]] = {
        "temperature_2100": "K",
        "emissions_2100": "GtCO2/year",
        "damages_2100": "1",
        "abatement_2100": "1",
        "welfare": "10^12 US$",
        "social_cost": "US$/t",
        "temperature": "K",
        "emissions": "GtCO2/year",
    }
    outputs: ClassVar[tuple[str, ...]] = tuple(units)
    vectorized: ClassVar[bool] = True
    space: ClassVar[Space] = Space(
        {
            "climate_sensitivity": Real(2.0, 4.7, unit="K"),
            "productivity_growth": Real(0.05, 0.1),
            "damage_coefficient": Real(0.0005, 0.0043, unit="1/K2"),
            "population": Real(9.0, 14.0, unit="10^9"),
            "decarbonisation": Real(0.01, 0.0204, unit="1/year"),
            "carbon_uptake": Real(240.0, 520.0, unit="GtC"),
            "backstop_price": Real(300.0, 800.0, unit="US$/t"),
        }
    )

    def __init__(self, carbon_price: float = 2.0, price_growth: float = 0.02) -> None:
        _check_policy(carbon_price, price_growth)
        self.carbon_price = carbon_price
        self.price_growth = price_growth

    def __call__(
        self,
        *,
        carbon_price: float | Floats | None = None,
        price_growth: float | Floats | None = None,
        **parameters: float | Floats,
    ) -> dict[str, Floats]:
        """Run with every parameter of `space` by name: numbers, or arrays of shape (n,) for n runs at once.

        `carbon_price` and `price_growth` put another policy in place of the model's own; they may be arrays too:
        ``collect(ClimateEconomy(), design=..., policies={"base": {}, "tax": {"carbon_price": 40.0}})``.
        """
        check_parameters(parameters, self.space.names)
        policy = {
            "carbon_price": self.carbon_price if carbon_price is None else carbon_price,
            "price_growth": self.price_growth if price_growth is None else price_growth,
        }
        _check_policy(**policy)
        given = {**parameters, **policy}
        columns = np.broadcast_arrays(*(np.asarray(value, dtype=np.float64) for value in given.values()))
        shape, flat = columns[0].shape, np.stack([column.reshape(-1) for column in columns])
        blocks = [
            _outputs(dict(zip(given, flat[:, i : i + _BLOCK], strict=True)))
            for i in range(0, max(flat.shape[1], 1), _BLOCK)
        ]
        joined = {name: np.concatenate([block[name] for block in blocks]) for name in self.outputs}
        return {name: values.reshape((*shape, *values.shape[1:])) for name, values in joined.items()}


def _check_policy(carbon_price: float | Floats, price_growth: float | Floats) -> None:
    """Raise unless the price is one, and stays one."""
    if not np.all(np.asarray(carbon_price) >= 0) or not np.all(np.asarray(price_growth) > -1):
        raise ValueError(
            f"carbon_price must be at least 0 and price_growth above -1, got {carbon_price} and {price_growth}."
        )


def _outputs(inputs: dict[str, Floats]) -> dict[str, Floats]:
    """Return the outputs of n runs from inputs of shape (n,)."""
    # One more axis: the run as it is, and with a little more and a little less emitted in 2015.
    paths = _paths(np.array([0.0, _PULSE, -_PULSE]), **{name: column[:, None] for name, column in inputs.items()})
    marginal = 1000.0 * paths.consumption[0, :, 0] ** -_ELASTICITY
    per_emission = (paths.welfare[:, 1] - paths.welfare[:, 2]) / (2.0 * _PULSE * _STEP * _WELFARE_SCALE)
    return {
        "temperature_2100": paths.temperature[_IN_2100, :, 0],
        "emissions_2100": paths.emissions[_IN_2100, :, 0],
        "damages_2100": paths.damages[_IN_2100, :, 0],
        "abatement_2100": paths.abatement[_IN_2100, :, 0],
        "welfare": paths.welfare[:, 0],
        # Trillions of dollars a GtCO2 are thousands of dollars a ton.
        "social_cost": -1000.0 * per_emission / marginal,
        "temperature": paths.temperature[:_REPORTED, :, 0].T,
        "emissions": paths.emissions[:_REPORTED, :, 0].T,
    }


def _paths(
    pulse: Floats,
    climate_sensitivity: Floats,
    productivity_growth: Floats,
    damage_coefficient: Floats,
    population: Floats,
    decarbonisation: Floats,
    carbon_uptake: Floats,
    backstop_price: Floats,
    carbon_price: Floats,
    price_growth: Floats,
) -> _Paths:
    """Return the paths of all runs, with the emissions of 2015 raised by `pulse`."""
    people = _population(population)
    productivity = _productivity(productivity_growth)
    intensity = _intensity(decarbonisation)
    control, backstop = _control(carbon_price, price_growth, backstop_price)
    abatement = backstop * intensity / _COST_EXPONENT / 1000.0 * control**_COST_EXPONENT

    shape = np.broadcast_shapes(pulse.shape, population.shape)
    emissions, temperature, damages, consumption = (np.empty((_PERIODS, *shape)) for _ in range(4))
    capital, burnt = np.full(shape, 223.0), np.full(shape, 400.0)
    warmth, ocean = np.full(shape, 0.85), np.full(shape, 0.0068)
    carbon = (np.full(shape, 851.0), np.full(shape, 460.0), np.full(shape, 1740.0))
    for t in range(_PERIODS):
        gross = productivity[t] * people[t] ** (1.0 - _CAPITAL_SHARE) * capital**_CAPITAL_SHARE
        industry = np.minimum(intensity[t] * gross * (1.0 - control[t]), (_FOSSIL - burnt) * _CARBON / _STEP)
        emissions[t] = industry + 2.6 * 0.885**t
        temperature[t], damages[t] = warmth, damage_coefficient * warmth**2
        net = gross * (1.0 - damages[t] - abatement[t])
        consumption[t] = (1.0 - _SAVINGS) * net / people[t]

        capital = (1.0 - _DEPRECIATION) ** _STEP * capital + _STEP * _SAVINGS * net
        burnt = burnt + industry * _STEP / _CARBON
        carbon = _carbon(*carbon, emissions[t] + (pulse if t == 0 else 0.0), carbon_uptake)
        forcing = _DOUBLING * np.log2(carbon[0] / 588.0) + min(0.5 + 0.5 * (t + 1) / 17.0, 1.0)
        outflow = _DOUBLING / climate_sensitivity * warmth + 0.088 * (warmth - ocean)
        warmth, ocean = warmth + 0.1005 * (forcing - outflow), ocean + 0.025 * (warmth - ocean)

    utility = (consumption ** (1.0 - _ELASTICITY) - 1.0) / (1.0 - _ELASTICITY) - 1.0
    discount = np.power(1.0 + _TIME_PREFERENCE, -_along(_YEARS, shape))
    welfare = _STEP * _WELFARE_SCALE * (1000.0 * people * utility * discount).sum(axis=0) + _WELFARE_SHIFT
    return _Paths(temperature, emissions, damages, abatement, consumption, welfare)


def _along(values: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """Return a column of one number a period that broadcasts over runs of `shape`."""
    return values.reshape(-1, *[1] * len(shape))


def _population(limit: Floats) -> Floats:
    """Return billions of people in every period."""
    people = [np.full_like(limit, 7.403)]
    for _ in range(_PERIODS - 1):
        people.append(people[-1] * (limit / people[-1]) ** 0.134)
    return np.stack(people)


def _productivity(growth: Floats) -> Floats:
    """Return the total factor productivity in every period."""
    rates = growth * np.exp(-0.005 * _along(_YEARS[:-1], growth.shape))
    return np.concatenate([np.full_like(growth, 5.115)[None], 5.115 / np.cumprod(1.0 - rates, axis=0)])


def _intensity(decline: Floats) -> Floats:
    """Return uncontrolled industrial emissions in tons of carbon dioxide per 1000 US$ of output, in every period."""
    rates = decline * np.power(0.999, _along(_YEARS[:-1], decline.shape))
    start = np.full_like(decline, 35.85 / (105.5 * (1.0 - 0.03)))
    return np.concatenate([start[None], start * np.exp(-_STEP * np.cumsum(rates, axis=0))])


def _control(price: Floats, growth: Floats, backstop: Floats) -> tuple[Floats, Floats]:
    """Return the fraction of emissions that is cut and the price of the backstop, in every period."""
    shape = np.broadcast_shapes(price.shape, growth.shape, backstop.shape)
    prices = price * np.power(1.0 + growth, _along(_YEARS, shape))
    backstops = backstop * np.power(0.975, _along(_YEARS / _STEP, shape))
    return np.minimum(prices / backstops, 1.0) ** (1.0 / (_COST_EXPONENT - 1.0)), backstops


def _carbon(
    air: Floats, upper: Floats, lower: Floats, emissions: Floats, uptake: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return the carbon in atmosphere, upper and lower ocean after five years.

    What flows back is such that 588, `uptake` and 1720 GtC stay as they are.
    """
    down, sunk = 0.12 * (air - upper * 588.0 / uptake), 0.007 * (upper - lower * uptake / 1720.0)
    return air - down + emissions * _STEP / _CARBON, upper + down - sunk, lower + sunk
