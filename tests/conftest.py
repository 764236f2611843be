"""Settings of all tests."""

from __future__ import annotations

import os
import signal

from hypothesis import settings

# The tests solve thousands of small systems: threads of a BLAS would only wait for each other. Programs started by
# tests inherit it.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# What a shell starts in the background may ignore Ctrl-C, and hanging up after nohup, and so do its children; tests
# send both.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# A build must not fail by the luck of the draw; at a developer's desk new examples are wanted.
settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("desk", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "desk")
