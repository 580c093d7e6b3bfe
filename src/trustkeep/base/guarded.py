"""Cells that no spreadsheet program computes, and that are read as what was written."""

from typing import Final

_BEGINS_FORMULA: Final = frozenset("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


def guarded(cell: str) -> str:
    """A cell that no spreadsheet computes: an apostrophe stands before what would begin one."""
    return f"'{cell}" if _needs_guard(cell) else cell


def unguarded(cell: str) -> str:
    """What `guarded` was given."""
    return cell[1:] if cell[:1] == "'" and _needs_guard(cell[1:]) else cell


def _needs_guard(cell: str) -> bool:
    # One with an apostrophe of its own gets another, so that reading takes away ours alone.
    return cell[:1] == "'" or cell[:1] in _BEGINS_FORMULA or cell.lstrip()[:1] in _BEGINS_FORMULA
