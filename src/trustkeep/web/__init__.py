"""The shell: what every page and door shares."""
