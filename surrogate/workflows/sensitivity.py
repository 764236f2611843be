"""Which inputs matter, told from runs of the simulator itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.workflows.given_data import correlation_ratios
from surrogate.workflows.model_sensitivity import estimated, index_table
from surrogate.workflows.sensitivity_designs import morris_trajectories, saltelli_blocks

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from surrogate.transfer import TransferSet

_LEAST_RUNS = 20  # two bins of ten
_LEAST_BLOCKS = 2
_SURE = 1.959964  # standard deviations on either side of 95 % of a normal distribution


def sensitivity(runs: TransferSet, output: str | None = None, *, seed: int = 0) -> pd.DataFrame:
    """Tell from runs which inputs matter: Sobol' indices, Morris' effects, or indices from any data.

    The planned rows say what can be told. Blocks of `saltelli_design` give first-order and total Sobol' indices (and
    those of pairs), trajectories of `morris_design` elementary effects, and any other runs first-order and
    Cramer-von Mises indices, which need no design and no independent inputs. A block or trajectory with a failed run
    is left out as a whole.

    Parameters
    ----------
    runs : TransferSet
        As `collect` gives them.
    output : str, optional
        One output that is a number. Default: all of them.
    seed : int, default 0
        Of the bootstrap of the intervals.

    Returns
    -------
    DataFrame
        A row an input (an output and input, if there are several outputs), with 95 % intervals. Saltelli blocks:
        columns first, first_low, first_high, total, total_low, total_high. Trajectories: mu, mu_star, mu_star_low,
        mu_star_high, sigma, in the output's unit over the whole range of the input. Other runs: first, first_low,
        first_high, cvm, cvm_low, cvm_high. ``.attrs`` says ``design``, and how many ``blocks`` (or runs) were
        ``used`` and ``dropped`` because of failed runs.

    Raises
    ------
    ValueError
        If there are too few successful runs, or `output` is unknown.

    References
    ----------
    Saltelli, A., Annoni, P., Azzini, I., et al. (2010). Variance based sensitivity analysis of model output. Computer
    Physics Communications 181(2), 259-270.

    Morris, M. D. (1991). Factorial sampling plans for preliminary computational experiments. Technometrics 33,
    161-174.

    Gamboa, F., Klein, T., Lagnoux, A. (2018). Sensitivity analysis based on Cramer-von Mises distance. SIAM/ASA
    Journal on Uncertainty Quantification 6, 522-548.

    Examples
    --------
    >>> from surrogate import collect
    >>> from surrogate.workflows import saltelli_design, sensitivity
    >>> bounds = {"x": (0, 1), "y": (0, 1)}
    >>> table = sensitivity(collect(lambda x, y: x + 2 * y, bounds, saltelli_design(bounds, 256)))
    >>> table["first"].round(2).tolist(), table.attrs["used"]
    ([0.2, 0.8], 256)
    """
    import pandas as pd

    names = runs.output_names if output is None else (output,)
    if not names or not set(names) <= set(runs.output_names):
        known = ", ".join(map(repr, runs.output_names)) or "the outputs that are numbers (there are none)"
        raise ValueError(
            f"output: one of {known} is needed; got {output!r}. "
            "For a field fit a model: Surrogate.from_runs(runs).sensitivity()."
        )
    tables = {name: _one(runs, name, seed) for name in names}
    result = next(iter(tables.values())) if len(tables) == 1 else pd.concat(tables, names=["output", "input"])
    result.attrs = next(iter(tables.values())).attrs
    return result


def _one(runs: TransferSet, output: str, seed: int) -> pd.DataFrame:
    space = runs.space
    inputs = runs.inputs[list(space.names)]
    ok = (runs.status == "ok").to_numpy()
    answers = np.full(len(inputs), np.nan)
    answers[ok] = runs[output]
    names = list(space.names)
    problem: dict[str, Any] = {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}
    blocks = saltelli_blocks(inputs.to_numpy(dtype=object))
    if blocks is not None:
        width, second_order = blocks
        values, counts = _whole(answers, ok, width, "blocks")
        table = index_table(names, estimated(problem, values, second_order, seed))
        return _with(table, "saltelli", *counts)
    unit = space.to_unit(inputs)
    if morris_trajectories(unit):
        values, counts = _whole(answers, ok, len(names) + 1, "trajectories")
        rows = unit[np.repeat(_complete(ok, len(names) + 1), len(names) + 1)]
        return _with(_effects(names, rows, values), "morris", *counts)
    if ok.sum() < _LEAST_RUNS:
        raise ValueError(f"runs: at least {_LEAST_RUNS} successful runs are needed; got {ok.sum()}. Make more.")
    return _with(correlation_ratios(space, runs.X, answers[ok], seed), "given data", int(ok.sum()), int((~ok).sum()))


def _complete(ok: NDArray[np.bool_], width: int) -> NDArray[np.bool_]:
    return np.asarray(ok.reshape(-1, width).all(axis=1))


def _whole(
    answers: NDArray[np.float64], ok: NDArray[np.bool_], width: int, what: str
) -> tuple[NDArray[np.float64], tuple[int, int]]:
    """Return the answers of blocks without a failed run, and how many are kept and dropped."""
    kept = _complete(ok, width)
    whole = int(np.count_nonzero(kept))
    if whole < _LEAST_BLOCKS:
        raise ValueError(
            f"runs: only {whole} of {len(kept)} {what} are without a failed run; {_LEAST_BLOCKS} are needed, and "
            "hundreds for narrow intervals. Repair the simulator, or fit a model: Surrogate.from_runs(runs)."
        )
    return answers.reshape(-1, width)[kept].reshape(-1), (whole, len(kept) - whole)


def _effects(names: list[str], unit: NDArray[np.float64], answers: NDArray[np.float64]) -> pd.DataFrame:
    """Return mean, mean size and spread of the elementary effects of each input."""
    import pandas as pd

    d = len(names)
    steps = np.diff(unit.reshape(-1, d + 1, d), axis=1)
    moved = np.abs(steps).argmax(axis=2)  # which input, in each step of each trajectory
    size = np.take_along_axis(steps, moved[..., None], axis=2)[..., 0]
    effects = np.empty(moved.shape)
    np.put_along_axis(effects, moved, np.diff(answers.reshape(-1, d + 1), axis=1) / size, axis=1)
    mu_star = np.abs(effects).mean(axis=0)
    half = _SURE * np.abs(effects).std(axis=0, ddof=1) / np.sqrt(len(effects))
    columns = {
        "mu": effects.mean(axis=0),
        "mu_star": mu_star,
        "mu_star_low": mu_star - half,
        "mu_star_high": mu_star + half,
        "sigma": effects.std(axis=0, ddof=1),
    }
    return pd.DataFrame(columns, index=pd.Index(names, name="input"))


def _with(table: pd.DataFrame, design: str, used: int, dropped: int) -> pd.DataFrame:
    table.attrs = {"design": design, "used": used, "dropped": dropped}
    return table
