"""An organisation lived through from a seed: the demo company and, later, a whole year of it."""
