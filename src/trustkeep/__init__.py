"""Trustkeep: a customer-privacy SOP as a running system."""

__version__ = "0.1.0"
