"""`trustkeep serve`: one supervisor, and a process each for web, worker and sequencer."""
