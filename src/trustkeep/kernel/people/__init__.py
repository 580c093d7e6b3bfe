"""Who works here, what they may do, and how they prove who they are.  SOP 2a, 3, 4.3b."""
