"""Figures take and return axes, and show what the study holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import pytest

from surrogate import Surrogate
from surrogate.report import figures
from surrogate.report.notebook import study_html, surrogate_html
from tests.report.conftest import MadeFindings, made_scorecard, made_study


@pytest.fixture(autouse=True)
def _no_window() -> Iterator[None]:
    matplotlib.use("Agg")
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


def new_axes(n: int = 1) -> Any:
    import matplotlib.pyplot as plt

    return plt.subplots(1, n, squeeze=False)[1].ravel()


def test_every_figure_draws_into_the_axes_it_is_given_and_returns_them(study: MadeFindings) -> None:
    effects = pd.DataFrame({"first": [0.5, 0.1], "total": [0.6, 0.2]}, index=["b", "q"])
    rounds = {"cost": pd.DataFrame({"n": [30, 60, 90], "q2": [0.5, 0.8, 0.9]})}
    observed = study.outputs["cost"]
    draw = (
        lambda ax: figures.plot_tradeoff(study, ax),
        lambda ax: figures.plot_boxes(study, ax),
        lambda ax: figures.plot_parity(observed, observed + 1, ax),
        lambda ax: figures.plot_sensitivity(effects, ax),
        lambda ax: figures.plot_convergence(rounds, ax),
    )
    for figure in draw:
        ax = new_axes()[0]
        assert figure(ax) is ax
        assert figure(None) is not ax
        ax.figure.canvas.draw()


def test_the_tradeoff_holds_every_box_and_rings_the_chosen_one(study: MadeFindings) -> None:
    ax = figures.plot_tradeoff(study, new_axes()[0])
    points = [collection.get_offsets() for collection in ax.collections if len(collection.get_offsets()) > 1]
    table = study.trajectory
    np.testing.assert_allclose(points[0], 100 * table[["coverage", "density"]])
    assert ax.get_xlabel() == "coverage, %"


def test_pairs_are_drawn_over_natural_units_with_all_boxes(study: MadeFindings) -> None:
    axes = figures.plot_pairs(study)
    assert [ax.get_xlabel() for ax in axes] == ["b, 1/year", "b, 1/year", "q"]
    given = new_axes(1)
    ax = figures.plot_pairs(study, given, inputs=["mean", "crews"])[0]
    assert ax is given[0]
    assert ax.get_xscale() == "log"
    assert len(ax.patches) == 1
    np.testing.assert_allclose(ax.patches[0].get_bbox().get_points()[0], [0.001, 7.0])
    with pytest.raises(ValueError, match="two or more of b, q"):
        figures.plot_pairs(study, inputs=["b"])
    with pytest.raises(ValueError, match="3 pairs"):
        figures.plot_pairs(study, new_axes(2))


def test_names_that_look_like_formulas_are_text() -> None:
    study = made_study(100, names=("$b", "q_$1$", "\\frac", "a<b", "$"))
    for ax in (figures.plot_boxes(study), figures.plot_pairs(study)[0], figures.plot_tradeoff(study)):
        ax.figure.canvas.draw()


def test_a_study_without_a_box_can_be_drawn(study: MadeFindings) -> None:
    study.boxes = []
    figures.plot_boxes(study).figure.canvas.draw()
    assert len(figures.plot_pairs(study)) == 1


def test_notebooks_show_studies_and_surrogates_escaped() -> None:
    study = made_study(200, names=("<b>", "q", "mean", "fuel", "crews"))
    html = study_html(study)
    assert "&lt;b&gt; is at most" in html
    assert "<b>&lt;b&gt; is at most" in html
    assert html.count("<tr>") == 1 + sum(len(box.limits) for box in study.boxes)
    html = surrogate_html(["<b>"], {"<i>": made_scorecard("<i>")})
    assert "&lt;b&gt;" in html
    assert "<td>&lt;i&gt;</td>" in html


def test_a_fitted_surrogate_draws_itself() -> None:
    X = pd.DataFrame(np.random.default_rng(0).random((40, 2)), columns=["a", "b"])
    model = Surrogate.from_runs(X, pd.DataFrame({"lift": X["a"] + X["b"] ** 2, "drag": X["b"]}))
    assert model.plot_parity("drag").get_xlabel() == "drag, simulated"
    labels = [label.get_text() for label in model.plot_sensitivity("lift").get_yticklabels()]
    assert set(labels) == {"a", "b"}
    assert [line.get_label() for line in model.plot_convergence().get_lines()] == ["lift", "drag"]
    assert model._repr_html_().count("<tr>") == 3
