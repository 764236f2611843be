"""The words of the report, explained to a reader who has not met them."""

from __future__ import annotations

GLOSSARY: tuple[tuple[str, str], ...] = (
    ("future", "One setting of everything that may vary, and the run of the model with it."),
    ("case of interest", "The condition that the study asks about. It holds in a run, or it does not."),
    ("box", "Limits on a few inputs. A future is inside if it meets all of them; the other inputs are free."),
    ("density", "Of the futures inside the box, the share in which the case holds."),
    ("coverage", "Of all futures in which the case holds, the share that lies inside the box."),
    ("mass", "Of all futures, the share that lies inside the box."),
    (
        "held-out runs",
        "Runs that the search for the box did not use. Density and coverage on them are honest; on the fitted runs "
        "they are too favourable.",
    ),
    ("interval", "Where the number would lie in 95 of 100 repetitions with other runs. Written [low, high]."),
    (
        "quasi-p",
        "How easily chance alone would make a limit look as good as it does (Bryant and Lempert 2010). Small is "
        "strong evidence. It is not corrected for the many limits that were tried.",
    ),
    (
        "trajectory",
        "The search begins with all futures and takes a little off at each step. Each step is a box; the trade-off "
        "shows them all.",
    ),
    (
        "found again",
        "In what share of searches in random halves of the runs an input is limited again, in a box of the same "
        "coverage. Near 100 % it belongs to the answer.",
    ),
    ("emulator", "A fast model fitted to the runs, which answers in place of the simulator."),
    ("Q²", "Share of the variance of runs that the emulator did not see which it explains. 1 is perfect."),
    (
        "alone, with interactions",
        "Shares of the variance of an output: what an input explains by itself, and what it explains together with "
        "others too (Sobol' indices, first-order and total).",
    ),
    ("RMSE", "Root mean squared error, in the unit of the output."),
    (
        "interval coverage",
        "Share of unseen runs that fall into the emulator's 95 % intervals. It should be about 95 %.",
    ),
)
