"""Guessing the mapping of a file, for somebody to look at; nothing is imported.  SOP 4.1a.

Only counts and shapes leave the rows that are looked at: no value is shown, stored or logged.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from trustkeep.base.actor import Actor
from trustkeep.base.errors import Unacceptable
from trustkeep.kernel.people import authority as people
from trustkeep.kernel.people.permissions import Permission
from trustkeep.kernel.vault import elements
from trustkeep.rooms.customers.actions.detecting import Written, how_written
from trustkeep.rooms.customers.actions.mapping import check_names
from trustkeep.rooms.customers.actions.table import Table
from trustkeep.rooms.customers.rules import Encoding, guessing
from trustkeep.rooms.customers.rules.forms import Content
from trustkeep.rooms.customers.rules.guessing import Column, Known, quoted
from trustkeep.rooms.purposes import queries as purposes

ROWS: Final = 1000  # that are looked at
MOST_COLUMNS: Final = 500


@dataclass(frozen=True, slots=True)
class Guess:
    """What a file probably brings: its columns, how it is written, and how many rows were seen."""

    name: str
    columns: Sequence[Column]
    written: Written
    rows: int

    @property
    def has_reference(self) -> bool:
        """Whether a column tells customers apart, as an import needs it."""
        return any(one.is_reference for one in self.columns)

    @property
    def mapping(self) -> str:
        """The mapping as the file that an import takes, with the reasons as comments."""
        lines = [
            f"# Guessed from the first {self.rows} rows of {quoted(self.name)}.",
            "# Look at each line, mend it, then import with it.",
            *self._reference(),
        ]
        if self.written.separator != ",":
            lines.append(f"separator = {quoted(self.written.separator)}")
        if self.written.encoding is not Encoding.UTF_8:
            lines.append(f"encoding = {quoted(self.written.encoding)}")
        lines += ["", "[fields]"]
        for one in self.columns:
            if one.element is not None:
                lines += [f"# {one.sureness:.0%}: {one.reason}", f"{one.element} = {_name(one)}"]
        left = [one for one in self.columns if not one.is_taken]
        lines += ["", "# Left out:"] if left else []
        lines += [f"# {_name(one)}: {one.reason}" for one in left]
        return "\n".join(lines) + "\n"

    def _reference(self) -> list[str]:
        for one in self.columns:
            if one.is_reference:
                return [f"# {one.sureness:.0%}: {one.reason}", f"reference = {_name(one)}"]
        return ['# No column tells customers apart; an import needs one: reference = "..."']


def guess_mapping(actor: Actor, *, file: Path) -> Guess:
    """What the columns of a file probably are, by their names and their first rows.

    Raises:
        Denied: the actor may not import.
        Unacceptable: the file cannot be read, is no table with a header, or has too many columns.
    """
    people.require(actor, Permission.IMPORT_CUSTOMERS)
    if not file.is_file():
        raise Unacceptable(f"{file} is no file that can be read twice: name a CSV file.")
    written = how_written(file)
    rows = Table(file, separator=written.separator, encoding=written.encoding).rows()
    _, header = next(rows)
    _check(header)
    contents = [Content() for _ in header]
    count = 0
    for _, cells in islice(rows, ROWS):
        if len(cells) == len(header):
            count += 1
            for content, cell in zip(contents, cells, strict=True):
                content.add(cell)
    return Guess(file.name, guessing.guessed(header, contents, _known()), written, count)


def write_mapping(guess: Guess, into: Path) -> None:
    """Put a mapping into a new file.

    Raises:
        Unacceptable: it is there already, or cannot be written.
    """
    try:
        with into.open("x", encoding="utf-8") as file:
            file.write(guess.mapping)
    except OSError as problem:
        reason = (problem.strerror or "it cannot be written").lower()
        raise Unacceptable(f"{into}: {reason}; name a new file.") from None


def _known() -> list[Known]:
    declared = elements.by_key()
    needless = set(purposes.needless(declared))
    return [
        Known.of(key, one.label, one.index, is_needed=key not in needless)
        for key, one in declared.items()
    ]


def _check(header: Sequence[str]) -> None:
    if len(header) > MOST_COLUMNS:
        raise Unacceptable(f"The file has more than {MOST_COLUMNS} columns: leave some out.")
    if guessing.looks_like_no_header(header):
        raise Unacceptable(
            "The first line of the file looks like a customer and not like names of columns: put a "
            "line with their names before it."
        )
    check_names(header)


def _name(column: Column) -> str:
    return quoted(column.name)
