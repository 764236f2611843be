"""Runs on a Dask cluster, kept on disk as they finish.

A cluster of two worker processes on this machine stands for yours: give `collect` the address of your scheduler
instead of the client, and nothing else changes. Stop the script half way and start it again: only the missing runs
are run.

    python on_a_cluster.py               # writes heat.runs and heat.png
"""

from __future__ import annotations

import argparse

import matplotlib.pyplot as plt
import numpy as np
from dask.distributed import Client, LocalCluster

from sims.pde import Heat
from surrogate import LatinHypercube, Surrogate, collect


def main(n: int) -> None:
    """Cool many hot plates at once, and fit a model to what is left of the heat."""
    plate = Heat()
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster) as client,
    ):
        runs = collect(plate, design=LatinHypercube(n, seed=0), store="heat.runs", executor=client)
        print(f"{len(runs)} runs on {len(client.scheduler_info()['workers'])} workers, {len(runs.failures)} failed")

    here = [plate(**point)["temperature"] for point in runs.X.head(3).to_dict("records")]
    same = np.array_equal(here, runs.fields["temperature"][:3])
    print(f"the same bits as in this process: {same}")
    print(f"temperature fields: {runs.fields['temperature'].shape}")

    model = Surrogate.from_runs(runs, "retained", seed=0)
    print(model)

    plates, axes = plt.subplots(1, 4, figsize=(9, 2.4), sharey=True)
    for ax, field in zip(axes, runs.fields["temperature"], strict=False):
        drawn = ax.imshow(field, cmap="inferno", vmin=0, origin="lower")
    plates.colorbar(drawn, ax=axes, label="temperature")
    plates.savefig("heat.png", dpi=120, bbox_inches="tight")


if __name__ == "__main__":  # worker processes import this file: without this line each would start a cluster
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=120, help="number of runs")
    main(parser.parse_args().n)
