"""Keys apart from the data, an epoch that forgets, the register of what must hold at once.

SOP 4.2a, 4.5b.
"""
