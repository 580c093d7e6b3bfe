"""Types of arguments that several commands take; the rules themselves stand in the actions."""

from argparse import ArgumentTypeError

from trustkeep.base.spans import MOST_DAYS


def days(text: str) -> int:
    """A number of days that can be counted at all."""
    if not (text.isascii() and text.isdigit() and len(text) <= 6 and 0 < int(text) <= MOST_DAYS):
        raise ArgumentTypeError(f"a whole number of days from 1 to {MOST_DAYS}")
    return int(text)
