"""discover: the front door of scenario discovery."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from surrogate import PRIM, Categorical, Integer, Real, Space, TransferSet, discover

SPACE = Space(
    {
        "demand": Real(0.5, 1.5, unit="GW"),
        "price": (10.0, 90.0),
        "plants": Integer(1, 6),
        "fuel": Categorical(["gas", "coal"]),
        "wind": (0.0, 1.0),
    }
)


def made_runs(n=500, seed=0):
    generator = np.random.default_rng(seed)
    X = SPACE.from_unit(generator.random((n, len(SPACE))))
    loss = 3 * X["demand"] - 0.4 * X["plants"] + (X["fuel"] == "coal") + 0.1 * generator.standard_normal(n)
    return X, pd.DataFrame({"loss": loss, "cost": X["price"] * X["demand"]})


@pytest.fixture(scope="module")
def runs():
    inputs, outputs = made_runs()
    outputs.loc[[3, 4], :] = np.nan
    return TransferSet.from_frame(inputs, outputs, space=SPACE)


@pytest.fixture(scope="module")
def study(runs):
    return discover(runs, "loss > 3", seed=0)


def test_the_chosen_box_is_a_row_of_the_trajectory_with_held_out_evidence(study, runs):
    row = study.trajectory.iloc[study.chosen]
    assert study.box == study.search.boxes_[study.chosen] == study.boxes[0]
    counted = study.box.statistics(runs.X, runs["loss"] > 3)
    assert (counted.n, counted.k, counted.n_restricted) == (row["n"], row["k"], row["n_restricted"])
    for name in ("coverage", "density"):
        low, middle, high = (row[f"heldout_{name}{end}"] for end in ("_low", "", "_high"))
        assert 0 <= low < middle < high <= 1
    assert len(study.trajectory) == len(study.search.boxes_)
    assert row["heldout_density_low"] > study.base_rate
    assert set(study.box.limits) <= {"demand", "plants", "fuel"}
    assert "demand" in study.box.limits


def test_a_study_remembers_what_was_asked(study, runs):
    assert study.runs is runs
    assert study.case == "loss > 3"
    assert study.space == SPACE
    pd.testing.assert_frame_equal(study.X, runs.X)
    np.testing.assert_array_equal(study.y, runs["loss"] > 3)


def test_rules_say_counts_units_and_held_out_density(study):
    rule = study.rules()[0]
    counted = study.box.statistics(study.X, study.y)
    row = study.trajectory.iloc[study.chosen]
    assert f"In {counted.k} of the {counted.n} runs with " in rule
    assert f"({100 * counted.density:.0f} of 100), loss > 3 holds" in rule
    assert f"covers {100 * counted.coverage:.0f} % of all {study.y.sum():g} cases" in rule
    expected = "density {:.2f} [{:.2f}, {:.2f}]".format(
        *(row[f"heldout_density{end}"] for end in ("", "_low", "_high"))
    )
    assert expected in rule
    assert " GW" in rule
    assert rule in repr(study)
    assert "&gt;" in study._repr_html_()


def test_numbers_in_rules_are_rounded_but_no_run_changes_sides(study):
    import re

    limits = re.findall(r"[<>]= (\S+)", study.rules()[0].split("(")[0])
    assert limits
    assert all(len(number.replace(".", "").lstrip("0-")) <= 6 for number in limits)
    low = study.box.limits["demand"][0]
    written = float(re.search(r"demand >= (\S+)", study.rules()[0]).group(1))
    assert ((study.X["demand"] >= low) == (study.X["demand"] >= written)).all()


def test_boxes_after_the_first_cover_what_is_left_and_are_at_most_as_many_as_allowed():
    generator = np.random.default_rng(0)
    X = pd.DataFrame(generator.random((900, 4)), columns=list("abcd"))
    y = ((X["a"] > 0.7) & (X["b"] > 0.6)) | ((X["c"] < 0.3) & (X["d"] < 0.4))
    study = discover(X, y)
    assert len(study.boxes) == 2
    assert {frozenset(box.limits) for box in study.boxes} == {frozenset("ab"), frozenset("cd")}
    together = study.boxes[0].contains(X) | study.boxes[1].contains(X)
    assert (together & y).sum() > 0.85 * y.sum()
    assert "outside the boxes before" in study.rules()[1]
    assert discover(X, y, max_boxes=1).boxes == study.boxes[:1]


def test_it_says_plainly_when_there_is_nothing():
    generator = np.random.default_rng(1)
    study = discover(generator.random((400, 4)), generator.random(400) < 0.3)
    assert study.box.limits == {}
    assert study.boxes == []
    assert "No box says more about when the case holds than the base rate" in repr(study)
    assert len(study.rules()) == 1


def test_stability_tells_informative_inputs_from_others_and_is_seeded(study):
    table = study.stability(n_resamples=20)
    assert set(table.index) == set(SPACE.names)
    assert table.loc["demand", "reproduced_coverage"] == 1
    assert table.loc[["price", "wind"], "reproduced_coverage"].max() < 0.8
    assert table["limited"].sum() == len(study.box.limits)
    assert table.loc["demand", "low_5"] <= table.loc["demand", "low"] <= table.loc["demand", "low_95"]
    pd.testing.assert_frame_equal(table, study.stability(n_resamples=20))
    assert not table.equals(study.stability(n_resamples=20, seed=1))


def test_every_form_of_the_same_runs_gives_the_same_box(runs, study):
    X, y = runs.X, runs["loss"] > 3
    frame = X.assign(loss=runs["loss"])
    assert discover(runs, y, max_boxes=1).box == study.box
    assert discover(X, y, max_boxes=1).box == study.box
    assert discover(frame, "loss > 3", max_boxes=1).box == study.box
    with_others = frame.assign(cost=runs["cost"])
    assert discover(with_others, "loss > 3", inputs=list(X), max_boxes=1).box == study.box
    numbers = X.drop(columns="fuel")
    by_name = discover(numbers, y, max_boxes=1).box.limits
    by_place = discover(numbers.to_numpy(), y.to_numpy(), max_boxes=1).box.limits
    names = dict(zip(numbers, ["x1", "x2", "x3", "x4"], strict=True))
    assert {names[name]: limit for name, limit in by_name.items()}.keys() == by_place.keys()


def test_failed_runs_are_no_futures_without_the_case():
    X, outputs = made_runs()
    frame = X.assign(loss=outputs["loss"].where(X["wind"] > 0.2))
    study = discover(frame, "loss > 3", max_boxes=1)
    assert len(study.X) == (X["wind"] > 0.2).sum()
    assert "wind" not in study.box.limits


def test_probabilities_are_cases_in_part(runs):
    chance = 1 / (1 + np.exp(-4 * (runs["loss"] - 3)))
    study = discover(runs, chance, max_boxes=1)
    assert "demand" in study.box.limits
    assert study.trajectory["k"].iloc[0] == pytest.approx(chance.sum())


def test_constant_inputs_are_left_alone(runs):
    X = runs.X.assign(fixed=1.0, kind="x")
    study = discover(X, runs["loss"] > 3, max_boxes=1)
    assert not {"fixed", "kind"} & set(study.box.limits)


def test_settings_go_in_as_a_finder(runs):
    study = discover(runs, "loss > 3", PRIM(peel_alpha=0.1, mass_min=0.1), max_boxes=1)
    assert study.search.peel_alpha == 0.1
    assert study.trajectory["mass"].min() >= 0.1


def test_the_report_is_one_page_with_the_question(study, tmp_path):
    path = study.report(tmp_path / "lake.html", title="A lake", question="When does it fail?")
    page = path.read_text(encoding="utf-8")
    assert "When does it fail?" in page
    assert "loss &gt; 3" in page or "loss > 3" in page


def all_failed():
    X, outputs = made_runs(20)
    return TransferSet.from_frame(X, outputs * np.nan, space=SPACE)


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("los > 3", r"case: 'los > 3' names 'los'; the outputs and inputs are loss, cost.* Did you mean 'loss'"),
        ("loss", "loss > 0"),
        (
            "loss > 300",
            r"case: 'loss > 300' holds in none of the 498 runs \(base rate 0\).*Move its threshold: loss runs",
        ),
        ("loss < 300", "case: 'loss < 300' holds in all of the 498 runs"),
        (np.zeros(498), "case: no row is a case of interest"),
        (np.ones(497), "case: expected one value for each of the 498 rows"),
        (np.full(498, 2.0), "case: expected booleans"),
        (lambda outputs: outputs["loss"] > 3, "got a function"),
        ("__import__('os').system('true')", "not allowed|cannot read"),
    ],
)
def test_a_case_that_cannot_be_sought_is_refused_with_a_reason(runs, case, message):
    with pytest.raises((ValueError, TypeError), match=message):
        discover(runs, case)


def test_runs_that_all_failed_are_refused_with_a_reason():
    with pytest.raises(ValueError, match="runs: none of the 20 planned runs succeeded"):
        discover(all_failed(), "loss > 3")
    X, _ = made_runs(20)
    with pytest.raises(ValueError, match="runs: all 20 runs failed"):
        discover(X.assign(loss=np.nan), "loss > 3")


def test_unknown_methods_and_settings_are_refused(runs):
    with pytest.raises(ValueError, match=r"method: available are 'prim', 'reds'.*got 'rads'"):
        discover(runs, "loss > 3", method="rads")
    with pytest.raises(ValueError, match="folds: must be a whole number of at least 2, got 1"):
        discover(runs, "loss > 3", folds=1)
    with pytest.raises(ValueError, match="max_boxes: must be a whole number of at least 1"):
        discover(runs, "loss > 3", max_boxes=0)
    with pytest.raises(ValueError, match="inputs: column 'demnd' is not in runs"):
        discover(runs.X.assign(loss=runs["loss"]), "loss > 3", inputs=["demnd"])
    with pytest.raises(ValueError, match="space: the input 'demand' is not a parameter"):
        discover(runs.X, runs["loss"] > 3, space={"price": (0, 1)})


def test_a_handful_of_runs_is_no_reason_to_crash():
    X = pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0], "b": ["x", "y", "x", "y"]})
    for y in ([0, 0, 0, 1], [0, 1, 0, 1], [1, 1, 0, 1]):
        assert discover(X, y).boxes == []
    assert discover(X[:2], [0, 1]).stability(n_resamples=3)["limited"].sum() == 0


@pytest.mark.parametrize("method", ["best_interval", "cart"])
def test_every_method_gives_a_box_with_held_out_evidence(runs, method):
    study = discover(runs, "loss > 3", method, max_boxes=1)
    row = study.trajectory.iloc[study.chosen]
    assert study.box == study.search.boxes_[study.chosen]
    assert "demand" in study.box.limits
    assert row["heldout_density_low"] > study.base_rate
