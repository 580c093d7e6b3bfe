"""Who owes what by when: duties that things raise, and that end when the thing is done.

A duty is owed by a person or a role and rests, at every moment, on somebody who is active and
present: that is derived when it is asked for, never stored.  Nobody ticks a duty off; whatever
completes the underlying thing settles it.
"""
