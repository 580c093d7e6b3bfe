"""Which rows of an import are taken, and why the others are not.  SOP 4.1a.

Pure: the caller reads the file.  A reason never repeats what stood in the row.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

MOST_CHARACTERS = 4000  # in one value
_PHONE = re.compile(r"[+-][0-9 ()./-]*")
# Also marks that turn the order of what is shown around, or are shown as nothing (UAX 9, UTS 39).
_BAD = re.compile(
    "[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\u200b\\u202a-\\u202e\\u2060-\\u2064"
    "\\u2066-\\u2069\\ufeff\\ufffd]"
)
_SUSPECT = re.compile(f"{_BAD.pattern}|^\\s*[=@+\uff1d\uff20-]|^[\t\r]")
_NUMBER = re.compile(r"[+-]?[0-9][0-9.,]*")


class RowRefusal(StrEnum):
    """Why a row was not taken."""

    NOT_UTF8 = "not_utf8"
    RAGGED = "ragged"
    NO_REFERENCE = "no_reference"
    DUPLICATE_REFERENCE = "duplicate_reference"
    NUL = "nul"
    CONTROL = "control"
    FORMULA = "formula"
    TOO_LONG = "too_long"
    CONFLICT = "conflict"
    REMOVED_HERE = "removed_here"
    OTHER_SOURCE = "other_source"
    UNKNOWN_ORIGIN = "unknown_origin"
    HELD = "held"
    RESTRICTED = "restricted"
    OBJECTED = "objected"
    NO_CONSENT = "no_consent"
    TAMPERED = "tampered"


REMEDIES: Mapping[RowRefusal, str] = {
    RowRefusal.NOT_UTF8: "is not in the encoding of the mapping: save the file as UTF-8",
    RowRefusal.RAGGED: "has more or fewer cells than the header: look for a stray separator",
    RowRefusal.NO_REFERENCE: "has no external reference: give each customer one",
    RowRefusal.DUPLICATE_REFERENCE: "repeats a reference of an earlier row: keep one of them",
    RowRefusal.NUL: "holds a NUL character: export the file again as text",
    RowRefusal.CONTROL: "holds a control character: remove it",
    RowRefusal.FORMULA: "begins like a formula: export values, not formulas",
    RowRefusal.TOO_LONG: f"is longer than {MOST_CHARACTERS} characters: shorten it",
    RowRefusal.CONFLICT: "was changed here and in the file: look, then import with --prefer",
    RowRefusal.REMOVED_HERE: "was removed here, and the file says something new: look, then import "
    "with --prefer",
    RowRefusal.OTHER_SOURCE: "says something else than what stands here, which came from another "
    "source: look, then import with --prefer",
    RowRefusal.UNKNOWN_ORIGIN: "says something else than what stands here, and who said that is "
    "not on record: look, then import with --prefer",
    RowRefusal.HELD: "is about a customer on whom a legal hold stands: unchanged",
    RowRefusal.RESTRICTED: "is about a customer whose processing is restricted: unchanged",
    RowRefusal.OBJECTED: "is about a customer who objected to this purpose: unchanged",
    RowRefusal.NO_CONSENT: "is about a customer who has not consented to this purpose: unchanged",
    RowRefusal.TAMPERED: "is about a customer whose record was changed from outside: restore it "
    "from a backup",
}


class Encoding(StrEnum):
    """How the letters of a file are written; each has a line end of one byte."""

    UTF_8 = "utf-8"
    WESTERN = "windows-1252"
    CENTRAL = "windows-1250"


@dataclass(frozen=True, slots=True)
class Mapped:
    """How columns become a customer: the reference's column, and a column for each element."""

    reference: str
    fields: Mapping[str, str]  # element -> column
    separator: str = ","
    encoding: Encoding = Encoding.UTF_8


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that was not taken: its line in the file, the column if one is to blame, and why."""

    line: int
    column: str | None
    reason: RowRefusal

    @property
    def sentence(self) -> str:
        """The refusal for a person."""
        where = f"line {self.line}" + (f", column {self.column}" if self.column else "")
        return f"{where} {REMEDIES[self.reason]}"


class TakenRow(NamedTuple):
    """A row that may be stored."""

    line: int
    reference: str
    opened_values: Mapping[str, str]


def row_of(
    line: int, header: Sequence[str], cells: Sequence[str], mapped: Mapped
) -> TakenRow | RefusedRow:
    """What becomes of one row; an empty cell is no value."""
    if len(cells) != len(header):
        return RefusedRow(line, None, RowRefusal.RAGGED)
    row = dict(zip(header, cells, strict=True))
    for column in (mapped.reference, *mapped.fields.values()):
        reason = refusal_of(row[column])
        if reason:
            return RefusedRow(line, column, reason)
    reference = row[mapped.reference].strip()
    if not reference:
        return RefusedRow(line, mapped.reference, RowRefusal.NO_REFERENCE)
    values = {
        element: value
        for element, column in mapped.fields.items()
        if (value := row[column].strip())
    }
    return TakenRow(line, reference, values)


SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}


def separator_in(header: Sequence[str]) -> str | None:
    """What separates the columns of a header that was taken for one column; None: nothing known."""
    if len(header) != 1:
        return None
    return next((mark for mark in SEPARATORS if mark in header[0]), None)


def refusal_of(value: str) -> RowRefusal | None:
    """Why a value is not taken; None: it is."""
    if len(value) > MOST_CHARACTERS:
        return RowRefusal.TOO_LONG
    if not _SUSPECT.search(value):  # most values: one look instead of five
        return None
    bad = _BAD.search(value)
    if bad:
        return {"\x00": RowRefusal.NUL, "\ufffd": RowRefusal.NOT_UTF8}.get(
            bad[0], RowRefusal.CONTROL
        )
    return RowRefusal.FORMULA if _is_formula(value) else None


def _is_formula(value: str) -> bool:
    """Whether a spreadsheet would compute the cell; telephone numbers and numbers are none."""
    plain = value.lstrip()
    if plain[:1] in {"=", "@", "\uff1d", "\uff20"} or value[:1] in {"\t", "\r"}:
        return True
    if plain[:1] in {"+", "-"}:
        return not (_PHONE.fullmatch(plain) or _NUMBER.fullmatch(plain))
    return False
