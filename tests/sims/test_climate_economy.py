"""The climate-economy model answers what DICE-2016R answers."""

from __future__ import annotations

import numpy as np
import pytest

from sims.policy import ClimateEconomy, climate_economy

CENTRAL = {
    "climate_sensitivity": 3.1,
    "productivity_growth": 0.076,
    "damage_coefficient": 0.00236,
    "population": 11.5,
    "decarbonisation": 0.0152,
    "carbon_uptake": 360.0,
    "backstop_price": 550.0,
}
# Nordhaus's GAMS run of DICE-2016R2 (optimal controls, damages 0.00227 T^2): control rate, emissions (GtCO2 a year) and
# temperature (K) in 2015, 2020, ..., 2100. The savings rate is optimised there: 0.26 falling to 0.24.
CONTROL = [
    *(0.03, 0.182602797, 0.206330524, 0.231929641, 0.259455816, 0.288968026, 0.320527899, 0.354199096, 0.39004675),
    *(0.428136935, 0.468536206, 0.511311196, 0.556528341, 0.604253811, 0.654553839, 0.707495808, 0.763150815),
    0.821599017,
]
EMISSIONS = [
    *(38.34038462, 35.58949904, 37.37457785, 38.84009381, 39.94437119, 40.65409919, 40.94363973, 40.79429303),
    *(40.1935671, 39.13448048, 37.61491384, 35.63701611, 33.20666262, 30.33295517, 27.0277452, 23.30514856),
    *(19.18099961, 14.67215795),
]
TEMPERATURE = [
    *(0.85, 1.016341648, 1.184456622, 1.354027053, 1.524592941, 1.695573444, 1.866293008, 2.036007965, 2.20393098),
    *(2.369251946, 2.531154765, 2.688829935, 2.84148321, 2.988340696, 3.128650816, 3.261683535, 3.386727152),
    3.503082842,
]


@pytest.fixture(scope="module")
def base():
    return ClimateEconomy()(**CENTRAL)


def test_the_base_run_has_the_published_social_cost_of_carbon(base):
    # Nordhaus (2017), Table 1, baseline in 2015: 31.2 US$ of 2010 a ton.
    assert base["social_cost"] == pytest.approx(31.2, rel=0.01)


def test_the_base_run_warms_as_published(base):
    # Nordhaus (2018): 4.1 K in 2100 without climate policy, which costs 4.0 % of output at 0.00236 T^2.
    assert base["temperature_2100"] == pytest.approx(4.1, abs=0.05)
    assert base["damages_2100"] == pytest.approx(0.00236 * base["temperature_2100"] ** 2)
    assert base["temperature"][17] == base["temperature_2100"]


def test_the_first_steps_are_those_of_the_gams_model():
    # A price of 550 x 0.03^1.6 cuts 3 % of the emissions of 2015. What happens after 2020 depends on the savings rate.
    run = ClimateEconomy(carbon_price=550 * 0.03**1.6)(**CENTRAL)
    assert run["emissions"][0] == pytest.approx(EMISSIONS[0], rel=1e-9)
    assert run["temperature"][:2] == pytest.approx(TEMPERATURE[:2], rel=1e-9)


def test_with_its_control_the_optimal_run_of_the_gams_model_is_followed(monkeypatch):
    published = np.concatenate([CONTROL, np.ones(82)])[:, None, None]
    prices = 550 * 0.975 ** np.arange(100.0)[:, None, None]
    monkeypatch.setattr(climate_economy, "_control", lambda *_: (published, prices))
    run = ClimateEconomy()(**{**CENTRAL, "damage_coefficient": 0.00227})
    assert run["temperature"][:18] == pytest.approx(np.array(TEMPERATURE), abs=0.02)
    assert run["emissions"][:18] == pytest.approx(np.array(EMISSIONS), rel=0.03)
    assert run["abatement_2100"] == pytest.approx(6.636310265 / 794.5776555, rel=1e-6)


def test_carbon_is_neither_made_nor_lost():
    air, upper, lower = climate_economy._carbon(*np.array([851.0, 460.0, 1740.0]), 40.0, 360.0)
    assert air + upper + lower == pytest.approx(851 + 460 + 1740 + 40 * 5 / 3.666, rel=1e-14)
    rest = climate_economy._carbon(588.0, 410.0, 1720.0, 0.0, 410.0)
    assert rest == pytest.approx((588.0, 410.0, 1720.0), rel=1e-14)


def test_a_carbon_price_cuts_emissions_and_warming_and_costs_output(base):
    cheap, dear = (ClimateEconomy(carbon_price=price, price_growth=0.03)(**CENTRAL) for price in (20.0, 100.0))
    assert base["temperature_2100"] > cheap["temperature_2100"] > dear["temperature_2100"]
    assert base["abatement_2100"] < cheap["abatement_2100"] < dear["abatement_2100"]
    # A price about the social cost of carbon pays.
    assert base["welfare"] < cheap["welfare"]


def test_a_price_above_the_backstop_ends_industrial_emissions():
    run = ClimateEconomy(carbon_price=1000.0)(**CENTRAL)
    land = 2.6 * 0.885 ** np.arange(38)
    assert run["emissions"] == pytest.approx(land, rel=1e-12)


def test_a_policy_in_the_call_replaces_the_models_own(base):
    prices = np.array([2.0, 50.0])
    several = ClimateEconomy(carbon_price=9.0)(**CENTRAL, carbon_price=prices, price_growth=0.02)
    assert several["temperature_2100"][0] == pytest.approx(float(base["temperature_2100"]), rel=1e-13)
    alone = ClimateEconomy(carbon_price=50.0)(**CENTRAL)
    assert several["temperature"][1] == pytest.approx(alone["temperature"], rel=1e-13)


def test_the_social_cost_is_what_a_ton_does_to_welfare(base):
    # Damages are linear in their coefficient. A future that grows less is poorer: its damages count for more.
    costs = {
        change: float(ClimateEconomy()(**{**CENTRAL, **dict([change])})["social_cost"])
        for change in (("damage_coefficient", 0.00472), ("climate_sensitivity", 4.5), ("productivity_growth", 0.05))
    }
    assert costs["damage_coefficient", 0.00472] == pytest.approx(2 * base["social_cost"], rel=0.1)
    assert costs["climate_sensitivity", 4.5] > base["social_cost"]
    assert costs["productivity_growth", 0.05] > base["social_cost"]


def test_a_price_that_is_none_is_refused():
    with pytest.raises(ValueError, match="carbon_price must be at least 0"):
        ClimateEconomy(carbon_price=-1.0)
    with pytest.raises(ValueError, match="price_growth above -1"):
        ClimateEconomy()(**CENTRAL, price_growth=-2.0)
