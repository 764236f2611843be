"""Running Model A: simulators, outcomes, executors and the runner."""

from __future__ import annotations

from typing import TYPE_CHECKING

import lazy_loader as lazy

if TYPE_CHECKING:
    from surrogate.simulation.chunk import Chunk as Chunk
    from surrogate.simulation.command import Command as Command
    from surrogate.simulation.estimator import Estimator as Estimator
    from surrogate.simulation.outcome import Outcome as Outcome
    from surrogate.simulation.outcome import SimulationFailed as SimulationFailed
    from surrogate.simulation.outcome import Status as Status
    from surrogate.simulation.outputs import OutputForm as OutputForm
    from surrogate.simulation.progress import Progress as Progress
    from surrogate.simulation.runner import run as run
    from surrogate.simulation.simulator import Simulator as Simulator
    from surrogate.simulation.simulator import as_simulator as as_simulator
    from surrogate.simulation.simulator_check import SimulatorCheckFailed as SimulatorCheckFailed
    from surrogate.simulation.simulator_check import SimulatorReport as SimulatorReport
    from surrogate.simulation.simulator_check import check_simulator as check_simulator
    from surrogate.simulation.transport import ExecutorError as ExecutorError

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submod_attrs={
        "chunk": ["Chunk"],
        "command": ["Command"],
        "estimator": ["Estimator"],
        "outcome": ["Outcome", "SimulationFailed", "Status"],
        "outputs": ["OutputForm"],
        "progress": ["Progress"],
        "runner": ["run"],
        "simulator": ["Simulator", "as_simulator"],
        "simulator_check": ["SimulatorCheckFailed", "SimulatorReport", "check_simulator"],
        "transport": ["ExecutorError"],
    },
)
