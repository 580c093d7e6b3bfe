"""Customers as CSV, JSON or a spreadsheet: bytes, piece by piece, in which nothing computes.  Pure.

Nothing is laid down anywhere on the way, as libraries that write spreadsheets do: they keep the
cells in a temporary file, which a crash leaves behind.  Forms: `docs/operate/exporting.md`.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Protocol
from uuid import UUID
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from trustkeep.base.errors import Unacceptable
from trustkeep.base.guarded import guarded

MOST_ROWS = 1_048_575  # of a spreadsheet, below its header
MOST_UNITS = 32_767  # of UTF-16, in one cell of it
CUSTOMER = "customer"  # the first column: the customer's id
_NOT_SHOWN = {
    **{code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\t\n\r"},
    0x7F: "\u2421", 0xFFFE: "\ufffd", 0xFFFF: "\ufffd",
    **dict.fromkeys(range(0xD800, 0xE000), "\ufffd"),
}  # fmt: skip
_ESCAPED = {"\r": "&#13;"}
_LIKE_ESCAPE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")


class Form(StrEnum):
    """The forms of an export."""

    CSV = "csv"
    XLSX = "xlsx"
    JSON = "json"


class Writer(Protocol):
    """Makes the bytes of an export, from its beginning to its end."""

    def begin(self) -> bytes:
        """What stands before the first customer."""

    def row(self, customer: UUID, opened_values: Mapping[str, str]) -> bytes:
        """One customer, with the values that it has."""

    def end(self, rows: int, left_out: int, masked: Sequence[str]) -> bytes:
        """What stands behind the last."""

    def close(self) -> None:
        """Let go of what is held, also where the end was not reached."""


def writer_of(form: Form, fields: Sequence[str]) -> Writer:
    """A writer of one export of these fields."""
    return _WRITERS[form](fields)


def visible(value: str) -> str:
    """A text without characters that CSV and XML cannot carry: each has its picture (`␀`)."""
    return value.translate(_NOT_SHOWN)


class _Csv:
    """RFC 4180, in UTF-8, every cell quoted, and none that a spreadsheet computes."""

    def __init__(self, fields: Sequence[str]) -> None:
        self._fields = fields

    def begin(self) -> bytes:
        return _line([CUSTOMER, *self._fields])

    def row(self, customer: UUID, opened_values: Mapping[str, str]) -> bytes:
        cells = (guarded(visible(opened_values.get(field, ""))) for field in self._fields)
        return _line([str(customer), *cells])

    def end(self, rows: int, left_out: int, masked: Sequence[str]) -> bytes:  # noqa: ARG002 - CSV ends as it is
        return b""

    def close(self) -> None: ...


def _line(cells: Sequence[str]) -> bytes:
    line = io.StringIO(newline="")
    csv.writer(line, quoting=csv.QUOTE_ALL).writerow(cells)
    return line.getvalue().encode()


class _Json:
    """One object in ASCII; cut off anywhere it is none."""

    def __init__(self, fields: Sequence[str]) -> None:
        self._fields, self._between = fields, ""

    def begin(self) -> bytes:
        return b'{"customers": ['

    def row(self, customer: UUID, opened_values: Mapping[str, str]) -> bytes:
        values = {field: opened_values[field] for field in self._fields if field in opened_values}
        text = json.dumps({CUSTOMER: str(customer), "values": values})
        before, self._between = self._between, ","
        return f"{before}\n{text}".encode()

    def end(self, rows: int, left_out: int, masked: Sequence[str]) -> bytes:
        counts = f'"rows": {rows}, "left_out": {left_out}'
        return f'\n], "masked": {json.dumps(list(masked))}, {counts}}}\n'.encode()

    def close(self) -> None: ...


class _Sink:
    """Takes what a ZIP file writes, until it is taken on."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing waits here."""

    def close(self) -> None:
        """Nothing is held here."""

    def taken(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


class _Xlsx:
    """One sheet of text cells (ECMA-376), none of which a program computes."""

    def __init__(self, fields: Sequence[str]) -> None:
        self._fields, self._rows = fields, 1
        self._sink = _Sink()
        self._zip = ZipFile(self._sink, "w")
        for name, content in _PARTS.items():
            self._zip.writestr(_info(name), content)
        # Its size is not known before its end, and may pass 4 GiB.
        self._sheet = self._zip.open(_info("xl/worksheets/sheet1.xml"), "w", force_zip64=True)

    def begin(self) -> bytes:
        self._sheet.write(_SHEET_BEGINS)
        self._sheet.write(_cells(1, [CUSTOMER, *map(_plain, self._fields)]))
        return self._sink.taken()

    def row(self, customer: UUID, opened_values: Mapping[str, str]) -> bytes:
        if self._rows > MOST_ROWS:
            raise too_many_rows()
        self._rows += 1
        values = [_plain(opened_values.get(field, "")) for field in self._fields]
        for field, value in zip(self._fields, values, strict=True):
            if len(value.encode("utf-16-le")) // 2 > MOST_UNITS:
                raise Unacceptable(
                    f"The {field} of customer {customer} is longer than a cell of a spreadsheet "
                    f"holds ({MOST_UNITS:,} characters): take csv or json, or leave {field} out."
                )
        self._sheet.write(_cells(self._rows, [str(customer), *values]))
        return self._sink.taken()

    def end(self, rows: int, left_out: int, masked: Sequence[str]) -> bytes:  # noqa: ARG002 - a sheet ends as it is
        self._sheet.write(_SHEET_ENDS)
        self.close()
        return self._sink.taken()

    def close(self) -> None:
        self._sheet.close()
        self._zip.close()


def too_many_rows() -> Unacceptable:
    """What is said where a spreadsheet cannot hold all customers."""
    return Unacceptable(f"A spreadsheet holds {MOST_ROWS:,} customers at most: take csv or json.")


def _cells(number: int, values: Sequence[str]) -> bytes:
    cells = "".join(
        f'<c r="{_column(at)}{number}" s="1" t="inlineStr"><is>'
        f'<t xml:space="preserve">{escape(value, _ESCAPED)}</t></is></c>'
        for at, value in enumerate(values)
        if value
    )
    return f'<row r="{number}">{cells}</row>'.encode()


def _column(at: int) -> str:
    """The letters of a column, from 0: A to Z, AA, AB."""
    before, last = divmod(at, 26)
    return (_column(before - 1) if before else "") + chr(ord("A") + last)


def _plain(value: str) -> str:
    # `_x0041_` would be read as a character of that number.
    return _LIKE_ESCAPE.sub("_x005F_", visible(value))


def _info(name: str) -> ZipInfo:
    info = ZipInfo(name)  # of 1980: the same customers make the same bytes
    info.compress_type = ZIP_DEFLATED
    info.external_attr = 0o600 << 16
    return info


_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_OPEN = "http://schemas.openxmlformats.org"
_MAIN = f"{_OPEN}/spreadsheetml/2006/main"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_SHEET_BEGINS = f'{_XML}<worksheet xmlns="{_MAIN}"><sheetData>'.encode()
_SHEET_ENDS = b"</sheetData></worksheet>"
_LINK = f"{_OPEN}/officeDocument/2006/relationships"
_LINKS = f'{_XML}<Relationships xmlns="{_OPEN}/package/2006/relationships">'
_PARTS = {
    "[Content_Types].xml": f'{_XML}<Types xmlns="{_OPEN}/package/2006/content-types">'
    '<Default Extension="rels"'
    ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/></Types>',
    "_rels/.rels": f"{_LINKS}"
    f'<Relationship Id="rId1" Type="{_LINK}/officeDocument" Target="xl/workbook.xml"/>'
    "</Relationships>",
    "xl/_rels/workbook.xml.rels": f"{_LINKS}"
    f'<Relationship Id="rId1" Type="{_LINK}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_LINK}/styles" Target="styles.xml"/></Relationships>',
    "xl/workbook.xml": f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_LINK}"><sheets>'
    '<sheet name="customers" sheetId="1" r:id="rId1"/></sheets></workbook>',
    # The second style is text (49), and stays text when somebody edits the cell.
    "xl/styles.xml": f'{_XML}<styleSheet xmlns="{_MAIN}"><fonts count="1"><font/></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="2"><xf xfId="0"/>'
    '<xf xfId="0" numFmtId="49" applyNumberFormat="1" quotePrefix="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    "</styleSheet>",
}
_WRITERS: Mapping[Form, Callable[[Sequence[str]], Writer]] = {
    Form.CSV: _Csv, Form.JSON: _Json, Form.XLSX: _Xlsx,
}  # fmt: skip
