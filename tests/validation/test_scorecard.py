"""The scorecard says plainly what was learned, and survives being written down."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, replace

import pytest

from surrogate.validation import Scorecard

ROW = {
    "name": "<gp>",
    "q2": 0.9,
    "rmse": 1.0,
    "fit_seconds": 0.1,
    "predict_us": 2.0,
    "bytes": 1234,
    "folds": "10 of 10",
}
CARD = Scorecard(
    output="<y>",
    kind="<gp>",
    n=100,
    q2=0.9,
    q2_interval=(0.85, 0.95),
    rmse=1.0,
    mae=0.7,
    max_error=3.0,
    interval_coverage=0.95,
    interval_width=math.inf,
    fit_seconds=0.5,
    predict_us=2.0,
    bytes=1234,
    n_failed=3,
    candidate_rows=({**ROW, "chosen": True, "note": ""}, {**ROW, "rmse": math.nan, "chosen": False, "note": "failed"}),
)


def test_it_comes_back_from_strict_json_as_it_was():
    text = json.dumps(CARD.to_dict(), allow_nan=False)
    back = Scorecard.from_dict(json.loads(text))
    assert repr(asdict(back)) == repr(asdict(CARD))


def test_missing_or_unknown_names_are_refused():
    described = CARD.to_dict()
    described["extra"] = described.pop("q2")
    with pytest.raises(ValueError, match=r"missing \['q2'\], unknown \['extra'\]"):
        Scorecard.from_dict(described)


def test_when_nothing_was_learned_it_says_so():
    poor = replace(CARD, q2=0.1, q2_interval=(-0.2, 0.3))
    assert not poor.learned
    assert "Not surely better than the mean" in poor.verdict
    assert "Not surely better than the mean" in repr(poor)
    assert CARD.learned
    assert CARD.verdict == "Explains 90 % of the variance of runs that it did not see (95 % interval 85 to 95 %)."


def test_a_constant_output_is_called_constant():
    constant = replace(CARD, constant=True, q2=1.0, q2_interval=(math.nan, math.nan))
    assert constant.learned
    assert "answers that constant" in constant.verdict


def test_a_constant_is_shown_without_an_interval_of_nothing():
    assert "nan" not in repr(replace(CARD, constant=True, q2=1.0, q2_interval=(1.0, 1.0), candidate_rows=()))


def test_too_few_runs_for_intervals_are_said_in_words():
    assert "inf" not in repr(replace(CARD, candidate_rows=()))
    assert "need 19 runs" in repr(CARD)


def test_other_outputs_and_noise_are_mentioned():
    assert "one of 3 outputs: see .scorecards" in repr(replace(CARD, n_outputs=3))
    assert "0.25 between runs at the same inputs" in repr(replace(CARD, noise=0.25))
    assert "noise" not in repr(CARD)


def test_a_description_of_the_first_version_is_read():
    described = CARD.to_dict()
    del described["noise"], described["n_outputs"]
    assert Scorecard.from_dict(described).noise == 0.0


def test_a_candidate_that_was_not_fitted_says_so():
    row = {**ROW, "name": "mlp", "bytes": 0, "chosen": False, "note": "dropped early", "q2": math.nan}
    shown = repr(replace(CARD, candidate_rows=(*CARD.candidate_rows, row)))
    assert "mlp" in shown
    assert "dropped early, not fitted" in shown


def test_the_verdict_never_rounds_up_to_perfection():
    assert "99.9973 %" in replace(CARD, q2=0.9999731, q2_interval=(0.99995, 0.99999)).verdict


def test_the_table_shows_all_candidates():
    table = CARD.candidates
    assert list(table["chosen"]) == [True, False]
    assert list(table.columns[:3]) == ["name", "q2", "rmse"]


def test_the_notebook_view_escapes_names():
    assert "<gp>" not in CARD._repr_html_()
    assert "&lt;gp&gt;" in CARD._repr_html_()
