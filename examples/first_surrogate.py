"""A first surrogate: how far a ball flies.

The slow model is a ball with air drag and wind, integrated until it hits the ground. Sixty flights teach a fast model
that answers a hundred thousand questions in a moment, and says how far its answers can be trusted.

    python first_surrogate.py            # writes ball.surrogate and ball.png
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np

from sims.adapters import ODE, Event
from surrogate import LatinHypercube, Real, Space, Surrogate

GRAVITY = 9.81  # m/s2


def flight(t: float, y: Any, speed: float, angle: float, drag: float, wind: float) -> list[float]:
    """Return the change of position and velocity: gravity, and drag against the air that moves with the wind."""
    _, _, along, up = y
    relative = along - wind
    resistance = drag * np.hypot(relative, up)
    return [along, up, -resistance * relative, -GRAVITY - resistance * up]


def kick(speed: float, angle: float, **_: float) -> list[float]:
    """Return position and velocity at the start."""
    return [0.0, 0.0, speed * np.cos(np.deg2rad(angle)), speed * np.sin(np.deg2rad(angle))]


def height(t: float, y: Any, **_: float) -> float:
    """Return the height above the ground, whose falling zero ends the flight."""
    return float(y[1])


ball = ODE(
    flight,
    initial=kick,
    space=Space(
        {
            "speed": Real(15.0, 35.0, unit="m/s"),
            "angle": Real(20.0, 60.0, unit="degree"),
            "drag": Real(0.002, 0.02, log=True, unit="1/m"),
            "wind": Real(-8.0, 8.0, unit="m/s"),
        }
    ),
    outputs={"distance": lambda trajectory: trajectory.final("x")},
    span=(0.0, 60.0),
    states=("x", "z", "vx", "vz"),
    events={"ground": Event(height, terminal=True, direction=-1)},
)


def main(n: int) -> None:
    """Fit, look at the scorecard, ask, save, load."""
    model = Surrogate.fit(ball, n=n, seed=0)
    print(model.scorecard)
    model.plot_parity().figure.savefig("ball.png", dpi=120, bbox_inches="tight")

    kicks = [[28.0, 40.0, 0.01, -2.0], [28.0, 40.0, 0.01, 2.0]]
    low, high = model.interval(kicks, coverage=0.95)
    for row, predicted, least, most in zip(kicks, model.predict(kicks), low, high, strict=True):
        simulated = ball(**dict(zip(ball.space.names, row, strict=True)))["distance"]
        print(f"{row}: {predicted:.2f} m predicted ({least:.2f} to {most:.2f}), {simulated:.2f} m simulated")

    many = LatinHypercube(100_000, seed=1).sample(model.space)
    start = time.perf_counter()
    distances = model.predict(many)
    print(
        f"{len(many)} flights predicted in {time.perf_counter() - start:.1f} s; the farthest: {distances.max():.0f} m"
    )

    model.save("ball.surrogate")
    same = np.array_equal(Surrogate.load("ball.surrogate").predict(many), distances)
    print(f"saved as ball.surrogate; loaded again it predicts the same bits: {same}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=60, help="number of simulated flights")
    main(parser.parse_args().n)
