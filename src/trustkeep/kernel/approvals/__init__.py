"""Four eyes: one asks for an exact act, another person agrees, and it is done once.

An approval binds to the SHA-256 of the verb and its exact parameters, ends within 72 hours, and is
used up by being taken.  A company with fewer than two people who may approve names another way once
(`ways.py`), and its SOP shows that as needing attention.
"""
