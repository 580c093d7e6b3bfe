"""Adapters to the outside world: what really sends."""
