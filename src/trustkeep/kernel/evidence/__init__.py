"""Receipts and signed bundles: what a stranger can check.  SOP 8a, 8b."""
