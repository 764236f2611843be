"""The page is whole, safe, deterministic and legible, whatever the study holds."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from surrogate.report import Report
from surrogate.space import Box, Real, Space
from tests.report.conftest import MadeFindings, made_runs, made_scorecard, made_study

VOID = {"meta", "br", "line", "circle", "rect"}
HOSTILE = (
    "</script><script>alert(1)</script>",
    "\"><img src=x onerror='alert(2)'>",
    "\u202egnp.exe",
    "🐟 & <b>",
    "a\x00b{{7*7}}",
)


class Reader(HTMLParser):
    """Collects tags, attributes and text, and fails on tags that do not nest."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "input"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.text.append(data)


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert not reader.open
    return reader


def data_of(html: str) -> dict[str, Any]:
    """Return what the page's script reads."""
    found: dict[str, Any] = json.loads(html[html.index('id="data">') + 10 : html.index("</script>")])
    return found


def whole(study: MadeFindings, **changed: Any) -> Report:
    observed = np.linspace(0, 1, len(study.X))
    parts: dict[str, Any] = {
        "runs": made_runs(study),
        "study": study,
        "scorecards": {"reliability": made_scorecard()},
        "predictions": {"reliability": (observed, observed**1.1)},
        "provenance": {"search": {"method": "prim", "seed": 0}},
    }
    return Report(**{**parts, **changed})


def assert_sealed(html: str) -> Reader:
    """No address, no inline style or handler, and a policy that allows the page's own script and style alone."""
    reader = read(html)
    assert not {"img", "link", "iframe", "object", "base", "form"} & {tag for tag, _ in reader.tags}
    for _, attributes in reader.tags:
        assert not [
            name for name in attributes if name.startswith("on") or name in ("style", "src", "srcset", "action")
        ]
        assert (attributes.get("href") or "#").startswith("#")
    assert [a for t, a in reader.tags if t == "script"] == [{"type": "application/json", "id": "data"}, {}]
    data = html[html.index('id="data">') + 10 : html.index("</script>")]
    assert not set("<>&") & set(data)
    json.loads(data)
    # In the data an address can only be text, which is never followed.
    assert not re.search(r"https?:|//\w|url\(|@import|javascript:", html.replace(data, ""))
    style = html[html.index("<style>") + 7 : html.index("</style>")]
    script = html[html.rindex("<script>") + 8 : html.rindex("</script>")]
    digests = [base64.b64encode(hashlib.sha256(part.encode()).digest()).decode() for part in (style, script)]
    policy = next(a["content"] for t, a in reader.tags if t == "meta" and a.get("http-equiv"))
    assert policy is not None
    sources = f"style-src 'sha256-{digests[0]}'; script-src 'sha256-{digests[1]}'"
    assert policy == f"default-src 'none'; {sources}; base-uri 'none'; form-action 'none'"
    return reader


