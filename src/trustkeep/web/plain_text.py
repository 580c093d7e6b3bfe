"""Data as plain text for a terminal: aligned, without colour."""

from collections.abc import Mapping, Sequence
from typing import Any


def as_text(data: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> str:
    """A mapping as `name  value` lines; several as a table with one line each."""
    if isinstance(data, Mapping):
        return _lines(data)
    if not data:
        return "nothing"
    names = list(data[0])
    rows = [names, *([_cell(row.get(name)) for name in names] for row in data)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(names))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _lines(data: Mapping[str, Any]) -> str:
    width = max((len(name) for name in data), default=0)
    return "\n".join(
        f"{name.replace('_', ' ').ljust(width)}  {_cell(value)}".rstrip()
        for name, value in data.items()
    )


def _cell(value: object) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case list() | tuple() | set() | frozenset():
            return ", ".join(_cell(item) for item in value) or "-"
        case Mapping():
            return ", ".join(f"{name}={_cell(item)}" for name, item in value.items()) or "-"
        case _:
            # A value must not draw on the terminal that shows it.
            return "".join(mark if mark.isprintable() else "?" for mark in str(value))
