"""Whatever is killed when: acknowledged runs stay, once each, nothing survives, and the study can be completed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

KILLS = Path(__file__).parents[2] / "benchmarks" / "kills.py"


def kills(*rounds):
    command = [sys.executable, str(KILLS)]
    for kind, n in zip(("--driver", "--processes", "--simulator", "--dask"), rounds, strict=True):
        command += [kind, str(n)]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})


def test_drivers_and_simulators_killed_at_random_moments_lose_nothing():
    done = kills(5, 1, 1, 0)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_killed_workers_nannies_schedulers_and_drivers_of_a_cluster_lose_nothing():
    done = kills(0, 0, 0, 4)
    assert done.returncode == 0, done.stdout + done.stderr
