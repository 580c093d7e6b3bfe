"""Purposes: why a field may be used at all.  SOP 4.1a, 5a, 8a."""
