"""Access: cases, grants, the decision, and the one way to a value.  SOP 4.3a."""
