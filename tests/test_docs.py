"""The programs on the pages of docs/ run as printed, one page after the other from its top.

Tutorials are executed when the site is built. On the other pages a block that cannot run here stands below a comment
``<!-- not run: the reason -->``; it must at least be Python. Below ``<!-- module: name -->`` it is a module of that
name, which later blocks import. ``<!-- run in: folder -->`` names a folder of the repository whose files the page's
programs find beside them.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(page for page in DOCS.rglob("*.md") if "```python" in page.read_text(encoding="utf-8"))
BLOCK = re.compile(r"(?:<!-- (not run|module): ([^>]+) -->\s+)?^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
RUNNER = """import json, pathlib, sys, types
for name, start, module, text in json.loads(pathlib.Path(sys.argv[1]).read_text()):
    if module:
        sys.modules[module] = types.ModuleType(module)
    names = sys.modules[module].__dict__ if module else globals()
    exec(compile("\\n" * start + text, name, "exec"), names)
"""


def blocks(page):
    """Line, comment above and text of every block of Python on a page."""
    text = page.read_text(encoding="utf-8")
    return [(text.count("\n", 0, m.start(3)), (m.group(1), m.group(2)), m.group(3)) for m in BLOCK.finditer(text)]


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_the_programs_of_a_page_run(page, tmp_path):
    program = []
    for start, (kind, said), text in blocks(page):
        compile("\n" * start + text, str(page), "exec")
        if kind != "not run":
            program.append((page.name, start, said, text))
    if not program:
        pytest.skip("no program of this page can run here")
    beside = re.search(r"<!-- run in: (\S+) -->", page.read_text(encoding="utf-8"))
    folder = tmp_path / "page"
    shutil.copytree(ROOT / beside.group(1), folder) if beside else folder.mkdir()
    (tmp_path / "blocks.json").write_text(json.dumps(program))
    (folder / "page.py").write_text(RUNNER)
    done = subprocess.run(
        [sys.executable, "-W", "error", "page.py", str(tmp_path / "blocks.json")],
        cwd=folder, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]


def test_links_between_pages_lead_somewhere():
    for page in [*DOCS.rglob("*.md"), ROOT / "README.md"]:
        for target in re.findall(r"\]\((?!https?://|#)([^)#\s]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)}: {target}"
