"""The programs printed in the README run as printed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def test_the_readme_shows_exactly_two_set_up_commands():
    commands = [line.split("#")[0].strip() for line in README.read_text().splitlines() if line.startswith("    pip")]
    assert commands == ["pip install . && surrogate run examples/lake.toml", "pip install '.[test]' && pytest"]


def test_the_programs_in_the_readme_run_one_after_the_other(tmp_path):
    programs = re.findall(r"```python\n(.*?)```", README.read_text(), flags=re.DOTALL)
    assert len(programs) == 3
    for i, program in enumerate(programs):
        script = tmp_path / f"program_{i}.py"
        script.write_text(program)
        done = subprocess.run(
            [sys.executable, "-W", "error", str(script)], cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "beam.surrogate").stat().st_size > 0
    assert "lake" in (tmp_path / "lake.html").read_text()
