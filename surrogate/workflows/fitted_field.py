"""One field of a surrogate: what predicts it, its intervals and its scorecard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from surrogate.models.records.pod import PODRecord
from surrogate.validation.field_conformal import FieldConformal
from surrogate.validation.field_scorecard import FieldScorecard

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from surrogate.models.emulators.orthogonal_basis import Bases
    from surrogate.models.emulators.pod import FieldFit
    from surrogate.models.emulators.selection import Prefer
    from surrogate.models.emulators.snapshots import Snapshots

    Floats = NDArray[np.float64]

_MOST_LOCATIONS = 2000  # whose scores are pooled, drawn at random
_LEAST_SHARE = 0.1  # of the rms error: a model that claims less certainty than this is not believed
_ROUNDING = 64 * float(np.finfo(np.float64).eps)  # of the largest number: smaller errors are rounding
_LITTLE_VARIANCE = 0.01  # of the mean variance: locations that vary less do not count as the worst
_TIMED = 10_000_000  # numbers that are predicted to measure the time


@dataclass(frozen=True)
class FittedField:
    """An emulator of one field, with the evidence for it.

    Parameters
    ----------
    record : PODRecord
        What predicts, from features.
    conformal : FieldConformal
        What intervals are made of.
    scorecard : FieldScorecard
        How good it is.
    """

    record: PODRecord
    conformal: FieldConformal
    scorecard: FieldScorecard

    @classmethod
    def fit(
        cls,
        output: str,
        features: Floats,
        field: Floats,
        *,
        n_failed: int,
        prefer: Prefer,
        seed: int,
        bases: Bases | None = None,
    ) -> FittedField:
        """Choose and fit modes and emulators.

        Parameters
        ----------
        output : str
            Name of the field.
        features : ndarray of shape (n, p)
            Inputs of the successful runs.
        field : ndarray of shape (n, ...)
            What they answered. Besides it memory is needed for the modes and, up to 1,000 runs, little else.
        n_failed : int
            Number of runs that failed, for the scorecard.
        prefer : {"accuracy", "speed", "small"}
            What the choice is for.
        seed : int
            Of folds, emulators and bootstrap.
        bases : tuple of ndarray or None, optional
            Polynomials for the declared distributions of the features.

        Returns
        -------
        FittedField

        Raises
        ------
        ValueError
            If the field has no numbers, or as `surrogate.models.emulators.pod.fit_field`.
        """
        from surrogate.models.emulators.pod import fit_field
        from surrogate.models.emulators.snapshots import Snapshots
        from surrogate.validation.latency import microseconds_a_row, size_in_bytes

        if not field.size:
            raise ValueError(f"runs: the field {output!r} has shape {field.shape[1:]}, which holds no numbers.")
        snapshots = Snapshots(field.reshape(len(field), -1), seed)
        fit = fit_field(features, snapshots, prefer=prefer, seed=seed, bases=bases)
        errors = _Errors.at_all_locations(snapshots, fit, seed)
        record = fit.record(snapshots, field.shape[1:], errors.modes, errors.floor, features.shape[1])
        rows = max(1, min(1000, _TIMED // snapshots.Y.shape[1]))
        scorecard = FieldScorecard(
            output=output,
            kind=" + ".join(["pod", *dict.fromkeys(fit.kinds)]) if fit.kinds else "constant",
            n=len(field),
            n_failed=n_failed,
            constant=not len(fit.basis.variances),
            fit_seconds=fit.fit_seconds,
            predict_us=microseconds_a_row(record.predict, features, rows),
            bytes=size_in_bytes(record) or 0,
            candidate_rows=fit.rows,
            shape=field.shape[1:],
            modes=len(fit.kinds),
            **errors.scores(fit, snapshots, seed),
        )
        return cls(record, FieldConformal.fit(errors.pooled, errors.largest), scorecard)

    def std(self, features: Floats) -> Floats:
        """Return the standard deviation at each location, an array (n, ...)."""
        return self.record.std(features)

    def interval(self, features: Floats, coverage: float, simultaneous: bool = False) -> tuple[Floats, Floats]:
        """Conformal limits.

        Parameters
        ----------
        features : ndarray of shape (n, p)
        coverage : float
            Wanted share, between 0 and 1.
        simultaneous : bool, default False
            Of whole fields, instead of locations.

        Returns
        -------
        lower, upper : ndarray of shape (n, ...)
        """
        half = self.record.std(features)
        half *= self.conformal.multiple(coverage, simultaneous)
        mean = self.record.predict(features)
        return mean - half, mean + half

    def to_state(self, prefix: str) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Take apart into what JSON can hold and arrays named from `prefix` on; the inverse of `from_state`."""
        record, arrays = self.record.to_state()
        named = {f"{prefix}.record.{name}": array for name, array in arrays.items()}
        named |= {f"{prefix}.pooled": self.conformal.pooled, f"{prefix}.largest": self.conformal.largest}
        return {"record": record, "scorecard": self.scorecard.to_dict()}, named

    @classmethod
    def from_state(cls, state: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], prefix: str) -> FittedField:
        """Put together again what `to_state` took apart."""
        start = f"{prefix}.record."
        own = {name.removeprefix(start): array for name, array in arrays.items() if name.startswith(start)}
        conformal = FieldConformal(arrays[f"{prefix}.pooled"], arrays[f"{prefix}.largest"])
        scorecard = cast("FieldScorecard", FieldScorecard.from_dict(state["scorecard"]))
        return cls(PODRecord.from_state(state["record"], own), conformal, scorecard)


