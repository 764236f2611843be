"""Running Model A: simulators, outcomes, executors and the runner."""
