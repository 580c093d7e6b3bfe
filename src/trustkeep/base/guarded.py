"""Cells that no spreadsheet program computes, and that are read as what was written."""

import re
from typing import Final

_FORMULA: Final = "=+\\-@\uff1d\uff0b\uff0d\uff20"
_UNSEEN: Final = "\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"  # shown as nothing
_BEGINS: Final = re.compile(f"'|[\\t\\r\\n]|[\\s\"{_UNSEEN}]*[{_FORMULA}]")
# Where another list separator is usual than ours, a program may see a cell begin in the middle of
# one: behind a semicolon, a tab or the end of a line, whatever quotes stand there.
_SEPARATOR: Final = "[;\\t\\r\\n]"
_INSIDE: Final = re.compile(f"({_SEPARATOR})(?=[ \"']*[{_FORMULA}])")
_INSIDE_GUARDED: Final = re.compile(f"({_SEPARATOR})'(?=[ \"']*[{_FORMULA}])")


def guarded(cell: str) -> str:
    """A cell that no spreadsheet computes: an apostrophe stands before what would begin one.

    One with an apostrophe of its own there gets another, so that reading takes away ours alone.
    """
    inside = _INSIDE.sub(r"\1'", cell)
    return f"'{inside}" if _BEGINS.match(cell) else inside


def unguarded(cell: str) -> str:
    """What `guarded` was given."""
    whole = _INSIDE_GUARDED.sub(r"\1", cell)
    return whole[1:] if whole[:1] == "'" and _BEGINS.match(whole[1:]) else whole
