"""The append-only log that an outsider can verify.  SOP 4.3c, 8b."""
