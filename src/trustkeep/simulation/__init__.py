"""Companies lived through from a seed: a shop with its main job, a company with months of work."""
