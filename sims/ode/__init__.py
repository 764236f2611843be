"""Simulators that integrate ordinary differential equations."""
