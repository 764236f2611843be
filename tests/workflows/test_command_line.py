"""The command line does the main job, resumes, and ends with one clear message."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from surrogate.workflows.command_line import main

SIMULATOR = '''
import os
import time


def bridge(load, span, kind):
    """Fails for heavy loads on long spans; slow, and says in a file that it was called."""
    with open("calls.log", "a") as log:
        log.write(f"{load!r} {span!r}\\n")
    time.sleep(float(os.environ.get("BRIDGE_SECONDS", 0)))
    if load > 9.9:
        raise OverflowError("the solver \\x1b[31mdiverged\\x1b[0m")
    return {"safety": (2.0 if kind == "steel" else 1.4) - 0.08 * load - 0.02 * span, "cost": span * load}
'''
STUDY = """
[simulator]
use = "bridge_of_the_test:bridge"
[bounds]
load = {low = 1.0, high = 10.0, unit = "kN"}
span = [5.0, 30.0]
kind = {values = ["steel", "wood"]}
[design]
n = 200
[run]
store = "bridge.runs"
[discover]
case = "safety < 1"
[report]
file = "bridge.html"
question = "Which bridges fail?"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "bridge_of_the_test", raising=False)
    (tmp_path / "bridge_of_the_test.py").write_text(SIMULATOR)
    (tmp_path / "bridge.toml").write_text(STUDY)
    return tmp_path


