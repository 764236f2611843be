"""A study as the other rooms would hand it over, made from known numbers so that this room is tested alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from surrogate.space import Box, Categorical, Integer, Real, Space
from surrogate.validation import Scorecard


@dataclass
class MadeFindings:
    X: pd.DataFrame
    y: np.ndarray
    case: str | None
    space: Space
    trajectory: pd.DataFrame
    chosen: int
    boxes: list[Box]
    sentences: list[str] = field(default_factory=list)
    outputs: dict[str, np.ndarray] = field(default_factory=dict)
    search: Any = None
    lost: pd.DataFrame = field(default_factory=lambda: pd.DataFrame({"status": pd.Series([], dtype=object)}))

    def __post_init__(self) -> None:
        if self.search is None:
            self.search = SimpleNamespace(boxes_=[*self.boxes[:1]] * len(self.trajectory))

    def rules(self) -> list[str]:
        return self.sentences

    def stability(self) -> pd.DataFrame:
        names = list(self.X)[:2]
        shares = {"reproduced_coverage": [0.98, 0.6], "reproduced_density": [0.9, 0.55]}
        return pd.DataFrame(shares, index=pd.Index(names, name="parameter"))


def made_trajectory(X: pd.DataFrame, y: np.ndarray, box: Box, steps: int = 30) -> tuple[pd.DataFrame, list[Box]]:
    """Boxes that shrink from the whole space to `box` and beyond, their held-out values a little worse."""
    rows, boxes = [], []
    for step in range(steps):
        part = step / (steps - 6)
        limits = {name: lim if part > 0.3 * i else None for i, (name, lim) in enumerate(box.limits.items())}
        shrunk = Box({name: _shrunk(lim, X[name], part) for name, lim in limits.items() if lim is not None})
        boxes.append(shrunk)
        found = shrunk.statistics(X, y)
        kept = {name: found[name] for name in ("n", "k", "coverage", "density", "mass", "n_restricted")}
        kept["heldout_coverage"] = found.coverage * 0.97
        kept["heldout_density"] = found.density - 0.06 * min(part, 1.0)
        for what in ("coverage", "density"):
            kept[f"heldout_{what}_low"] = max(kept[f"heldout_{what}"] - 0.03 - 0.06 * part, 0.0)
            kept[f"heldout_{what}_high"] = min(kept[f"heldout_{what}"] + 0.03 + 0.05 * part, 1.0)
        rows.append(kept)
    return pd.DataFrame(rows), boxes


def _shrunk(limit: Any, values: pd.Series, part: float) -> Any:
    if isinstance(limit, frozenset):
        return limit
    ends = float(values.min()), float(values.max())
    return tuple(end + (lim - end) * part if np.isfinite(lim) else lim for lim, end in zip(limit, ends, strict=True))


def made_study(
    n: int = 1000, seed: int = 7, names: tuple[str, ...] = ("b", "q", "mean", "fuel", "crews")
) -> MadeFindings:
    b, q, mean, fuel, crews = names
    space = Space(
        {
            b: Real(0.1, 0.45, unit="1/year"),
            q: Real(2.0, 4.5),
            mean: Real(1e-4, 1e-1, log=True, unit="mol/m³"),
            fuel: Categorical(["gas", "coal", "wind"]),
            crews: Integer(1, 12),
        }
    )
    X = space.from_unit(np.random.default_rng(seed).random((n, len(space))))
    chance = np.random.default_rng(seed + 1).random(n)
    inside = (X[b] <= 0.27) & (X[q] <= 3.4) & X[fuel].isin(["gas", "coal"])
    y = np.where(inside, chance < 0.86, chance < 0.07)
    box = Box({b: (-np.inf, 0.2702), q: (-np.inf, 3.3987), fuel: {"gas", "coal"}}, units={b: "1/year"})
    rules = ["IF b <= 0.27 and q <= 3.4 and fuel is coal or gas THEN reliability < 0.9 in 86 of 100 futures."]
    trajectory, steps_ = made_trajectory(X, y, box)
    # The case is where this output is low; the second has nothing to do with it.
    noise = np.random.default_rng(seed + 2).random((2, n))
    outputs = {"reliability": np.where(y, 0.9 * noise[0], 0.9 + 0.1 * noise[0]), "cost": 100 * noise[1] ** 2}
    later = Box({crews: (7.0, np.inf), mean: (0.001, 0.05)})
    return MadeFindings(
        X, y, "reliability < 0.9", space, trajectory, 24, [steps_[24], later], rules, outputs,
        SimpleNamespace(boxes_=steps_),
    )  # fmt: skip


def made_runs(study: MadeFindings, failed: int = 37) -> Any:
    """Runs in the shape of a TransferSet: `failed` more were planned, and failed for two causes."""
    n = len(study.X)
    inputs = pd.concat([study.X, study.X.iloc[:failed]], ignore_index=True)
    causes = ["timeout" if i % 3 else "exception" for i in range(failed)]
    messages = ["still running after 60 s" if c == "timeout" else "ValueError: no steady state" for c in causes]
    failures = inputs.iloc[n:].assign(status=causes, message=messages, attempts=1, seconds=0.1)
    return SimpleNamespace(
        inputs=inputs,
        X=study.X,
        output_names=(),
        space=study.space,
        status=pd.Series(["ok"] * n + causes),
        failures=failures,
        provenance={"design": {"kind": "latin_hypercube", "n": n, "seed": 0}, "simulator": "sims.policy.lake:Lake"},
    )


def made_scorecard(output: str = "reliability", **changed: Any) -> Scorecard:
    candidates = tuple(
        {
            "name": name,
            "q2": q2,
            "rmse": rmse,
            "fit_seconds": seconds,
            "predict_us": us,
            "bytes": size,
            "folds": "10/10",
            "chosen": chosen,
            "note": "",
        }
        for name, q2, rmse, seconds, us, size, chosen in (
            ("gaussian_process", 0.9912, 0.021, 4.1, 12.0, 310_000, True),
            ("boosted_trees", 0.952, 0.052, 1.9, 3.3, 890_000, False),
            ("mlp", 0.978, 0.034, 6.2, 1.1, 84_000, False),
        )
    )
    numbers: dict[str, Any] = {
        "output": output,
        "kind": "gaussian_process",
        "n": 1000,
        "q2": 0.9912,
        "q2_interval": (0.988, 0.9934),
        "rmse": 0.021,
        "mae": 0.013,
        "max_error": 0.14,
        "interval_coverage": 0.952,
        "interval_width": 0.08,
        "fit_seconds": 12.3,
        "predict_us": 12.0,
        "bytes": 310_000,
        "candidate_rows": candidates,
    }
    return Scorecard(**{**numbers, **changed})


@pytest.fixture
def study() -> MadeFindings:
    return made_study()


@pytest.fixture
def runs(study: MadeFindings) -> Any:
    return made_runs(study)
