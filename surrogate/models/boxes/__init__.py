"""Boxes: regions of the space in which cases of interest are dense."""
