"""The living SOP: clause parts, the checks that watch them, and their results."""
