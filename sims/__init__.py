"""Ready Model A: simulators of science, engineering and policy, one a file."""
