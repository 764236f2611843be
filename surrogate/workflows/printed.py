"""What the command line prints: as text for people, as JSON for machines."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from surrogate.transfer import TransferSet
    from surrogate.validation import Scorecard
    from surrogate.workflows.study import Study
    from surrogate.workflows.study_runner import StudyResult

# Control characters could move the cursor or rename the window: a message from a simulator is only text.
_CONTROL = {code: "\ufffd" for code in [*range(0x20), *range(0x7F, 0xA0)] if code not in (0x09, 0x0A)}


def printable(text: object) -> str:
    r"""Return text without control characters.

    Examples
    --------
    >>> printable("\x1b[31mred")
    '\ufffd[31mred'
    """
    return str(text).translate(_CONTROL)


def accounting_text(runs: TransferSet) -> str:
    """Return the account of the runs, with the first message of each cause of failure."""
    from surrogate.report.accounting import Accounting

    account = Accounting.of(runs)
    lines = [account.sentence()]
    lines += [f"  {cause.status}: {_first_line(cause.message)}" for cause in account.causes]
    return printable("\n".join(lines))


def accounting_json(runs: TransferSet) -> str:
    """Return the account of the runs as JSON."""
    return as_json_text(_account(runs))


def _account(runs: TransferSet) -> dict[str, Any]:
    from surrogate.report.accounting import Accounting

    account = Accounting.of(runs)
    causes = [{"status": cause.status, "n": cause.n, "message": cause.message} for cause in account.causes]
    counts = {"planned": account.planned, "ok": account.ok, "pending": account.pending, "failed": account.failed}
    return {**counts, "causes": causes}


def failures_text(runs: TransferSet) -> str:
    """Return the failed runs as a table."""
    failures = runs.failures
    if not len(failures):
        return "No run failed."
    table = failures.assign(message=[_first_line(str(message)) for message in failures["message"]])
    return printable(table.to_string(max_colwidth=60))


def failures_json(runs: TransferSet) -> str:
    """Return the failed runs as a JSON list, an object a run."""
    table = runs.failures.reset_index()
    return as_json_text([{str(name): _plain(value) for name, value in row.items()} for row in table.to_dict("records")])


def scorecards_text(scorecards: Mapping[str, Scorecard]) -> str:
    """Return the scorecards as text."""
    return printable("\n".join(repr(card) for card in scorecards.values()))


def answer_text(study: Study) -> str:
    """Return the answer of a study as a sentence."""
    from surrogate.report.answer import Answer

    return printable(Answer.of(study).text)


def study_json(study: Study) -> str:
    """Return the answer of a study, its boxes and their statistics as JSON."""
    return as_json_text(_study(study))


def result_json(result: StudyResult, written: Path) -> str:
    """Return what a study came to as JSON: runs, scorecards by output, boxes, and where the report is."""
    cards = result.model.scorecards if result.model is not None else {}
    return as_json_text(
        {
            "runs": _account(result.runs),
            "scorecards": {name: card.to_dict() for name, card in cards.items()},
            "study": _study(result.study) if result.study is not None else None,
            "report": str(written),
        }
    )


def _study(study: Study) -> dict[str, Any]:
    from surrogate.report.answer import Answer

    row = study.trajectory.iloc[study.chosen].to_dict()
    return {
        "case": study.case,
        "answer": Answer.of(study).text,
        "box": study.box.to_dict(),
        "boxes": [box.to_dict() for box in study.boxes],
        "chosen": {"row": study.chosen, **{str(name): _plain(value) for name, value in row.items()}},
    }


def as_json_text(content: Any) -> str:
    """Return JSON for machines that people can read, too."""
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)


def _plain(value: Any) -> Any:
    """Return a number or text that JSON knows; what is not finite becomes null."""
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, (str, bool, int, float)) or value is None else str(value)


def _first_line(message: str) -> str:
    return next((line for line in message.splitlines() if line.strip()), "")
