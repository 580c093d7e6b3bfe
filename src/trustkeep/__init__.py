"""Trustkeep: a customer-privacy SOP as a running system."""
