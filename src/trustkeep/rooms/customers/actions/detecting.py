"""How a CSV file is written: its encoding, and what separates its columns."""

import csv
from codecs import BOM_UTF16_BE, BOM_UTF16_LE, getincrementaldecoder
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

from trustkeep.base.errors import Unacceptable
from trustkeep.rooms.customers.rules import SEPARATORS, Encoding

LOOKED_AT: Final = 1024 * 1024  # bytes
_LINES: Final = 50
_ZIPPED: Final = b"PK\x03\x04"
_OLD_SPREADSHEET: Final = b"\xd0\xcf\x11\xe0"


class Written(NamedTuple):
    """How a file is written."""

    separator: str
    encoding: Encoding


def how_written(path: Path) -> Written:
    """Look at the beginning of a file.

    Raises:
        Unacceptable: there is no such file, or it is a spreadsheet and no text.
    """
    try:
        with path.open("rb") as file:
            head = file.read(LOOKED_AT)
    except OSError as problem:
        reason = (problem.strerror or "it cannot be read").lower()
        raise Unacceptable(f"{path} cannot be read ({reason}): name a CSV file.") from None
    if head.startswith((_ZIPPED, _OLD_SPREADSHEET)):
        raise Unacceptable(
            f"{path.name} is a spreadsheet: save its sheet as CSV (a spreadsheet program calls "
            "that `CSV UTF-8`)."
        )
    if head.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) or b"\0" in head.partition(b"\n")[0]:
        return Written(",", Encoding.UTF_8)  # what reads it says what to do
    encoding = _encoding(head)
    return Written(_separator(head.decode(encoding, errors="replace")), encoding)


def _encoding(head: bytes) -> Encoding:
    try:
        getincrementaldecoder("utf-8")().decode(head)  # the last letter may be cut off
    except UnicodeDecodeError:
        found = {one: _letters(head, one) for one in (Encoding.WESTERN, Encoding.CENTRAL)}
        return max(found, key=found.__getitem__)  # of two alike the first
    return Encoding.UTF_8


def _letters(head: bytes, encoding: Encoding) -> int:
    """How much of what is not ASCII is letters in an encoding, beyond what is none."""
    marks = Counter(head.decode(encoding, errors="replace"))
    return sum(
        count if mark.isalpha() else -count for mark, count in marks.items() if not mark.isascii()
    )


def _separator(text: str) -> str:
    lines = list(islice(text.removeprefix("\ufeff").splitlines(keepends=True), _LINES + 1))
    whole = lines[:-1] if len(lines) > 1 else lines  # the last may be cut off
    found = {mark: _columns(whole, mark) for mark in SEPARATORS}
    return max(found, key=found.__getitem__)  # of two alike the first


def _columns(lines: Sequence[str], separator: str) -> tuple[int, int]:
    """How many rows have as many columns as the header, if that has several; and how many.

    A row with a quotation inside a cell does not count: it was taken apart where it should not be.
    """
    try:
        rows = [cells for cells in csv.reader(lines, delimiter=separator) if cells]
    except csv.Error:
        return 0, 0
    wide = len(rows[0]) if rows else 0
    fits = sum(len(cells) == wide and not any('"' in one for one in cells) for cells in rows)
    return (fits, wide) if wide > 1 else (0, 0)
