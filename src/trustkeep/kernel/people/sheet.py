"""People as a CSV file: stable columns, tolerant headers, cells that no program computes.  Pure.

A cell that a spreadsheet would compute is written with an apostrophe before it, and read without:
what was written is what is read.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from trustkeep.base.errors import Unacceptable
from trustkeep.base.guarded import guarded, unguarded

COLUMNS = (
    "id", "email", "name", "active", "employment", "department", "manager", "sponsor", "contract",
    "ends_on", "roles",
)  # fmt: skip
MOST_BYTES, MOST_ROWS = 10_000_000, 50_000
_SEPARATORS = ",;\t|"
_ALSO_CALLED = {
    "id": ("member", "memberid", "personid"),
    "email": ("mail", "emailaddress", "address", "workemail"),
    "name": ("fullname", "displayname", "person"),
    "active": ("isactive",),
    "employment": ("kind", "employmentkind", "employmenttype", "type"),
    "department": ("dept", "departmentname", "unit", "team"),
    "manager": ("manageremail", "reportsto", "supervisor", "linemanager"),
    "sponsor": ("sponsoremail",),
    "contract": ("contractreference", "contractref", "contractno", "contractnumber"),
    "ends_on": ("ends", "end", "enddate", "lastday", "until", "contractend"),
    "roles": ("role",),
}
_COLUMN_OF = {
    each: column for column, others in _ALSO_CALLED.items() for each in (column, *others)
} | {"endson": "ends_on"}


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file as it was read: each row by column, with the line it began in; None: a ragged row."""

    columns: tuple[str, ...]
    ignored: tuple[str, ...]  # headers that name nothing we know, as they were written
    rows: tuple[tuple[int, Mapping[str, str] | None], ...]


def written(rows: Iterable[Mapping[str, str]]) -> str:
    """The rows as CSV (RFC 4180), every column of it."""
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(COLUMNS)
    for row in rows:
        table.writerow([guarded(row[column]) for column in COLUMNS])
    return out.getvalue()


def read(content: bytes) -> Sheet:
    """A file, by the columns that its first line names, in any order and in many spellings.

    Raises:
        Unacceptable: it is too long, not UTF-8, not CSV, or names one column twice or no person.
    """
    if len(content) > MOST_BYTES:
        raise Unacceptable(f"A list of people has at most {MOST_BYTES // 1_000_000} MB.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unacceptable(
            "The file is not UTF-8: save it as UTF-8 (a spreadsheet program calls that `CSV UTF-8`)"
            "."
        ) from None
    lines = list(_parsed(text))
    if not lines:
        raise Unacceptable("The file is empty: its first line must name the columns.")
    header = [column_of(cell) for cell in lines[0][1]]
    _check_header(header)
    if len(lines) - 1 > MOST_ROWS:
        raise Unacceptable(f"A list of people has at most {MOST_ROWS} rows.")
    return Sheet(
        tuple(column for column in header if column),
        tuple(
            cell for cell, column in zip(lines[0][1], header, strict=True) if not column and cell
        ),
        tuple((line, _row(header, cells)) for line, cells in lines[1:]),
    )


def column_of(header: str) -> str | None:
    """Which column a header means; capitals, spaces and hyphens are all the same."""
    return _COLUMN_OF.get(re.sub(r"[^a-z]", "", header.lower()))


def _parsed(text: str) -> Iterable[tuple[int, list[str]]]:
    first = text.partition("\n")[0]
    separator = max(_SEPARATORS, key=first.count)  # the first of them where none is there
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    begun = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield begun, cells
            begun = reader.line_num + 1
    except csv.Error:
        raise Unacceptable(
            f"Line {begun} opens a quotation that does not end as CSV does: mend it; nothing was "
            "done."
        ) from None


def _row(header: Sequence[str | None], cells: Sequence[str]) -> Mapping[str, str] | None:
    beyond = cells[len(header) :]
    if len(cells) < len(header) or any(cell.strip() for cell in beyond):
        return None
    return MappingProxyType(
        {
            column: unguarded(cell).strip()
            for column, cell in zip(header, cells, strict=False)
            if column
        }
    )


def _check_header(header: Sequence[str | None]) -> None:
    named = [column for column in header if column]
    twice = sorted({column for column in named if named.count(column) > 1})
    if twice:
        raise Unacceptable(f"Two columns mean {' and '.join(twice)}: take one of each pair out.")
    if not {"id", "email"} & set(named):
        raise Unacceptable(
            "No column says who is meant: name one `email` or `id`. Known are: "
            f"{', '.join(COLUMNS)}."
        )
