"""Customers: the record as staff see it, import, erasure requests.  SOP 4.1a, 4.2a, 4.5b."""
