"""Show the main objects in notebooks: small tables, every text escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from markupsafe import Markup

from surrogate.report.answer import Answer, Piece, limit_words
from surrogate.report.numbers import number, percent
from surrogate.report.svg import element, join

if TYPE_CHECKING:
    from surrogate.report.report import Findings
    from surrogate.validation import Scorecard


def study_html(study: Findings) -> str:
    """Return the answer of a study, the limits of its boxes, and what they are worth."""
    answer = Answer.of(study)
    rows = []
    for i, box in enumerate(study.boxes, start=1):
        found = box.statistics(study.X, study.y)
        for name, limit in box.limits.items():
            words = limit_words(limit, study.space.parameters[name], study.X[name])
            rows.append([str(i), name, words, percent(found.coverage), percent(found.density)])
    table = _table(["box", "input", "allows", "coverage", "density"], rows) if rows else Markup("")
    return str(join([_sentence(answer.found), _sentence(answer.tested), table]))


def surrogate_html(names: Sequence[str], scorecards: Mapping[str, Scorecard]) -> str:
    """Return what a fitted surrogate answers, and how well."""
    rows = []
    for output, card in scorecards.items():
        q2 = f"{number(card.q2, 4)} [{number(card.q2_interval[0], 4)}, {number(card.q2_interval[1], 4)}]"
        rest = [number(card.rmse), percent(card.interval_coverage), number(card.predict_us, 2)]
        rows.append([output, card.kind, q2, *rest])
    title = element("p", f"Surrogate of {len(names)} inputs: {', '.join(names)}")
    return str(join([title, _table(["output", "kind", "Q²", "RMSE", "interval coverage", "µs a row"], rows)]))


def _sentence(pieces: Iterable[Piece]) -> Markup:
    parts = [element("b", piece.text) if piece.strong else piece.text for piece in pieces]
    return element("p", *parts) if parts else Markup("")


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Markup:
    head = element("thead", element("tr", *(element("th", column) for column in columns)))
    body = element("tbody", *(element("tr", *(element("td", cell) for cell in row)) for row in rows))
    return element("table", head, body)
