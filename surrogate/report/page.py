"""Put the page together: gather what each section shows, fill the template, seal it with its security policy."""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import jinja2
import numpy as np
from markupsafe import Markup

from surrogate.report import quasi_p
from surrogate.report.accounting import Accounting
from surrogate.report.answer import Answer, case_of, in_order, limit_words, share_of_interest
from surrogate.report.axis import Axis
from surrogate.report.bars import account_bar, limit_bar
from surrogate.report.caveats import caveats
from surrogate.report.glossary import GLOSSARY
from surrogate.report.numbers import count, interval, number, percent, quantity
from surrogate.report.scatter import pair_scatters, parity
from surrogate.report.tradeoff import colour_levels, tradeoff
from surrogate.space import Categorical

if TYPE_CHECKING:
    from surrogate.report.report import Findings, Report
    from surrogate.space import Box, Parameter

# A message longer than this is a log, not a message.
_LONGEST_MESSAGE = 400
# Control characters that HTML does not allow; tab, line feed and carriage return stay.
_FORBIDDEN = {code: "\ufffd" for code in [*range(0x20), *range(0x7F, 0xA0)] if code not in (0x09, 0x0A, 0x0D)}


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
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    page = template.render(style=Markup(style), style_digest=digest, **_content(report))  # noqa: S704 - our own file
    return page.encode("utf-8", "replace").decode("utf-8")


def _legible(value: Any) -> Any:
    """Replace what must not appear in HTML, in markup (our drawings) and in text alike."""
    return type(value)(value.translate(_FORBIDDEN)) if isinstance(value, str) else value


def _content(report: Report) -> dict[str, Any]:
    study = report.study
    account = Accounting.of(report.runs) if report.runs is not None else None
    space = study.space if study is not None else report.runs.space if report.runs is not None else None
    return {
        "title": report.title or _title(report),
        "question": report.question or (f"In which futures does {case_of(study)} hold?" if study is not None else None),
        "answer": Answer.of(study) if study is not None else None,
        "summary": _summary(report, account),
        "findings": _findings(study) if study is not None else None,
        "account": account,
        "account_bar": _account_bar(account) if account is not None else None,
        "messages": {cause.status: _shortened(cause.message) for cause in account.causes}
        if account is not None
        else {},
        "inputs": [_input(name, parameter) for name, parameter in space.parameters.items()]
        if space is not None
        else [],
        "constraints": [str(constraint) for constraint in space.constraints] if space is not None else [],
        "emulators": [_emulator(i, output, report) for i, output in enumerate(report.scorecards)],
        "caveats": caveats(report),
        "glossary": GLOSSARY,
        "provenance": _flat({**_provenance_of(report.runs), **report.provenance}),
    }


def _title(report: Report) -> str:
    if report.study is not None:
        return f"Where {case_of(report.study)}"
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


def _findings(study: Findings) -> dict[str, Any]:
    base_rate = share_of_interest(study)
    trajectory = study.trajectory
    row = trajectory.iloc[study.chosen]
    return {
        "case": case_of(study),
        "n": len(study.X),
        "base_rate": base_rate,
        "row": row,
        "heldout": {name: _or_nan(row, f"heldout_{name}") for name in _HELDOUT},
        "tested": bool(np.isfinite(_or_nan(row, "heldout_density"))),
        "chosen": study.chosen,
        "tradeoff": tradeoff(trajectory, study.chosen, base_rate),
        "levels": colour_levels(trajectory),
        "trajectory": [_trajectory_row(entry) for _, entry in trajectory.iterrows()],
        "boxes": [_box(i, box, study) for i, box in enumerate(study.boxes)],
        "rules": _sentences(study.rules()),
        "stability": _table(study.stability()),
    }


_HELDOUT = ("coverage", "coverage_low", "coverage_high", "density", "density_low", "density_high")


def _or_nan(row: Any, name: str) -> float:
    return float(row.get(name, math.nan))


def _trajectory_row(row: Any) -> dict[str, Any]:
    names = ("coverage", "density", "mass", "n_restricted")
    return {
        **{name: _or_nan(row, name) for name in names},
        **{f"heldout_{n}": _or_nan(row, f"heldout_{n}") for n in _HELDOUT},
    }


