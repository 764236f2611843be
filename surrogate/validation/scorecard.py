"""The scorecard: is the model true, told in numbers that only unseen runs have made."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, fields
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd


@dataclass(frozen=True, eq=False)
class Scorecard:
    """How good a fitted model is, and what it costs.

    Every error comes from runs that the model in question had not seen (cross-validation with everything redone inside
    the folds), corrected for having chosen the best of several candidates. The model itself is fitted to all runs, so
    it is somewhat better than these numbers say.

    Parameters
    ----------
    output : str
        Name of the output.
    kind : str
        The candidate that was chosen.
    n : int
        Runs that the model is fitted to.
    q2 : float
        Share of variance explained: 1 is perfect, 0 is no better than the mean.
    q2_interval : tuple of float
        95 % bootstrap interval of `q2`.
    rmse, mae, max_error : float
        Root mean squared, mean absolute and largest absolute error, in the output's unit.
    interval_coverage : float
        Share of runs inside the 95 % intervals that were made without them.
    interval_width : float
        Mean width of these intervals, in the output's unit.
    fit_seconds : float
        Time of choosing and fitting, all candidates included.
    predict_us : float
        Microseconds a row, in a batch of 1,000 rows.
    bytes : int
        Size of what predicts.
    n_failed : int, default 0
        Runs left out because they failed.
    constant : bool, default False
        Whether the output never varied.
    noise : float, default 0
        Standard deviation of runs at the same inputs, in the output's unit, known or between replicates; 0 where there
        is none or nothing is known of it. It is part of all errors, which are distances from noisy answers.
    n_outputs : int, default 1
        How many outputs the model has, each with a scorecard of its own.
    n_held_out : int, default 0
        Runs that the errors are of: a space-filling batch that neither the choice of points nor that of an emulator has
        seen, as after adaptive sampling. 0: all runs, by cross-validation.
    candidate_rows : tuple of dict
        A row a candidate; read it through `candidates`.

    Examples
    --------
    >>> card = Scorecard("y1", "mlp", 100, 0.9999, (0.9998, 1.0), 0.4, 0.3, 1.2, 0.95, 1.6, 2.1, 4.0, 84000)
    >>> card.verdict
    'Explains 99.99 % of the variance of runs that it did not see (95 % interval 99.98 to 100 %).'
    """

    output: str
    kind: str
    n: int
    q2: float
    q2_interval: tuple[float, float]
    rmse: float
    mae: float
    max_error: float
    interval_coverage: float
    interval_width: float
    fit_seconds: float
    predict_us: float
    bytes: int
    n_failed: int = 0
    constant: bool = False
    noise: float = 0.0
    n_outputs: int = 1
    n_held_out: int = 0
    candidate_rows: tuple[dict[str, Any], ...] = field(default=(), repr=False)

    @property
    def learned(self) -> bool:
        """Whether the model is better than the mean of the runs beyond chance."""
        return self.constant or self.q2_interval[0] > 0.0

    @property
    def verdict(self) -> str:
        """One sentence for a reader who wants no numbers."""
        if self.constant:
            return f"The output was the same in all {self.n} runs: the model answers that constant."
        low, high = (_percent(limit) for limit in self.q2_interval)
        if not self.learned:
            return (
                f"Not surely better than the mean of the {self.n} runs: Q2 {self.q2:.2f}, 95 % interval "
                f"{self.q2_interval[0]:.2f} to {self.q2_interval[1]:.2f}. "
                "Make more runs, or check that the inputs matter."
            )
        return (
            f"Explains {_percent(self.q2)} % of the variance of runs that it did not see "
            f"(95 % interval {low} to {high} %)."
        )

    @property
    def candidates(self) -> pd.DataFrame:
        """All candidates, best first.

        DataFrame with columns name, q2, rmse, fit_seconds, predict_us, bytes, folds (done of how many; a hopeless
        candidate is dropped early), chosen and note. The errors are each candidate's own, not corrected for choosing.
        """
        import pandas as pd

        return pd.DataFrame(list(self.candidate_rows))

    def to_dict(self) -> dict[str, Any]:
        """Take apart into what strict JSON can hold; the inverse of `from_dict`.

        Returns
        -------
        dict
            Numbers that are not finite are written as text.
        """
        return {name: _plain(value) for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, described: Mapping[str, Any]) -> Scorecard:
        """Put a scorecard together again.

        Parameters
        ----------
        described : mapping
            As `to_dict` gave it.

        Returns
        -------
        Scorecard

        Raises
        ------
        ValueError
            If names are missing or unknown.

        Examples
        --------
        >>> card = Scorecard("y1", "mlp", 9, 0.5, (0.1, 0.8), 1.0, 1.0, 2.0, 1.0, float("inf"), 0.1, 1.0, 10)
        >>> Scorecard.from_dict(card.to_dict()).interval_width
        inf
        """
        names = {part.name for part in fields(cls)}
        later = {"noise", "n_outputs", "n_held_out"}  # files of the first version have none
        if not names - later <= set(described) <= names:
            raise ValueError(
                f"described: the names {sorted(names)} are needed; missing {sorted(names - later - set(described))}, "
                f"unknown {sorted(set(described) - names)}."
            )
        values = {name: _number(value) for name, value in described.items() if name not in ("output", "kind")}
        values["q2_interval"] = tuple(_number(limit) for limit in described["q2_interval"])
        values["candidate_rows"] = tuple(
            {name: value if name in ("name", "note", "folds") else _number(value) for name, value in row.items()}
            for row in described["candidate_rows"]
        )
        return cls(output=str(described["output"]), kind=str(described["kind"]), **values)

    def __repr__(self) -> str:
        lines = [self._title(), f"  {self.verdict}"]
        lines += [f"  {name:<18} {value}" for name, value in self._shown()]
        if self.candidate_rows:
            lines += ["  candidates:"] + ["    " + line for line in self._candidate_lines()]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """Table for notebooks, everything escaped."""
        rows = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in self._shown())
        title = escape(self._title())
        lines = escape("\n".join(self._candidate_lines()))
        return f"<p><b>{title}</b><br>{escape(self.verdict)}</p><table>{rows}</table><pre>{lines}</pre>"

    def _title(self) -> str:
        others = f" (one of {self.n_outputs} outputs: see .scorecards)" if self.n_outputs > 1 else ""
        return f"Scorecard of {self.output!r}{others}: {self.kind}, {self.n} runs"

    def _intervals(self) -> str:
        if math.isinf(self.interval_width):
            return "unknown: 95 % intervals need 19 runs, and more to be checked"
        return f"{self.interval_coverage:.3f}, nominal 0.95; mean width {self.interval_width:.4g}"

    def _shown(self) -> list[tuple[str, str]]:
        low, high = self.q2_interval
        shown = [
            ("q2", f"{self.q2:.6g}" + (f" ({low:.6g} to {high:.6g})" if math.isfinite(low) and low < high else "")),
            ("rmse", f"{self.rmse:.4g}"),
            ("mae", f"{self.mae:.4g}"),
            ("max_error", f"{self.max_error:.4g}"),
            ("interval_coverage", self._intervals()),
            ("fit_seconds", f"{self.fit_seconds:.2f}"),
            ("predict_us", f"{self.predict_us:.2f}"),
            ("bytes", f"{self.bytes:,}"),
        ]
        if self.noise:
            share = min(1.0, self.noise**2 / self.rmse**2) if self.rmse else 1.0
            part = f"in every error above: {_percent(share)} % of rmse squared"
            shown.append(("noise", f"{self.noise:.4g} between runs at the same inputs, {part}"))
        if self.n_held_out:
            shown.append(("n_held_out", f"{self.n_held_out} runs that fill the space; the errors above are theirs"))
        if self.n_failed:
            shown.append(("n_failed", f"{self.n_failed} failed runs left out"))
        return shown

    def _candidate_lines(self) -> list[str]:
        return [
            f"{'*' if row['chosen'] else ' '} {row['name']:<24} q2 {row['q2']:<9.5g} rmse {row['rmse']:<9.4g} "
            f"{row['fit_seconds']:6.2f} s  {row['predict_us']:8.2f} us  {row['bytes']:>10,} B  {row['note']}".rstrip()
            if row["bytes"]
            else f"  {row['name']:<24} {row['note']}, not fitted"
            for row in self.candidate_rows
        ]


def _percent(share: float) -> str:
    """As many digits as tell it from 100 %: 99.997, not 100.0."""
    if math.isnan(share):
        return "unknown"
    digits = 1 if share >= 1.0 or share < 0.99 else min(6, 1 - math.floor(math.log10(1.0 - share) + 2.0))
    return f"{100.0 * share:.{digits}f}".rstrip("0").rstrip(".")


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, str) else value
