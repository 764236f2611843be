"""One output of a surrogate: what predicts it, its intervals and its scorecard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.models.records import Record
from surrogate.validation import Conformal, Scorecard

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from surrogate.models.emulators.orthogonal_basis import Bases
    from surrogate.models.emulators.selection import Prefer


@dataclass(frozen=True)
class FittedOutput:
    """An emulator of one scalar output, with the evidence for it.

    Parameters
    ----------
    record : Record
        What predicts, from features.
    conformal : Conformal
        What intervals are made of.
    scorecard : Scorecard
        How good it is.
    out_of_fold : pair of ndarray of shape (n,), optional
        What the runs answered, and what was predicted of each without its fold. No part of a model file.
    """

    record: Record
    conformal: Conformal
    scorecard: Scorecard
    out_of_fold: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None

    @classmethod
    def fit(
        cls,
        output: str,
        features: NDArray[np.float64],
        y: NDArray[np.float64],
        *,
        n_failed: int,
        prefer: Prefer,
        seed: int,
        cheap: Record | None = None,
        bases: Bases | None = None,
        only: str | None = None,
        noise: NDArray[np.float64] | None = None,
    ) -> FittedOutput:
        """Choose and fit an emulator.

        Parameters
        ----------
        output : str
            Name of the output.
        features : ndarray of shape (n, p)
            Inputs of the successful runs.
        y : ndarray of shape (n,)
            What they answered.
        n_failed : int
            Number of runs that failed, for the scorecard.
        prefer : {"accuracy", "speed", "small"}
            What the choice is for.
        seed : int
            Of folds, emulators and bootstrap.
        cheap : Record, optional
            What predicts the output of a cheap variant of the simulator, from the same features.
        bases : tuple of ndarray or None, optional
            Polynomials for the declared distributions of the features.
        only : str, optional
            The one kind to fit, without a choice. Default: all that are worth trying.
        noise : ndarray of shape (n,), optional
            Standard deviation of the error of each answer, where it is known.

        Returns
        -------
        FittedOutput
        """
        from surrogate.models.emulators.multi_fidelity import multi_fidelity_candidates
        from surrogate.models.emulators.orthogonal_basis import set_bases
        from surrogate.models.emulators.selection import default_candidates, select
        from surrogate.models.emulators.stochastic_kriging import KnownNoise, noise_between_replicates
        from surrogate.validation.conformal import interval_coverage
        from surrogate.validation.metrics import max_error, q2, rmse

        candidates = default_candidates(len(y), seed)
        set_bases(candidates, bases)
        if cheap is not None:
            candidates = {**multi_fidelity_candidates(cheap, len(y), seed), **candidates}
        if only is not None:
            candidates = {only: candidates[only]}
        if noise is not None and "stochastic_kriging" in candidates:
            candidates["stochastic_kriging"].set_params(noise=KnownNoise(features, noise))
        chosen = select(candidates, features, y, prefer=prefer, seed=seed)
        out, record = chosen.out_of_fold, chosen.emulator.record_
        constant = chosen.kind == "constant"
        coverage, width = interval_coverage(y, out.prediction, out.std, out.fold) if not constant else (1.0, 0.0)
        scorecard = Scorecard(
            output=output,
            kind=chosen.kind,
            n=len(y),
            q2=q2(y, out.prediction) if constant else 1.0 - chosen.errors.rmse**2 / float(y.var()),
            q2_interval=chosen.errors.q2_interval,
            rmse=chosen.errors.rmse,
            mae=chosen.errors.mae,
            max_error=max_error(y, out.prediction),
            interval_coverage=coverage,
            interval_width=width,
            fit_seconds=chosen.fit_seconds,
            predict_us=chosen.predict_us,
            bytes=chosen.bytes,
            n_failed=n_failed,
            constant=constant,
            noise=noise_between_replicates(features, y) if noise is None else float(np.sqrt(np.mean(noise**2))),
            candidate_rows=chosen.rows,
        )
        # the errors that chose the model are smaller than those to come: by how much, the bootstrap has told
        optimism = chosen.errors.rmse / (rmse(y, out.prediction) or 1.0)
        conformal = Conformal.fit(y, out.prediction, out.std).widened(optimism)
        if out.at_probe:
            at_probe = record.predict(chosen.probe), record.std(chosen.probe)
            conformal = conformal.reaching(*at_probe, np.stack(out.at_probe))
        return cls(record, conformal, scorecard, (y, out.prediction))

    def std(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the standard deviation of the model; the conformal scale where it states none.

        Parameters
        ----------
        features : ndarray of shape (n, p)

        Returns
        -------
        ndarray of shape (n,)
        """
        own = self.record.std(features)
        return np.repeat(self.conformal.scale(None), len(features)) if own is None else own

    def interval(
        self, features: NDArray[np.float64], coverage: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Conformal limits.

        Parameters
        ----------
        features : ndarray of shape (n, p)
        coverage : float
            Wanted share, between 0 and 1.

        Returns
        -------
        lower, upper : ndarray of shape (n,)
        """
        return self.conformal.interval(self.record.predict(features), self.record.std(features), coverage)

    def to_state(self, prefix: str) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Take apart into what JSON can hold and arrays named from `prefix` on; the inverse of `from_state`."""
        record, arrays = self.record.to_state()
        state = {"record": record, "floor": self.conformal.floor, "scorecard": self.scorecard.to_dict()}
        named = {f"{prefix}.record.{name}": array for name, array in arrays.items()}
        return state, {**named, f"{prefix}.scores": self.conformal.scores}

    @classmethod
    def from_state(cls, state: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], prefix: str) -> FittedOutput:
        """Put together again what `to_state` took apart."""
        start = f"{prefix}.record."
        own = {name.removeprefix(start): array for name, array in arrays.items() if name.startswith(start)}
        conformal = Conformal(arrays[f"{prefix}.scores"], float(state["floor"]))
        return cls(Record.from_state(state["record"], own), conformal, Scorecard.from_dict(state["scorecard"]))
