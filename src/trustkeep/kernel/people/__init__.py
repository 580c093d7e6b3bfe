"""Who works here, and what each may do.  SOP 2a, 3, 4.3b.

Members, departments, roles, clearances and tokens.  A member appears everywhere else by a random
id.  What restricts (a deactivation, a revoked token, a removed role) is entered in the register
beside the keys before the data transaction commits, so no change of the data database can undo it.
"""
