"""The flu model is the published one."""

from __future__ import annotations

import numpy as np
import pytest

from sims.ode import Influenza

# Runs 0, 2, 726 and 116 of the thousand that ema_workbench 2.5.3 ships ("1000 flu cases no policy", made with Vensim):
# inputs in the order of the space, then deaths, peak and peak month in region 1, in single precision.
PUBLISHED = [
    (
        "0.030778240575175937 0.0577155932036263 52.47412223517029 190.71585291034998 0.7741838578470533 "
        "0.4878424442065164 0.3748849877492736 0.596572447711393 0.00940660817085167 0.01618773263521268 "
        "0.13062897569854112 0.10483188881637762 0.15779226194772158 0.0607651149108054 0.02172281250865001 "
        "0.2883288737122276 1.9662244506437943 1.2066524865833859 0.2404615958421739",
        (34966.277, 0.0011490267, 3.5625),
    ),
    (
        "0.07515298111552342 0.029309850532239383 21.54608792117694 186.41484058361056 3.8232461389553243 "
        "0.768595221960953 0.25754281438073556 0.2670057039859005 0.01923329648314082 0.01996723654230611 "
        "0.0593569391310678 0.3954946049555818 0.17783087326354075 0.29241445139456784 0.4220672727785877 "
        "0.37310905851349035 1.0184050823790272 1.8407520682676792 0.5515239126915479",
        (23745.51, 6.0624105e-05, 39.75),
    ),
    (
        "0.131167378521594 0.05201890834205156 99.61552156299639 21.44792940526273 4.9649148136929435 "
        "1.267733065858807 0.21020350053204906 0.10534764686885245 0.09637654077979839 0.0565452906373226 "
        "0.4128870282005797 0.3225817875371327 0.3834430336733403 0.07372390024850141 0.2921893951190179 "
        "0.20939773306650958 0.796620538828235 0.5316405465261085 0.6228488082552421",
        (31415.365, 3.397904e-05, 40.8125),
    ),
    (
        "0.10208082454396843 0.04465932914599085 40.778645075714444 163.03093638620555 1.1503541505273889 "
        "4.819668864819442 0.626981712249873 0.5908704800951787 0.09718401042353937 0.023322047917364565 "
        "0.022845025919177465 0.16197939731969246 0.13874453663832076 0.12526039450971863 0.013772533351961193 "
        "0.3774460830133864 1.1179746283547622 1.5304643905887323 0.07463197981400492",
        (45729920.0, 0.14012446, 9.375),
    ),
]


def quiet(**changes):
    """Inputs of an epidemic without immunity that moves and without a second region to speak of."""
    values = {
        "infection": 0.05,
        "contacts": 50.0,
        "contact_root": 1.0,
        "recovery_time": 0.5,
        "fatality": 0.01,
        "permanent": 0.1,
        "seasonal": 0.0,
        "initial_immune": 0.1,
        "immunity_delay": 1.0,
    }
    both = {f"{name}_{region}": value for name, value in values.items() for region in (1, 2)}
    return {**both, "interregional_contacts": 0.5, **changes}


def test_the_published_runs_are_reproduced():
    rows = np.array([[float(number) for number in text.split()] for text, _ in PUBLISHED])
    run = Influenza()(**dict(zip(Influenza.space.names, rows.T, strict=True)))
    deaths, peak, month = np.array([numbers for _, numbers in PUBLISHED]).T
    assert run["deaths"] == pytest.approx(deaths, rel=2e-7)
    assert run["peak"] == pytest.approx(peak, rel=2e-7)
    assert run["peak_month"] == pytest.approx(month, abs=0)
    assert run["infected"].shape == (4, 193)


def test_an_epidemic_grows_as_its_rates_say():
    # As long as hardly anybody is infected: S / N x contacts x infection - 1 / recovery time, in both regions alike.
    run = Influenza()(**quiet(infection_1=0.1, infection_2=0.1, interregional_contacts=0.0))
    assert run["peak"] == 0.0  # it never comes over
    run = Influenza()(**quiet(infection_1=0.1, infection_2=0.0, interregional_contacts=0.9))
    growth = np.diff(np.log(run["infected"][12:20])) / 0.25
    assert growth == pytest.approx(np.full(7, 0.9 * 50 * 0.1 - 1 / 0.5), rel=1e-3)


def test_nobody_dies_but_of_the_flu():
    # Of those who were infected, and recovered or died, the fatality is the share of the dead.
    mild, severe = (Influenza()(**quiet(fatality_1=value))["deaths"] for value in (0.0001, 0.0002))
    assert severe / mild == pytest.approx(2.0, rel=1e-3)


def test_frightened_people_meet_less():
    roots = {f"contact_root_{region}": np.array([0.1, 1.0, 5.0]) for region in (1, 2)}
    peaks = Influenza()(**quiet(contacts_1=90.0, **roots))["peak"]
    assert peaks[0] > 1.2 * peaks[1] > 6 * peaks[2] > 0
