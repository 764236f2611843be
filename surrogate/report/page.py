"""Put the page together: gather what each section shows, fill the template, seal it with its security policy."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import jinja2
from markupsafe import Markup

from surrogate.report.accounting import Accounting
from surrogate.report.answer import Answer, case_of
from surrogate.report.bars import account_bar
from surrogate.report.box_section import box_section, input_range
from surrogate.report.caveats import caveats
from surrogate.report.emulator_section import emulator_section
from surrogate.report.failure_section import failure_section
from surrogate.report.glossary import GLOSSARY
from surrogate.report.numbers import count, interval, number, percent
from surrogate.report.page_data import page_data, sealed_json
from surrogate.report.tables import flat, of_all_calls

if TYPE_CHECKING:
    from surrogate.report.report import Report
    from surrogate.space import Parameter

# A message longer than this is a log, not a message.
_LONGEST_MESSAGE = 400
# Control characters that HTML does not allow; tab, line feed and carriage return stay.
_FORBIDDEN = {code: "\ufffd" for code in [*range(0x20), *range(0x7F, 0xA0)] if code not in (0x09, 0x0A, 0x0D)}
_SCRIPTS = ("page_words.js", "box_counts.js", "box_drawings.js", "explorer.js")


def render(report: Report) -> str:
    """Return the report as HTML text: equal reports give equal text."""
    folder = files("surrogate.report")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, finalize=_legible, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(number=number, percent=percent, count=count)
    environment.globals.update(interval=interval)
    template = environment.from_string((folder / "page.html.jinja").read_text(encoding="utf-8"))
    style = "\n" + (folder / "style.css").read_text(encoding="utf-8")
    script = "\n" + "\n".join((folder / name).read_text(encoding="utf-8") for name in _SCRIPTS)
    seals = {"style_digest": _digest(style), "script_digest": _digest(script)}
    page = template.render(style=Markup(style), script=Markup(script), **seals, **_content(report))  # noqa: S704 - our own files
    return page.encode("utf-8", "replace").decode("utf-8")


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _legible(value: Any) -> Any:
    """Replace what must not appear in HTML, in markup (our drawings) and in text alike."""
    return type(value)(value.translate(_FORBIDDEN)) if isinstance(value, str) else value


def _content(report: Report) -> dict[str, Any]:
    study = report.study
    account = Accounting.of(report.runs) if report.runs is not None else None
    space = study.space if study is not None else report.runs.space if report.runs is not None else None
    boxes = box_section(report, study.stability()) if study is not None else None
    return {
        "title": report.title or _title(report),
        "question": report.question or (f"In which futures does {_asked(report)}?" if study is not None else None),
        "answer": Answer.of(study) if study is not None else None,
        "summary": _summary(report, account),
        "findings": boxes,
        "account": account,
        "account_bar": _account_bar(account) if account is not None else None,
        "failures": failure_section(report.runs, study) if report.runs is not None else None,
        "messages": {cause.status: _shortened(cause.message) for cause in account.causes}
        if account is not None
        else {},
        "inputs": [_input(name, parameter) for name, parameter in space.parameters.items()]
        if space is not None
        else [],
        "constraints": [str(constraint) for constraint in space.constraints] if space is not None else [],
        "emulators": [emulator_section(i, output, report) for i, output in enumerate(report.scorecards)],
        "caveats": caveats(report),
        "glossary": GLOSSARY,
        "provenance": flat({**_provenance_of(report.runs), **report.provenance}),
        "data": sealed_json(page_data(report, boxes["reproduced"] if boxes is not None else {})),
    }


def _asked(report: Report) -> str:
    study: Any = report.study
    return "the simulator fail" if study.case == "failed" else f"{case_of(study)} hold"


def _title(report: Report) -> str:
    if report.study is not None:
        return "Where the simulator fails" if report.study.case == "failed" else f"Where {case_of(report.study)}"
    if report.scorecards:
        return f"Emulator of {', '.join(report.scorecards)}"
    return "Runs of a simulator"


def _summary(report: Report, account: Accounting | None) -> list[str]:
    """Return what the first screen says when there is no box to speak of."""
    said = [f"{output}: {card.verdict}" for output, card in report.scorecards.items()]
    if account is None:
        return said
    if account.ok == 0 and account.causes:
        first = account.causes[0]
        said.insert(0, f"No run succeeded. Most failed with “{first.status}”: {_shortened(first.message)}")
    return [account.sentence(), *said]


def _account_bar(account: Accounting) -> Markup:
    return account_bar([("ok", account.ok), ("failed", account.failed), ("pending", account.pending)])


def _input(name: str, parameter: Parameter) -> dict[str, str]:
    notes = []
    if getattr(parameter, "log", False):
        notes.append("logarithmic")
    if getattr(parameter, "distribution", None) is not None:
        distribution: Any = parameter
        notes.append(f"{distribution.distribution.dist.name} distribution")
    return {"name": name, "kind": parameter.kind, "range": input_range(parameter), "notes": ", ".join(notes)}


def _shortened(message: str) -> str:
    return message if len(message) <= _LONGEST_MESSAGE else f"{message[:_LONGEST_MESSAGE]} …"


def _provenance_of(runs: Any) -> dict[str, Any]:
    return of_all_calls(runs.provenance) if runs is not None and runs.provenance else {}
