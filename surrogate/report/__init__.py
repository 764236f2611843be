"""Say it: the HTML page and its figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import lazy_loader as lazy

if TYPE_CHECKING:
    from surrogate.report.accounting import Accounting as Accounting
    from surrogate.report.answer import Answer as Answer
    from surrogate.report.report import Findings as Findings
    from surrogate.report.report import Report as Report

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submod_attrs={"accounting": ["Accounting"], "answer": ["Answer"], "report": ["Findings", "Report"]},
)
