"""The living SOP: clauses as data, the checks that watch their parts, and what they found."""
