"""PRIM: objective x peeling x pasting, on columns that are binned once."""