def _box(i: int, box: Box, study: Findings) -> dict[str, Any]:
    y = np.asarray(study.y, dtype=np.float64)
    statistics = box.statistics(study.X, y)
    limits = [
        _limit(f"box-{i}-limit-{j}", name, limit, study.space.parameters[name], study, y, statistics.quasi_p.get(name))
        for j, (name, limit) in enumerate(box.limits.items())
    ]
    return {
        "number": i + 1,
        "statistics": statistics,
        "limits": limits,
        "pairs": pair_scatters(box, study, f"box-{i}-pair"),
    }


def _limit(
    id_: str, name: str, limit: Any, parameter: Parameter, study: Findings, y: np.ndarray[Any, Any], p: Any
) -> dict[str, Any]:
    values = study.X[name]
    shown: dict[str, Any] = {
        "name": name,
        "words": limit_words(limit, parameter, values),
        "range": _range(parameter),
        "quasi_p": quasi_p.words(p) if p is not None else "",
        "weak": p is not None and quasi_p.largest(p) > 0.05,
        "bar": None,
        "categories": [],
    }
    if isinstance(parameter, Categorical):
        allowed = set(in_order(limit, parameter))
        shown["categories"] = [(str(category), category in allowed) for category in parameter.values]
    else:
        shown["bar"] = limit_bar(name, limit, parameter, values, y, id_)
    return shown


def _range(parameter: Parameter) -> str:
    if isinstance(parameter, Categorical):
        return ", ".join(str(category) for category in parameter.values)
    axis = Axis.of(parameter)
    return f"{number(axis.low, 4)} to {quantity(axis.high, parameter.unit, 4)}"


def _input(name: str, parameter: Parameter) -> dict[str, str]:
    notes = []
    if getattr(parameter, "log", False):
        notes.append("logarithmic")
    if getattr(parameter, "distribution", None) is not None:
        distribution: Any = parameter
        notes.append(f"{distribution.distribution.dist.name} distribution")
    return {"name": name, "kind": parameter.kind, "range": _range(parameter), "notes": ", ".join(notes)}


def _emulator(i: int, output: str, report: Report) -> dict[str, Any]:
    card = report.scorecards[output]
    observed_and_predicted = report.predictions.get(output)
    drawn = parity(output, *observed_and_predicted, f"parity-{i}") if observed_and_predicted is not None else None
    return {"output": output, "card": card, "candidates": _table(card.candidates), "parity": drawn}


def _table(table: Any) -> dict[str, Any] | None:
    """Return a DataFrame as column names and rows of text; nothing for an empty one."""
    if table is None or not hasattr(table, "columns") or len(table) == 0:
        return None
    columns = [str(column).replace("_", " ") for column in table.columns]
    rows = [[_cell(value) for value in row] for row in table.itertuples(index=False)]
    if table.index.name is not None or table.index.dtype == object:
        columns = [str(table.index.name or ""), *columns]
        rows = [[_cell(label), *row] for label, row in zip(table.index, rows, strict=True)]
    return {"columns": columns, "rows": rows}


def _cell(value: Any) -> str:
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, (int, np.integer)):
        return count(int(value))
    if isinstance(value, (float, np.floating)):
        return "" if math.isnan(value) else number(float(value), 4)
    return str(value)


def _sentences(rules: Any) -> list[str]:
    if isinstance(rules, str):
        return [line for line in rules.splitlines() if line.strip()]
    return [str(rule) for rule in rules]


def _shortened(message: str) -> str:
    return message if len(message) <= _LONGEST_MESSAGE else f"{message[:_LONGEST_MESSAGE]} …"


def _provenance_of(runs: Any) -> Mapping[str, Any]:
    return dict(runs.provenance) if runs is not None and runs.provenance else {}


def _flat(facts: Mapping[str, Any], above: str = "") -> list[tuple[str, str]]:
    """Return nested facts as ``("design n", "1000")`` pairs."""
    pairs: list[tuple[str, str]] = []
    for name, value in facts.items():
        label = f"{above} {name}".strip().replace("_", " ")
        if isinstance(value, Mapping):
            pairs += _flat(value, label)
        elif isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
            for i, item in enumerate(value, start=1):
                pairs += _flat(item, f"{label} {i}")
        elif isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
            pairs.append((label, ", ".join(str(item) for item in value)))
        else:
            pairs.append((label, str(value)))
    return pairs