def test_a_whole_study_is_one_sealed_page(study: MadeFindings) -> None:
    reader = assert_sealed(whole(study).to_html())
    ids = [attributes["id"] for _, attributes in reader.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    anchors = {a["href"][1:] for t, a in reader.tags if t == "a" and a.get("href")}
    assert anchors <= set(ids)


def test_headings_tables_and_pictures_are_announced(study: MadeFindings) -> None:
    html = whole(study).to_html()
    reader = read(html)
    levels = [int(tag[1]) for tag, _ in reader.tags if tag in ("h1", "h2", "h3")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert html.count("<table") == html.count("<caption>")
    assert all(a.get("role") == "img" and a.get("aria-labelledby") for t, a in reader.tags if t == "svg")
    assert html.count("<desc") == html.count("<svg")


def test_equal_studies_give_equal_bytes() -> None:
    assert whole(made_study()).to_html() == whole(made_study()).to_html()


def test_the_first_screen_says_question_answer_and_heldout_interval(study: MadeFindings) -> None:
    html = whole(study, question="When does the lake tip?").to_html()
    first_screen = html[: html.index("<nav")]
    text = "".join(read(first_screen + "</main></body></html>").text)
    row = study.trajectory.iloc[study.chosen]
    assert "When does the lake tip?" in text
    assert "b is at most 0.27 1/year" in text.replace("\xa0", " ")
    assert f"holds in {100 * row.density:.0f} of 100 futures" in text
    assert f"[{100 * row.heldout_density_low:.0f}, {100 * row.heldout_density_high:.0f}]" in text
    assert 'id="tradeoff-title"' in first_screen


def test_every_run_is_accounted_for(study: MadeFindings) -> None:
    text = " ".join("".join(read(whole(study).to_html()).text).split())
    assert "1,037 runs planned: 1,000 ok, 37 failed (24 timeout, 13 exception)." in text
    assert "ValueError: no steady state" in text


def test_hostile_names_and_messages_are_shown_and_never_obeyed() -> None:
    study = made_study(300, names=HOSTILE)
    runs = made_runs(study)
    runs.failures["message"] = HOSTILE[0] * 40
    runs.provenance = {HOSTILE[1]: {HOSTILE[0]: "javascript&colon;\ud800"}}
    study.case = study.sentences[0] = f"`{HOSTILE[0]}` < 1"
    card = made_scorecard(HOSTILE[1])
    page = whole(
        study, runs=runs, scorecards={HOSTILE[1]: card}, predictions={}, title=HOSTILE[0], question=HOSTILE[4]
    ).to_html()
    reader = assert_sealed(page)
    text = "".join(reader.text)
    assert "\x00" not in page
    assert "a\ufffdb{{7*7}}" in text
    assert HOSTILE[0] in text
    page.encode()


def test_two_hundred_inputs_stay_legible_and_light() -> None:
    rng = np.random.default_rng(0)
    space = Space({f"input_{i}": Real(0, 1) for i in range(200)})
    X = pd.DataFrame(rng.random((5000, 200)), columns=list(space.names))
    box = Box({f"input_{i}": (0.02, np.inf) for i in range(200)})
    y = X["input_0"].to_numpy() > 0.5
    found = {**dict(box.statistics(X, y)), "n_restricted": 200}
    found.pop("quasi_p")
    study = MadeFindings(X, y, "failure", space, pd.DataFrame([found]), 0, [box])
    html = Report(study=study).to_html()
    assert_sealed(html)
    assert len(html) < 2_000_000
    assert "input_199" in html


def test_five_thousand_runs_of_twenty_inputs_travel_whole_in_three_megabytes() -> None:
    rng = np.random.default_rng(0)
    space = Space({f"input_{i}": Real(0, 1) for i in range(20)})
    X = pd.DataFrame(rng.random((5000, 20)), columns=list(space.names))
    y = (X["input_0"] + X["input_1"] > 1.1).to_numpy()
    steps = [Box({f"input_{i}": (0.003 * step, np.inf) for i in range(1 + step // 10)}) for step in range(150)]
    rows = [{**dict(box.statistics(X, y)), "quasi_p": None} for box in steps]
    outputs = {"loss": rng.normal(size=5000), "cost": rng.normal(size=5000)}
    search = SimpleNamespace(boxes_=steps)
    study = MadeFindings(X, y, "failure", space, pd.DataFrame(rows), 60, [steps[60]], [], outputs, search)
    html = Report(study=study).to_html()
    data = data_of(html)
    assert data["complete"]
    assert data["rows"] == 5000
    kept = np.frombuffer(base64.b64decode(data["inputs"][19]["column"]["bytes"]), "<f8")
    np.testing.assert_array_equal(kept, X["input_19"])
    assert len(html.encode()) < 3_000_000


def test_what_does_not_fit_is_left_out_and_nothing_is_recounted_from_a_part() -> None:
    study = made_study(30_000)
    data = data_of(Report(study=study).to_html())
    assert data["rows"] < 30_000
    assert not data["complete"]
    assert data["inputs"][0]["column"]


def test_where_the_simulator_fails_is_said_in_its_own_words(study: MadeFindings) -> None:
    study.case, study.outputs = "failed", {}
    html = Report(study=study).to_html()
    text = "".join(assert_sealed(html).text)
    assert "Where the simulator fails" in text
    assert "In which futures does the simulator fail?" in text
    assert "the simulator fails in 91 of 100 futures" in text
    assert "of all futures in which it fails." in text
    assert data_of(html)["case"]["threshold"] is None


def test_interrupted_and_resumed_runs_give_the_same_page(study: MadeFindings) -> None:
    runs, resumed = made_runs(study), made_runs(study)
    call = {**runs.provenance, "started": "2026-01-01", "host": "node7"}
    resumed.provenance = {**runs.provenance, "started": "2026-01-02", "finished": "later", "earlier": [call]}
    assert whole(study, runs=runs).to_html() == whole(study, runs=resumed).to_html()


@pytest.mark.parametrize("statuses", [["exception"] * 4, ["pending"] * 4])
def test_without_a_single_success_the_page_says_why(statuses: list[str]) -> None:
    inputs = pd.DataFrame({"x": np.arange(4.0)})
    failures = inputs.assign(status=statuses, message="RuntimeError: licence server is down")
    if statuses[0] == "pending":
        failures = failures.iloc[:0]
    runs: Any = SimpleNamespace(
        inputs=inputs,
        X=inputs.iloc[:0],
        status=pd.Series(statuses),
        failures=failures,
        space=Space({"x": Real(0, 3)}),
        output_names=(),
        provenance={},
    )
    text = "".join(assert_sealed(Report(runs=runs).to_html()).text)
    assert ("No run succeeded" in text and "licence server" in text) or "4 still to be made" in text


def test_constant_outputs_and_no_failures_are_legible(study: MadeFindings) -> None:
    card = made_scorecard(q2=float("nan"), q2_interval=(float("nan"), float("nan")), constant=True, candidate_rows=())
    ones = np.ones(len(study.X))
    html = whole(
        study,
        runs=made_runs(study, failed=0),
        scorecards={"reliability": card},
        predictions={"reliability": (ones, ones)},
    ).to_html()
    text = "".join(assert_sealed(html).text)
    assert "No run failed." in text
    assert "nan" not in text.lower().split()


def test_a_box_without_limits_is_said_to_be_no_answer(study: MadeFindings) -> None:
    study.boxes, study.chosen = [Box({})], 0
    text = "".join(assert_sealed(whole(study).to_html()).text)
    assert "No box describes when reliability < 0.9 holds better than all runs together" in text


def test_probabilities_as_cases_are_legible(study: MadeFindings) -> None:
    study.y = np.clip(study.y * 0.8 + 0.05, 0, 1)
    assert_sealed(whole(study).to_html())


def test_without_heldout_columns_the_page_warns_instead_of_showing_them(study: MadeFindings) -> None:
    study.trajectory = study.trajectory[["n", "k", "coverage", "density", "mass", "n_restricted"]]
    text = "".join(assert_sealed(whole(study).to_html()).text)
    assert "No run was held out" in text
    assert "held-out density" not in text


def test_writing_is_atomic(study: MadeFindings, tmp_path: Path) -> None:
    target = tmp_path / "lake.html"
    target.write_text("older report")
    broken = whole(study, provenance={"x": _Unprintable()})
    with pytest.raises(RuntimeError, match="cannot be printed"):
        broken.write(target)
    assert target.read_text() == "older report"
    assert whole(study).write(target) == target
    assert target.read_text(encoding="utf-8") == whole(study).to_html()
    assert [path.name for path in tmp_path.iterdir()] == ["lake.html"]


def test_a_missing_folder_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        Report().write(tmp_path / "nowhere" / "lake.html")


class _Unprintable:
    def __str__(self) -> str:
        raise RuntimeError("cannot be printed")
