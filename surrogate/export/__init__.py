"""Leaving home: the safe model file."""
