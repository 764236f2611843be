"""Simulators that solve partial differential equations."""
