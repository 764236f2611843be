"""Optimisation on a surrogate: the lightest wing, with a gradient that the simulator does not have.

The model is fitted to some runs; scipy.optimize walks on it, from several starts, for nothing. The simulator is asked
once more at the end, because an optimiser finds the places where a model is wrong: what the model promised there is
compared with what the simulator says.

    python optimise_on_a_surrogate.py    # writes wing.png
"""

from __future__ import annotations

import argparse

import numpy as np
from scipy.optimize import minimize

from sims.functions import WingWeight
from surrogate import LatinHypercube, Surrogate

# The mission fixes what the wing must carry; the designer chooses the shape.
MISSION = {"Wfw": 252.0, "q": 34.0, "Nz": 3.8, "Wdg": 2000.0, "Wp": 0.064}
SHAPE = {"Sw": (150.0, 200.0), "A": (6.0, 10.0), "sweep": (-10.0, 10.0), "taper": (0.5, 1.0), "tc": (0.08, 0.18)}
STARTS = 8


def wing(Sw: float, A: float, sweep: float, taper: float, tc: float) -> float:
    """Return the weight in lb of a wing of this shape on the fixed mission."""
    return float(WingWeight()(Sw=Sw, A=A, sweep=sweep, taper=taper, tc=tc, **MISSION))


def main(n: int) -> None:
    """Fit, optimise on the model, verify with one run."""
    model = Surrogate.fit(wing, SHAPE, n=n, seed=0)
    print(f"Q2 {model.scorecard.q2:.5f} from {n} runs")

    starts = LatinHypercube(STARTS, seed=1).sample(model.space).to_numpy()
    walks = [
        minimize(
            lambda x: model.predict(x[None])[0],
            start,
            jac=lambda x: model.gradient(x[None])[0],
            method="L-BFGS-B",
            bounds=list(SHAPE.values()),
        )
        for start in starts
    ]
    best = min(walks, key=lambda walk: walk.fun)
    low, high = model.interval(best.x[None])
    asked = sum(walk.nfev for walk in walks)

    shape = dict(zip(SHAPE, np.round(best.x, 4).tolist(), strict=True))
    print(f"lightest wing: {shape}")
    print(f"predicted {best.fun:.2f} lb ({low[0]:.2f} to {high[0]:.2f}), after {asked} questions to the model")
    print(f"simulated {wing(*best.x):.2f} lb, with one more run")
    model.plot_sensitivity().figure.savefig("wing.png", dpi=120, bbox_inches="tight")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=100, help="number of runs to learn from")
    main(parser.parse_args().n)