def surrogate(*arguments: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(list(arguments))
    return int(end.value.code or 0)


def in_another_process(*arguments: str, seconds: str = "0") -> subprocess.Popen[str]:
    code = "from surrogate.workflows.command_line import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, "BRIDGE_SECONDS": seconds, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def calls() -> list[str]:
    log = Path("calls.log")
    return log.read_text().splitlines() if log.exists() else []


def wait_for_calls(n: int) -> None:
    until = time.monotonic() + 60
    while len(calls()) < n:
        assert time.monotonic() < until
        time.sleep(0.02)


def test_run_samples_discovers_and_reports_in_the_current_folder(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert surrogate("run", "bridge.toml") == 0
    out, err = capsys.readouterr()
    assert re.search(r"200 runs planned: 19\d ok, \d failed \(\d exception\)\.", out)
    assert "safety < 1 holds in" in out
    assert "On held-out runs" in out
    assert "Report: bridge.html" in out
    assert "\x1b" not in out + err
    assert err == ""
    assert "Which bridges fail?" in (folder / "bridge.html").read_text(encoding="utf-8")
    assert sorted(path.name for path in folder.glob("bridge.*")) == ["bridge.html", "bridge.runs", "bridge.toml"]


def test_run_again_runs_nothing_and_says_the_same(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    surrogate("run", "bridge.toml")
    first, made = capsys.readouterr().out, len(calls())
    assert surrogate("run", "bridge.toml") == 0
    assert capsys.readouterr().out == first
    assert len(calls()) == made == 200


def test_after_kill_9_only_the_missing_runs_are_run(folder: Path) -> None:
    killed = in_another_process("run", "bridge.toml", seconds="0.01")
    wait_for_calls(80)
    killed.kill()
    killed.communicate()
    before = len(calls())
    assert before < 200
    again = in_another_process("run", "bridge.toml")
    out, err = again.communicate(timeout=120)
    assert again.returncode == 0, err
    assert "200 runs planned" in out
    # What had finished within 50 ms of the kill may be lost: at 10 ms a run five runs, and the one under way.
    assert 200 <= len(calls()) <= 200 + 12
    assert len(set(calls())) == 200
    assert (folder / "bridge.html").stat().st_size > 0


def test_ctrl_c_says_how_to_go_on_and_exits_with_130(folder: Path) -> None:
    stopped = in_another_process("run", "bridge.toml", seconds="0.02")
    wait_for_calls(30)
    stopped.send_signal(signal.SIGINT)
    _, err = stopped.communicate(timeout=60)
    assert stopped.returncode == 130
    assert "the same command goes on where it stopped" in err
    assert "still to be made" in err
    assert "Traceback" not in err


def test_report_knows_its_question_from_the_runs_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    surrogate("run", "bridge.toml")
    page = (folder / "bridge.html").read_bytes()
    for name in ("bridge.toml", "bridge_of_the_test.py", "bridge.html"):
        (folder / name).unlink()
    assert surrogate("report", "bridge.runs") == 0
    assert (folder / "bridge.html").read_bytes() == page
    assert surrogate("report", "bridge.runs", "-o", "other.html") == 0
    assert (folder / "other.html").read_bytes() == page


def test_status_and_failures_speak_to_people_and_to_machines(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    surrogate("run", "bridge.toml")
    capsys.readouterr()
    assert surrogate("status", "bridge.runs") == 0
    text = capsys.readouterr().out
    assert "the solver" in text
    assert "\x1b" not in text
    surrogate("status", "bridge.runs", "--json")
    counts = json.loads(capsys.readouterr().out)
    assert counts["planned"] == counts["ok"] + counts["failed"] == 200
    surrogate("failures", "bridge.runs", "--json")
    failed = json.loads(capsys.readouterr().out)
    assert len(failed) == counts["failed"]
    assert all(one["load"] > 9.9 and one["status"] == "exception" for one in failed)
    surrogate("failures", "bridge.runs")
    assert "\x1b" not in capsys.readouterr().out


def test_export_then_discover_on_the_csv_gives_the_answer_of_the_runs(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    surrogate("run", "bridge.toml")
    assert surrogate("export", "bridge.runs", "bridge.csv") == 0
    table = pd.read_csv("bridge.csv")
    assert len(table) == 200
    assert table["safety"].isna().sum() == (table["status"] != "ok").sum() > 0
    capsys.readouterr()
    others = ("--outputs", "cost", "--outputs", "status")
    assert surrogate("discover", "bridge.csv", "--case", "safety < 1", "--json", *others) == 0
    from_csv = json.loads(capsys.readouterr().out)
    assert surrogate("discover", "bridge.runs", "--case", "safety < 1", "--json", "-o", "found.html") == 0
    from_runs = json.loads(capsys.readouterr().out)
    assert from_csv["box"]["limits"] == from_runs["box"]["limits"]
    assert from_runs["chosen"]["heldout_density"] > 0.5
    assert (folder / "found.html").exists()


def test_sample_writes_the_planned_runs_and_runs_none(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert surrogate("sample", "bridge.toml", "-o", "design.csv") == 0
    assert list(pd.read_csv("design.csv")) == ["row", "load", "span", "kind"]
    assert len(pd.read_csv("design.csv")) == 200
    capsys.readouterr()
    surrogate("sample", "bridge.toml")
    assert capsys.readouterr().out == Path("design.csv").read_text()
    assert calls() == []
    surrogate("status", "bridge.runs")
    assert "200 still to be made" in capsys.readouterr().out


def test_runs_made_elsewhere_are_recorded_and_reported_without_a_simulator(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "bridge.toml").write_text(
        STUDY.replace("[simulator]", "").replace('use = "bridge_of_the_test:bridge"', "")
    )
    assert surrogate("sample", "bridge.toml", "-o", "design.csv") == 0
    table = pd.read_csv("design.csv")
    table["safety"] = 2.0 - 0.2 * table["load"]
    table.to_csv("results.csv", index=False)
    capsys.readouterr()
    assert surrogate("record", "bridge.runs", "results.csv") == 0
    assert "200 runs planned: 200 ok." in capsys.readouterr().out
    assert surrogate("report", "bridge.runs") == 0
    assert "load is at least" in capsys.readouterr().out


def test_verify_names_what_is_damaged(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    surrogate("run", "bridge.toml")
    capsys.readouterr()
    assert surrogate("verify", "bridge.runs") == 0
    assert "nothing is damaged" in capsys.readouterr().out
    ledger = folder / "bridge.runs" / "ledger.sqlite"
    content = bytearray(ledger.read_bytes())
    content[8192:12288] = bytes(4096)
    ledger.write_bytes(bytes(content))
    assert surrogate("verify", "bridge.runs") == 1
    assert "damaged" in capsys.readouterr().out


def test_a_fitted_study_keeps_its_emulator_and_predict_asks_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = STUDY.replace("n = 200", "n = 40").split("[discover]")[0]
    (folder / "bridge.toml").write_text(text + '[fit]\noutputs = ["safety"]\nfile = "bridge.surrogate"\n')
    assert surrogate("run", "bridge.toml") == 0
    assert "Scorecard of 'safety'" in capsys.readouterr().out
    asked = pd.DataFrame({"span": [10.0, 500.0], "kind": ["wood", "steel"], "load": [2.0, 3.0]})
    asked.to_csv("asked.csv", index=False)
    assert surrogate("predict", "bridge.surrogate", "asked.csv", "-o", "answers.csv", "--interval", "0.9") == 0
    answers = pd.read_csv("answers.csv")
    assert list(answers) == ["span", "kind", "load", "safety", "safety_low", "safety_high"]
    assert answers["safety"][0] == pytest.approx(1.04, abs=0.05)
    assert "1 of 2 rows lie outside the domain" in capsys.readouterr().err


def test_init_writes_a_study_that_is_valid_and_never_overwrites(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from surrogate.workflows.study_file import StudyFile

    assert surrogate("init") == 0
    study = StudyFile.read("study.toml")
    assert study.design_for(study.space()).n == 500
    assert surrogate("init") == 2
    assert "left alone" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "part"),
    [
        (["run", "no.toml"], 2, "no such study file"),
        (["status", "no.runs"], 2, "no such file or folder"),
        (["report", "."], 2, "holds no transfer set"),
        (["discover", "bridge.csv", "--case", "safety < 1"], 2, "bridge.csv"),
        (["discover", "bridge.csv"], 2, "--case"),
        (["sttus", "bridge.runs"], 2, "status"),
        (["predict", "bridge.toml", "bridge.toml"], 2, "bridge.toml"),
        (["export", "bridge.toml", "out.docx"], 2, "bridge.toml"),
    ],
)
def test_wrong_input_is_one_message_and_exit_code_2(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, part: str
) -> None:
    assert surrogate(*arguments) == code
    out, err = capsys.readouterr()
    assert part in err
    assert "Traceback" not in err
    assert out == ""


def test_a_simulator_that_fails_is_exit_code_1_with_the_account_of_the_runs(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "bridge_of_the_test.py").write_text("def bridge(load, span, kind):\n    raise OSError('no licence')\n")
    assert surrogate("run", "bridge.toml") == 1
    err = capsys.readouterr().err
    assert "no licence" in err
    assert "still to be made" in err
    assert "Traceback" not in err


def test_debug_shows_the_traceback(folder: Path) -> None:
    with pytest.raises(ValueError, match="no such study file"):
        main(["--debug", "run", "no.toml"])


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    from surrogate import __version__

    assert surrogate("--version") == 0
    assert capsys.readouterr().out.strip() == f"surrogate-discovery {__version__}"


def test_help_starts_without_the_heavy_libraries() -> None:
    code = (
        "import sys\nfrom surrogate.workflows.command_line import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'pandas', 'scipy', 'sklearn', 'xgboost', 'dask', 'matplotlib', 'jinja2'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["verify", "bridge.toml"], "a folder of runs is needed, and this is a study file; surrogate run"),
        (["report", "some.html"], "a folder of runs is needed, and this is a report; open it in a browser"),
        (["status", "."], "this folder holds no transfer set"),
        (["predict", "some.csv", "some.csv"], "a fitted model is needed, and this is a table of runs"),
        (["discover", "bridge.toml", "--case", "x < 1"], "this is a study file"),
        (["export", "some.csv", "out.c"], "a folder of runs or a fitted model is needed, and this is a table"),
        (["verify", "nowhere"], "there is no such file or folder"),
    ],
)
def test_the_wrong_kind_of_file_is_named_for_what_it_is(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], part: str
) -> None:
    (folder / "some.html").write_text("<!doctype html>\n<p>")
    (folder / "some.csv").write_text("load,span\n1,2\n")
    assert surrogate(*arguments) == 2
    assert part in " ".join(capsys.readouterr().err.split())


def test_a_fitted_study_gives_the_same_report_again_and_its_model_in_other_languages(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = STUDY.replace("n = 200", "n = 44") + '[fit]\noutputs = ["safety"]\nfile = "bridge.surrogate"\n'
    (folder / "bridge.toml").write_text(text)
    assert surrogate("run", "bridge.toml", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["runs"]["planned"] == 44
    assert told["scorecards"]["safety"]["q2"] > 0.9
    assert told["report"] == "bridge.html"
    page = (folder / "bridge.html").read_bytes()
    for figure in (
        "Errors of the predictions of safety",
        "Candidates: accuracy",
        "against runs",
        "Sensitivity to load",
    ):
        assert figure in page.decode()
    assert surrogate("report", "bridge.runs", "-o", "again.html") == 0
    assert (folder / "again.html").read_bytes() == page
    assert surrogate("run", "bridge.toml") == 0
    assert (folder / "bridge.html").read_bytes() == page
    assert surrogate("verify", "bridge.runs", "--json") == 0
    assert surrogate("export", "bridge.surrogate", "bridge.py") == 0
    assert "def predict" in (folder / "bridge.py").read_text()


def test_what_is_fitted_and_sought_is_told_live_on_a_terminal_only(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    surrogate("run", "bridge.toml")
    capsys.readouterr()
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert surrogate("discover", "bridge.runs", "--case", "safety < 1") == 0
    out, err = capsys.readouterr()
    assert re.search(r"Searching for boxes: cross-validation \d, 20 of 20 folds, \d+ s", err)
    assert "Searching" not in out


def test_a_fit_that_was_kept_and_is_damaged_is_made_anew(folder: Path) -> None:
    text = STUDY.replace("n = 200", "n = 44").split("[discover]")[0]
    (folder / "bridge.toml").write_text(text + '[fit]\noutputs = ["safety"]\n')
    assert surrogate("run", "bridge.toml") == 0
    for kept in (folder / "bridge.runs" / "fits").iterdir():
        kept.write_bytes(kept.read_bytes()[:200])
    assert surrogate("report", "bridge.runs") == 0
    assert surrogate("verify", "bridge.runs") == 0
