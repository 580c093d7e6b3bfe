"""Types of arguments that several commands take; the rules themselves stand in the actions."""

from argparse import ArgumentTypeError
from datetime import UTC, date, datetime

from trustkeep.base.spans import MOST_DAYS


def days(text: str) -> int:
    """A number of days that can be counted at all."""
    if not (text.isascii() and text.isdigit() and len(text) <= 6 and 0 < int(text) <= MOST_DAYS):
        raise ArgumentTypeError(f"a whole number of days from 1 to {MOST_DAYS}")
    return int(text)


def moment(text: str) -> datetime:
    """A day or a moment in ISO 8601, in UTC where it names no zone."""
    try:
        named = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(
            "a day or a moment such as 2026-11-25 or 2026-11-25T14:30"
        ) from None
    return named if named.tzinfo else named.replace(tzinfo=UTC)


def day(text: str) -> date:
    """A day of the calendar in ISO 8601."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError("a day such as 2026-12-31") from None


def overlap_of_days(text: str) -> int:
    """A number of days that may be none; the action says how many are too many."""
    return 0 if text == "0" else days(text)
