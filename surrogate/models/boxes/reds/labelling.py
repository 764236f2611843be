"""Labels for points that were never run: emulators of a case, chosen and judged by runs that they did not see."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.models.boxes.reds.calibration import Calibration, logit

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from surrogate.space import Expression

    Floats = NDArray[np.float64]
    Split = tuple[NDArray[np.intp], NDArray[np.intp]]

_MOST_GP_RUNS = 1000  # a Gaussian process costs n**3 time in every fold
_DRAWS = 64  # errors that stand for their distribution: shares are then good to one part in a hundred


@dataclass(frozen=True)
class Asked:
    """What is known about the runs beside their inputs.

    Attributes
    ----------
    y : ndarray of shape (n,)
        Cases of interest, from 0 to 1.
    outputs : mapping of str to ndarray of shape (n,)
        Outputs that the condition names; empty if the case was given run by run.
    condition : Expression or None
        The condition that makes cases of outputs (and inputs).
    """

    y: Floats
    outputs: Mapping[str, Floats]
    condition: Expression | None = None

    def take(self, rows: NDArray[np.intp] | slice) -> Asked:
        """Return a part of the runs."""
        return Asked(self.y[rows], {name: values[rows] for name, values in self.outputs.items()}, self.condition)


Told = Callable[["Floats", "pd.DataFrame"], "Floats"]


class Emulation(ABC):
    """A way to learn a case from runs: a model that tells something of a point, and a calibration of what it tells."""

    name: str

    @abstractmethod
    def learn(self, features: Floats, asked: Asked) -> Callable[[Floats], Floats]:
        """Fit to runs; return a function from features (m, p) to what the model tells of them, shape (m, q)."""

    @abstractmethod
    def calibrate(self, told: Floats, asked: Asked) -> Told:
        """Learn probabilities from what was told of runs that the model did not see.

        Returns
        -------
        callable
            From what is told, shape (m, q), and the inputs to probabilities, shape (m,).
        """


class OfCase(Emulation):
    """An estimator that is fitted to the cases themselves, calibrated by a logistic curve (Platt scaling)."""

    def __init__(self, name: str, estimator: Any) -> None:
        self.name = name
        self.estimator = estimator

    def learn(self, features: Floats, asked: Asked) -> Callable[[Floats], Floats]:
        from sklearn.base import clone, is_classifier

        classifier = is_classifier(self.estimator)
        fitted = clone(self.estimator).fit(features, asked.y.round().astype(int) if classifier else asked.y)
        if hasattr(fitted, "predict_proba"):
            return lambda X: logit(fitted.predict_proba(X)[:, 1:])
        tell = fitted.decision_function if hasattr(fitted, "decision_function") else fitted.predict
        return lambda X: np.asarray(tell(X), dtype=np.float64).reshape(len(X), -1)

    def calibrate(self, told: Floats, asked: Asked) -> Told:
        curve = Calibration.fit(told[:, 0], asked.y)
        return lambda told, inputs: curve(told[:, 0])


class OfOutputs(Emulation):
    """Emulators of the outputs that the condition names.

    The probability of a case is the share of the errors, made on runs that the emulators did not see, with which the
    condition holds at a point: prediction + error, as in conformal prediction [1]_. The errors of one run stay
    together, so that outputs may err alike. They are taken to be alike everywhere: local standard deviations of a
    Gaussian process cost n**2 operations a point, which is more than many new points allow.

    References
    ----------
    .. [1] Vovk, Shen, Manokhin & Xie 2019, Nonparametric predictive distributions based on conformal prediction,
       Machine Learning 108, 445-474.
    """

    def __init__(self, name: str, estimator: Any) -> None:
        self.name = name
        self.estimator = estimator

    def learn(self, features: Floats, asked: Asked) -> Callable[[Floats], Floats]:
        from sklearn.base import clone

        records = [clone(self.estimator).fit(features, values).record_ for values in asked.outputs.values()]
        return lambda X: np.column_stack([record.predict(X) for record in records])

    def calibrate(self, told: Floats, asked: Asked) -> Told:
        errors = np.column_stack(list(asked.outputs.values())) - told
        errors = errors[np.argsort(errors[:, 0], kind="stable")]
        errors = errors[((np.arange(_DRAWS) + 0.5) * len(errors) / _DRAWS).astype(int)]
        condition, names = asked.condition, tuple(asked.outputs)
        assert condition is not None  # noqa: S101 - usual_emulations offers this for conditions only

        def probability(told: Floats, inputs: pd.DataFrame) -> Floats:
            known = {str(name): inputs[name].to_numpy() for name in inputs if str(name) not in names}
            held = np.zeros(len(told))
            for error in errors:
                held += condition({**known, **dict(zip(names, (told + error).T, strict=True))})
            return (held + 0.5) / (_DRAWS + 1)

        return probability


@dataclass(frozen=True)
class Labelling:
    """The emulation that was chosen, and what runs that it did not see say about it.

    Attributes
    ----------
    name : str
        Of the emulation.
    candidates : tuple of dict
        A row an emulation that was tried, best first: name, log_loss, brier.
    held_out : ndarray of shape (n,)
        Probability of each run by an emulation that was fitted and calibrated without its fold.
    skill : float
        Share of the base rate's log loss that the emulation saves on held-out runs: 1 is perfect, 0 is no better.
    skill_error : float
        Its standard error.
    calibration_error : float
        Mean difference between probability and share of cases, on fifths of the held-out runs by probability.
    probability : callable
        From features and inputs of new points to probabilities.
    """

    name: str
    candidates: tuple[dict[str, Any], ...]
    held_out: Floats
    skill: float
    skill_error: float
    calibration_error: float
    probability: Callable[[Floats, pd.DataFrame], Floats]


def usual_emulations(n: int, asked: Asked, seed: int) -> list[Emulation]:
    """Return what is worth trying: boosted trees for cases that jump, Gaussian processes for smooth borders.

    Random forests were measured too and never best, support vector machines once, on seven test functions (one of
    them noisy) with 200, 400 and 800 runs, by log loss on unseen points.
    """
    from surrogate.models.boxes.reds.boosted_case import BoostedCase
    from surrogate.models.emulators import BoostedTrees, GaussianProcess

    # One kernel and one start: labels need no more, and everything is refitted in every fold.
    process = GaussianProcess("matern52", n_starts=1, random_state=seed)
    few = n <= _MOST_GP_RUNS
    found: list[Emulation] = [OfCase("boosted trees of the case", BoostedCase(random_state=seed))]
    if few:
        found.append(OfCase("Gaussian process of the case", process))
    if asked.condition is not None and asked.outputs:
        trees = BoostedTrees(n_trees=300, random_state=seed)
        found.append(OfOutputs("Gaussian process of the output", process) if few else
                     OfOutputs("boosted trees of the output", trees))  # fmt: skip
    return found


def label(
    emulations: Sequence[Emulation], features: Floats, inputs: pd.DataFrame, asked: Asked, splits: Sequence[Split]
) -> Labelling:
    """Choose the emulation with the least log loss on held-out runs, fitted and calibrated without them.

    Parameters
    ----------
    emulations : sequence of Emulation
    features : ndarray of shape (n, p)
    inputs : DataFrame of shape (n, d)
        The same runs as they are, for conditions that name inputs.
    asked : Asked
    splits : sequence of pairs of row numbers
        Training and held-out runs; each run is held out once.

    Returns
    -------
    Labelling
    """
    tried = []
    for emulation in emulations:
        told = _told_out_of_fold(emulation, features, asked, splits)
        p = np.empty(len(asked.y))
        for train, test in splits:
            p[test] = emulation.calibrate(told[train], asked.take(train))(told[test], inputs.iloc[test])
        tried.append((float(log_losses(asked.y, p).mean()), p, emulation, told))
    tried.sort(key=lambda one: one[0])
    loss, held_out, best, told = tried[0]
    fitted, calibrated = best.learn(features, asked), best.calibrate(told, asked)
    base = log_losses(asked.y, np.full(len(asked.y), asked.y.mean()))
    saved = base - log_losses(asked.y, held_out)
    return Labelling(
        best.name,
        tuple(
            {"name": e.name, "log_loss": value, "brier": float(np.mean((p - asked.y) ** 2))} for value, p, e, _ in tried
        ),
        held_out,
        1 - loss / float(base.mean()),
        float(saved.std(ddof=1) / np.sqrt(len(saved)) / base.mean()),
        calibration_error(asked.y, held_out),
        lambda features, inputs: calibrated(fitted(features), inputs),
    )


def _told_out_of_fold(emulation: Emulation, features: Floats, asked: Asked, splits: Sequence[Split]) -> Floats:
    told: list[tuple[NDArray[np.intp], Floats]] = []
    for train, test in splits:
        told.append((test, emulation.learn(features[train], asked.take(train))(features[test])))
    together = np.empty((len(features), told[0][1].shape[1]))
    for test, values in told:
        together[test] = values
    return together


def log_losses(y: Floats, p: Floats) -> Floats:
    """Return the log loss of each run; a probability of one in a thousand is the surest that is believed."""
    p = np.clip(p, 1e-3, 1 - 1e-3)
    return np.asarray(-(y * np.log(p) + (1 - y) * np.log(1 - p)))


def calibration_error(y: Floats, p: Floats, bins: int = 5) -> float:
    """Return the mean difference between probabilities and shares of cases, over bins of equally many runs.

    Examples
    --------
    >>> y = np.tile([0.0, 0.0, 0.0, 1.0], 50)
    >>> round(calibration_error(y, np.full(200, 0.25)), 3), round(calibration_error(y, np.full(200, 0.5)), 3)
    (0.0, 0.25)
    """
    parts = [part for part in np.array_split(np.argsort(p, kind="stable"), bins) if len(part)]
    return float(sum(abs(float(p[part].sum() - y[part].sum())) for part in parts) / len(y))
