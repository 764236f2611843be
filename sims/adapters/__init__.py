"""Adapters that turn a kind of model into a simulator."""
