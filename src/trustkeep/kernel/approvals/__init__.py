"""Four eyes: what one person asks, another decides, once.  SOP 4.3a, 4.5b."""
