"""Runs chosen batch by batch where the model errs, and a check by runs that the choice never saw."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.design.infill import Infill, Learned
from surrogate.workflows.held_out import HeldOut
from surrogate.workflows.learning import Learner, weighted_score

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from numpy.typing import NDArray

    from surrogate.models.emulators.selection import Prefer
    from surrogate.space import Space
    from surrogate.transfer import TransferSet
    from surrogate.workflows.learning import Score
    from surrogate.workflows.surrogate import Surrogate

#: The fewest runs to plan adaptively: fewer leave too little beside the runs that check the model.
LEAST_BUDGET = 60
_LEAST_HELD_OUT, _MOST_HELD_OUT = 24, 100  # 19 scores are what a 95 % interval needs; some runs may fail
_HELD_OUT_SHARE = 5  # every fifth of the runs
_LEAST_BATCH, _BATCH_SHARE = 3, 10  # a tenth of the runs: few fits, and few points chosen with an old one
_PATIENCE = 1.25  # after a check that failed, the next one waits for so many times the runs


def first_runs(d: int) -> int:
    """Return the size of the first design: enough to learn a smooth function of few inputs that matter.

    Parameters
    ----------
    d : int
        Number of inputs.

    Returns
    -------
    int

    Examples
    --------
    >>> [first_runs(d) for d in (1, 2, 5, 10, 50)]
    [10, 10, 20, 36, 36]
    """
    return max(10, min(4 * d, 36))


class Rounds:
    """An adaptive study: rounds of runs, what was learned after each, and the runs that check it.

    Every round is a deterministic function of the seed and of what the runs before answered, so that the same study on
    the same store makes only runs that are missing.

    Parameters
    ----------
    simulator : Simulator
    space : Space
    budget : int
        Most points; each is run `each` times.
    each : int
        Runs a point: replicates times policies.
    target : float or None
        Q2, or with levels the share of points on the right side of them, at which to stop.
    levels : float, mapping of str to float, or None
        Values whose boundary is sought, by output.
    prefer : {"accuracy", "speed", "small"}
    seed : int
    running : mapping
        As `surrogate.collect` takes it, with a store.
    """

    def __init__(
        self,
        simulator: Any,
        space: Space,
        budget: int,
        *,
        each: int,
        target: float | None,
        levels: float | Mapping[str, float] | None,
        prefer: Prefer,
        seed: int,
        running: Mapping[str, Any],
    ) -> None:
        self._simulator, self._space, self._budget, self._each = simulator, space, budget, each
        self._target, self._prefer, self._seed = target, prefer, seed
        self._levels = dict(levels) if isinstance(levels, Mapping) else levels
        self._running = dict(running)
        self._infill = Infill(space, seed)
        self._learners: dict[str, Learner] = {}
        self._planned: pd.DataFrame | None = None
        self._held_out = np.zeros(0, dtype=bool)
        self.runs: TransferSet | None = None
        self.history: list[dict[str, Any]] = []

    def run(self, first: pd.DataFrame) -> HeldOut:
        """Go through all rounds, and return what the last held-out runs are.

        With a target the rounds end at the first check that reaches it, and that check's score is the one reported: of
        several checks the luckiest is likelier to be the last, so that it is slightly high. Its interval tells by how
        much chance can lift it; runs of one's own, made afterwards, give a score without that.

        Parameters
        ----------
        first : DataFrame of shape (n, d)
            The first design.

        Returns
        -------
        HeldOut
        """
        self._make(first)
        reached, reserve, checked = self._learn(), held_out_size(self._budget), 0
        while True:
            n = len(self._held_out)
            room = self._budget - n
            last = room <= reserve
            if not last and not (reached and n >= _PATIENCE * checked):
                self._make(self._infill.ask(min(self._batch(), room - reserve)))
                reached = self._learn()
                continue
            found = self._check(room if last else min(held_out_size(n), room))
            checked = len(self._held_out)
            room = self._budget - checked
            if room == 0 or found.reaches(self._target):
                return found
            if room <= reserve + self._batch():
                return self._check(room, more=True)
            self._held_out[:] = False  # from now on infill learns from them too; others will check it
            reached = self._learn()

    def _batch(self) -> int:
        return max(_LEAST_BATCH, len(self._held_out) // _BATCH_SHARE)

    def _make(self, fresh: pd.DataFrame, held_out: bool = False) -> None:
        """Run a batch; the store has all earlier ones."""
        import pandas as pd

        from surrogate.transfer import collect

        made = self._planned
        self._planned = fresh if made is None else pd.concat([made, fresh], ignore_index=True)
        self._held_out = np.append(self._held_out, np.full(len(fresh), held_out))
        try:
            self.runs = collect(self._simulator, self._space, self._planned, seed=self._seed, **self._running)
        except BaseException as error:
            self.runs = getattr(error, "runs", self.runs)
            raise
        if self._running.get("on_change") == "rerun":  # once is meant, not once a batch
            self._running["on_change"] = "stop"

    def _rows(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Point and policy of each successful run."""
        assert self.runs is not None  # noqa: S101 - the first design was run
        ok = np.flatnonzero(self.runs.status.to_numpy() == "ok")
        return ok % len(self._held_out), ok // (len(self._held_out) * int(self._running.get("replicates", 1)))

    def _learn(self) -> bool:
        """Fit to what infill may see, tell it, and return whether that seems good enough."""
        runs, (point, policy) = self.runs, self._rows()
        assert runs is not None and self._planned is not None  # noqa: S101
        failed = ~np.isin(np.arange(len(self._held_out)), point)
        seen = ~self._held_out[point]
        features = runs.space.features(runs.X)[seen]
        learned: list[Learned] = []
        scores: list[Score] = []
        if len(np.unique(features, axis=0)) >= _LEAST_BATCH:
            shares = self._infill.shares(self._planned, point[seen])
            for name, level in self._wanted(runs).items():
                y = runs[name].to_numpy(dtype=np.float64)[seen]
                learner = self._learners.setdefault(name, Learner(self._prefer, self._seed))
                errors = learner.learn(features, y)
                scores.append(weighted_score(y, errors, shares, level, self._seed))
                self._note(name, scores[-1], "leave-one-out")
                for number, ask in enumerate(self._askers(learner)):
                    one = policy[seen] == number
                    if one.any():
                        learned.append(Learned(ask, point[seen][one], y[one], errors[one], level))
        self._infill.tell(self._planned, learned, failed)
        return self._target is not None and bool(scores) and all(score.reaches(self._target) for score in scores)

    def _askers(self, learner: Learner) -> list[Callable[[pd.DataFrame], NDArray[np.float64]]]:
        """Return what predicts from points of the space, one function a policy."""
        from surrogate.transfer.plan import POLICY

        assert self.runs is not None  # noqa: S101
        space, record = self.runs.space, learner.emulator.record_

        def ask(settings: Mapping[str, Any], points: pd.DataFrame) -> NDArray[np.float64]:
            answer: NDArray[np.float64] = record.predict(space.features(points.assign(**settings)))
            return answer

        policies: Mapping[str, Mapping[str, Any]] | None = self._running.get("policies")
        if not policies:
            return [partial(ask, {})]
        names = self._space.parameters
        own = [{key: value for key, value in given.items() if key in names} for given in policies.values()]
        return [partial(ask, {**given, POLICY: name}) for given, name in zip(own, policies, strict=True)]

    def _wanted(self, runs: TransferSet) -> dict[str, float | None]:
        """Return the outputs to learn, each with its level."""
        outputs = runs.output_names
        if len(runs) and not outputs:
            raise ValueError(
                "target, level: batches are chosen by outputs that are numbers; this simulator returns fields only. "
                "Return a number made from them too, such as a maximum, or leave target and level out."
            )
        if self._levels is None:
            return dict.fromkeys(outputs)
        if not isinstance(self._levels, dict):
            if len(outputs) > 1:
                raise ValueError(
                    f"level: there are several outputs, {', '.join(outputs)}; say whose boundary is sought: "
                    f"level={{{outputs[0]!r}: {self._levels!r}}}."
                )
            return {outputs[0]: float(self._levels)}
        for name in self._levels:
            if name not in outputs:
                raise ValueError(f"level: {name!r} is not an output in numbers; there are {', '.join(outputs)}.")
        return dict(self._levels)

    def _check(self, n: int, more: bool = False) -> HeldOut:
        """Run points that infill knows nothing of, and score the model of all others on them.

        `more` adds to held-out points that there are already.
        """
        assert self.runs is not None and self._planned is not None  # noqa: S101
        if not more:
            self._held_out[:] = False
        self._make(self._infill.unbiased(n, self._planned), held_out=True)
        point, _ = self._rows()
        found = HeldOut.of(
            self.runs, self._held_out[point], point, self._infill.shares(self._planned, point),
            self._wanted(self.runs), prefer=self._prefer, seed=self._seed,
        )  # fmt: skip
        for name, score in found.scores.items():
            self._note(name, score, "held-out")
        return found

    def _note(self, output: str, score: Score, evidence: str) -> None:
        self.history.append(
            {"output": output, "n": len(self._held_out) * self._each, **score.to_dict(), "evidence": evidence}
        )