@dataclass
class _Errors:
    """Errors on unseen runs at every location, gathered block by block."""

    modes: Floats
    floor: Floats
    squared: Floats  # a location, mean over the runs
    variance: Floats  # a location
    absolute: float
    highest: float
    stated: Floats  # (n, m), standard deviations at some locations
    pooled: Floats  # (n, m), scores there
    largest: Floats  # (n,), largest score over all locations

    @classmethod
    def at_all_locations(cls, snapshots: Snapshots, fit: FieldFit, seed: int) -> _Errors:
        n, size = snapshots.Y.shape
        r = len(fit.kinds)
        sampled = np.arange(size)
        if size > _MOST_LOCATIONS:
            sampled = np.sort(np.random.default_rng(seed).choice(size, _MOST_LOCATIONS, replace=False))
        some = np.empty((n, len(sampled)))
        errors = cls(
            np.empty((r, size)),
            np.empty(size),
            np.empty(size),
            np.empty(size),
            0.0,
            0.0,
            some,
            some.copy(),
            np.zeros(n),
        )
        squares = float(fit.errors.truncation.sum() + fit.errors.regression.sum())
        least = np.hypot(1e-3 * np.sqrt(squares / snapshots.Y.size), _ROUNDING * snapshots.largest)
        least = max(float(least), float(np.finfo(float).tiny))
        weights, stds = fit.basis.weights[:, :r].T, fit.errors.stds**2
        for part in snapshots.blocks():
            block = snapshots.Y[:, part]
            shots = block[snapshots.rows]
            missed = np.abs(block - fit.errors.fields @ shots)
            left_out = np.mean((block - fit.errors.projections @ shots) ** 2, axis=0)
            modes = errors.modes[:, part] = weights @ (shots - shots.mean(axis=0))
            squared = errors.squared[part] = np.mean(missed**2, axis=0)
            errors.variance[part] = block.var(axis=0)
            floor = errors.floor[part] = np.sqrt(left_out + _LEAST_SHARE**2 * squared + least**2)
            stated = np.sqrt(stds @ modes**2 + floor**2)
            errors.absolute += float(missed.sum()) / snapshots.Y.size
            errors.highest = max(errors.highest, float(missed.max()))
            scores = missed / stated
            errors.largest = np.maximum(errors.largest, scores.max(axis=1))
            here = (sampled >= part.start) & (sampled < part.stop)
            errors.stated[:, here] = stated[:, sampled[here] - part.start]
            errors.pooled[:, here] = scores[:, sampled[here] - part.start]
        return errors

    def scores(self, fit: FieldFit, snapshots: Snapshots, seed: int) -> dict[str, Any]:
        """Return what the scorecard says of them."""
        n, size = snapshots.Y.shape
        mse, variance = float(self.squared.mean()), float(self.variance.mean())
        varies = self.variance >= _LITTLE_VARIANCE * variance
        rms = [float(np.sqrt(e.sum() / n / size)) for e in (fit.errors.truncation, fit.errors.regression)]
        inside, whole, width = self.coverage(fit.errors.fold)
        constant = not len(fit.basis.variances)
        return {
            "q2": 1.0 if constant else 1.0 - mse / variance,
            "q2_interval": (np.nan, np.nan) if constant else _q2_interval(fit, snapshots, seed),
            "q2_worst": 1.0 if constant else float(np.min(1.0 - self.squared[varies] / self.variance[varies])),
            "rmse": float(np.sqrt(mse)),
            "mae": self.absolute,
            "max_error": self.highest,
            "truncation_error": rms[0],
            "regression_error": rms[1],
            "interval_coverage": inside,
            "interval_coverage_simultaneous": whole,
            "interval_width": width,
        }

    def coverage(self, fold: NDArray[np.intp], nominal: float = 0.95) -> tuple[float, float, float]:
        """Shares of locations and of whole runs inside intervals made without their fold, and the mean width."""
        inside, whole, width = np.empty(len(fold)), np.empty(len(fold)), np.empty(len(fold))
        for number in np.unique(fold):
            here = fold == number
            others = FieldConformal.fit(self.pooled[~here], self.largest[~here])
            multiple = others.multiple(nominal)
            inside[here] = np.mean(self.pooled[here] <= multiple, axis=1)
            whole[here] = self.largest[here] <= others.multiple(nominal, simultaneous=True)
            width[here] = 2.0 * multiple * self.stated[here].mean(axis=1)
        return float(inside.mean()), float(whole.mean()), float(width.mean())


def _q2_interval(fit: FieldFit, snapshots: Snapshots, seed: int, n_bootstrap: int = 1000) -> tuple[float, float]:
    """Percentile interval over bootstrap samples of the runs, around the mean of all of them."""
    n = len(snapshots.Y)
    counts = np.random.default_rng(seed).multinomial(n, np.full(n, 1.0 / n), size=n_bootstrap).astype(float)
    missed = counts @ (fit.errors.truncation + fit.errors.regression)
    low, high = np.quantile(1.0 - missed / (counts @ snapshots.squares), [0.025, 0.975])
    return float(low), float(high)
