"""Simulators of policy analysis."""