def held_out_size(n: int) -> int:
    """Return how many of about `n` points are kept to check the model.

    Parameters
    ----------
    n : int

    Returns
    -------
    int
        A fifth, at least 24 and at most 100.
    """
    return min(max(_LEAST_HELD_OUT, n // _HELD_OUT_SHARE), _MOST_HELD_OUT)


def fit_adaptively(cls: type[Surrogate], rounds: Rounds, first: pd.DataFrame, prefer: Prefer, seed: int) -> Surrogate:
    """Run all rounds and fit to every run, scored on those held out; an error carries the runs made.

    Parameters
    ----------
    cls : type
        `Surrogate`.
    rounds : Rounds
        Not run yet.
    first : DataFrame of shape (n, d)
        The first design.
    prefer, seed
        For outputs that are fields, which infill does not look at.

    Returns
    -------
    Surrogate
        With its history, see `Surrogate.convergence`.
    """
    from surrogate.workflows.domain import Domain

    try:
        found = rounds.run(first)
        fitted: dict[str, Any] = dict(found.fitted(seed))
        if found.runs.fields:
            fitted |= cls._fit_runs(found.runs, tuple(found.runs.fields), prefer, seed)._fitted
        domain = Domain.fit(found.runs.space.features(found.runs.X))
        model = cls(found.runs.space, fitted, domain, found.runs)
    except Exception as error:
        if rounds.runs is not None and not hasattr(error, "runs"):
            error.runs = rounds.runs  # type: ignore[attr-defined]
            error.add_note("The runs are kept: see .runs of this error.")
        raise
    model._history = tuple(rounds.history)
    return model
