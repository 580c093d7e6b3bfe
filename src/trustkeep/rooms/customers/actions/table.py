"""Reading a CSV file row by row in flat memory, whatever is in it."""

import csv
import sys
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from trustkeep.base.errors import Unacceptable
from trustkeep.rooms.customers.rules import Encoding

LONGEST_LINE = 1024 * 1024  # bytes


class Table:
    """A CSV file with a header: its columns, then its rows with the line each one began in.

    The path `-` is standard input.  `size` is None where it is not known.  Cells of a line that is
    not in the encoding carry the replacement character, and are refused later.
    """

    def __init__(
        self, path: Path, *, separator: str = ",", encoding: Encoding = Encoding.UTF_8
    ) -> None:
        self.path = path
        self._separator, self._encoding = separator, encoding
        self.name = "standard input" if str(path) == "-" else path.name
        self.bytes_read = 0
        self.size: int | None = None
        self._line = 0
        self._has_bare_cr = False  # in the line that was read last
        csv.field_size_limit(LONGEST_LINE)

    @property
    def share(self) -> float | None:
        """How much of it was read; None where nobody knows how long it is."""
        return self.bytes_read / self.size if self.size else None

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """The header first (line 1), then each row that is not blank.

        Raises:
            Unacceptable: there is no such file, it is empty or in another encoding, or a line or a
                quoted cell never ends.
        """
        if str(self.path) == "-":
            yield from self._parsed(sys.stdin.buffer)
            return
        try:
            with self.path.open("rb") as file:
                if self.path.is_file():
                    self.size = self.path.stat().st_size
                yield from self._parsed(file)
        except (FileNotFoundError, IsADirectoryError, PermissionError) as problem:
            raise Unacceptable(
                f"{self.path} cannot be read ({problem.strerror}): name a CSV file."
            ) from None

    def _parsed(self, file: BinaryIO) -> Iterator[tuple[int, list[str]]]:
        reader = csv.reader(self._lines(file), delimiter=self._separator, strict=True)
        begun = 1
        try:
            for cells in reader:
                if cells:
                    yield begun, cells
                begun = self._line + 1
        except csv.Error:
            if self._has_bare_cr:
                raise self._of_bare_cr() from None
            raise Unacceptable(
                f"Line {begun} of {self.name} opens a quotation that does not end as CSV "
                "does; what came before it is stored. Mend it and start again: nothing is stored "
                "twice."
            ) from None
        if self._line == 0:
            raise Unacceptable(f"{self.name} is empty: the first line must name the columns.")

    def _lines(self, file: BinaryIO) -> Iterator[str]:
        while line := file.readline(LONGEST_LINE + 1):
            self._line += 1
            self.bytes_read += len(line)
            self._has_bare_cr = b"\r" in line.removesuffix(b"\n").removesuffix(b"\r")
            if len(line) > LONGEST_LINE and self._has_bare_cr and self._line == 1:
                raise self._of_bare_cr()
            if len(line) > LONGEST_LINE:
                before = "what came before it is stored" if self._line > 1 else "nothing is stored"
                raise Unacceptable(
                    f"Line {self._line} of {self.name} is longer than 1 MiB; {before}. Mend it and "
                    "start again: nothing is stored twice."
                )
            if self._line == 1 and (line.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) or b"\0" in line):
                raise Unacceptable(
                    f"{self.name} is UTF-16 and not UTF-8: save it as UTF-8 (a spreadsheet program "
                    "calls that `CSV UTF-8`)."
                )
            is_marked = self._line == 1 and self._encoding is Encoding.UTF_8
            encoding = "utf-8-sig" if is_marked else self._encoding
            # The csv module stops at a NUL in some versions; the row is refused either way.
            yield line.decode(encoding, errors="replace")

    def _of_bare_cr(self) -> Unacceptable:
        before = "what came before it is stored" if self._line > 1 else "nothing is stored"
        return Unacceptable(
            f"Line {self._line} of {self.name} has line ends of a bare CR, as old programs of the "
            f"Mac write them; {before}. Save it with LF or CRLF and start again: nothing is stored "
            "twice."
        )
