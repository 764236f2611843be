"""Which emulators are worth trying for so many runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from surrogate.models.emulators.emulator import Emulator

_MOST_GP_RUNS = 2000  # a Gaussian process costs n**3 time and n**2 memory
_MOST_KRIGING_RUNS = 500  # its product correlation costs another n**2 times the number of features


def default_candidates(n: int, seed: int = 0) -> dict[str, Emulator]:
    """Return the emulators that are worth trying for `n` runs.

    Parameters
    ----------
    n : int
        Number of runs. Beyond 500 kriging is left out, beyond 2,000 whatever costs the cube of `n`; a Gaussian process
        of nearest neighbours takes its place.
    seed : int, default 0
        Their ``random_state``.

    Returns
    -------
    dict of str to Emulator
        Not fitted, by the name of their kind. Some suit only some runs (see `Emulator.suits`).

    Examples
    --------
    >>> list(default_candidates(3000))
    ['nearest_neighbour_gp', 'warped_nearest_neighbour_gp', 'boosted_trees', 'mlp']
    """
    from surrogate.models.emulators import (
        MLP,
        RBF,
        BoostedTrees,
        GaussianProcess,
        Kriging,
        NearestNeighbourGP,
        PolynomialChaos,
        StochasticKriging,
        Warped,
    )

    smooth: dict[str, Emulator] = {}
    if n <= _MOST_KRIGING_RUNS:
        smooth["kriging"] = Kriging(random_state=seed)
    if n <= _MOST_GP_RUNS:
        smooth["gaussian_process"] = GaussianProcess(random_state=seed)
    if n <= _MOST_KRIGING_RUNS:
        smooth["pc_kriging"] = Kriging("polynomial_chaos", random_state=seed)
    if n <= _MOST_GP_RUNS:
        smooth["polynomial_chaos"] = PolynomialChaos()
    else:
        smooth["nearest_neighbour_gp"] = NearestNeighbourGP(random_state=seed)

    # both scales of one kind side by side: the first pair tells which scale the others need not try
    candidates: dict[str, Emulator] = {}
    for name, emulator in smooth.items():
        candidates[name], candidates[f"warped_{name}"] = emulator, Warped(emulator)
    if n <= _MOST_GP_RUNS:
        candidates["stochastic_kriging"] = StochasticKriging(random_state=seed)
        candidates["rbf"] = RBF()
    return {**candidates, "boosted_trees": BoostedTrees(random_state=seed), "mlp": MLP(random_state=seed)}
