"""Types of arguments that several commands take; the rules themselves stand in the actions."""

from argparse import ArgumentTypeError
from collections.abc import Callable
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from trustkeep.base.errors import Unacceptable
from trustkeep.base.spans import MOST_DAYS

_WEEK = 168  # in hours
Word = TypeVar("Word", bound=StrEnum)


def days(text: str) -> int:
    """A number of days that can be counted at all."""
    if not (text.isascii() and text.isdigit() and len(text) <= 6 and 0 < int(text) <= MOST_DAYS):
        raise ArgumentTypeError(f"a whole number of days from 1 to {MOST_DAYS}")
    return int(text)


def hours(text: str) -> int:
    """A number of hours, up to a week."""
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and 0 < int(text) <= _WEEK):
        raise ArgumentTypeError(f"a whole number of hours from 1 to {_WEEK}")
    return int(text)


def day(text: str) -> date:
    """A day in ISO 8601."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError("a day such as 2026-12-31") from None


def one_of(words: type[Word]) -> Callable[[str], Word]:
    """One of the words of an enum, told as what they are."""

    def chosen(text: str) -> Word:
        try:
            return words(text)
        except ValueError:
            raise ArgumentTypeError(f"one of {', '.join(words)}") from None

    return chosen


def moment(text: str) -> datetime:
    """A day or a moment in ISO 8601, in UTC where it names no zone."""
    try:
        named = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(
            "a day or a moment such as 2026-11-25 or 2026-11-25T14:30"
        ) from None
    return named if named.tzinfo else named.replace(tzinfo=UTC)


def overlap_of_days(text: str) -> int:
    """A number of days that may be none; the action says how many are too many."""
    return 0 if text == "0" else days(text)


def text_in(path: Path) -> str:
    """The text of a file, or of standard input for `-`.

    Raises:
        Unacceptable: it is not there, or is no text.
    """
    try:
        text = Path("/dev/stdin").read_text() if str(path) == "-" else path.read_text()
    except (OSError, UnicodeDecodeError):
        raise Unacceptable(f"{path} cannot be read as UTF-8 text.") from None
    return text.removesuffix("\n")
