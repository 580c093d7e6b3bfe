"""Who works here: members, departments, roles, clearances, tokens, and what each may do.  SOP 2a, 3, 4.3b.

A member appears everywhere else by a random id.  What restricts (a deactivation, a revoked token, a
removed role) is entered in the register beside the keys before the data transaction commits, so no
change of the data database can undo it.
"""
