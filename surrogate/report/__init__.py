"""Say it: the HTML page and its figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import lazy_loader as lazy

if TYPE_CHECKING:
    from surrogate.report.accounting import Accounting as Accounting
    from surrogate.report.answer import Answer as Answer
    from surrogate.report.figures import plot_boxes as plot_boxes
    from surrogate.report.figures import plot_convergence as plot_convergence
    from surrogate.report.figures import plot_pairs as plot_pairs
    from surrogate.report.figures import plot_parity as plot_parity
    from surrogate.report.figures import plot_sensitivity as plot_sensitivity
    from surrogate.report.figures import plot_tradeoff as plot_tradeoff
    from surrogate.report.report import Findings as Findings
    from surrogate.report.report import Report as Report

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submod_attrs={
        "accounting": ["Accounting"],
        "answer": ["Answer"],
        "figures": [
            "plot_boxes",
            "plot_convergence",
            "plot_pairs",
            "plot_parity",
            "plot_sensitivity",
            "plot_tradeoff",
        ],
        "report": ["Findings", "Report"],
    },
)
