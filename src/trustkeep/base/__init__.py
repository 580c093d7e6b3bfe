"""What everything stands on: actor, world, errors, canonical JSON, text.  No Django, no I/O."""
