"""The append-only log that an outsider can check: entries, order, checkpoints, proofs, anchors."""
