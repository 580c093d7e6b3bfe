"""Reading a CSV file row by row in flat memory, whatever is in it."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from trustkeep.base.errors import Unacceptable

LONGEST_LINE = 1024 * 1024  # bytes


class Table:
    """A CSV file with a header: its columns, then its rows with the line each one began in.

    Cells of a line that is not UTF-8 carry the replacement character, and are refused later.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.bytes_read = 0
        self.size = 0
        self._line = 0
        csv.field_size_limit(LONGEST_LINE)

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """The header first (line 1), then each row that is not blank.

        Raises:
            Unacceptable: there is no such file, it is empty, or a line or a quoted cell never ends.
        """
        try:
            self.size = self.path.stat().st_size
            with self.path.open("rb") as file:
                yield from self._parsed(file)
        except (FileNotFoundError, IsADirectoryError, PermissionError) as problem:
            raise Unacceptable(
                f"{self.path} cannot be read ({problem.strerror}): name a CSV file."
            ) from None

    def _parsed(self, file: BinaryIO) -> Iterator[tuple[int, list[str]]]:
        reader = csv.reader(self._lines(file), strict=True)
        begun = 1
        try:
            for cells in reader:
                if cells:
                    yield begun, cells
                begun = self._line + 1
        except csv.Error:
            raise Unacceptable(
                f"Line {begun} of {self.path.name} opens a quotation that does not end as CSV "
                "does; the rows before it are stored. Mend it and start again: nothing is stored "
                "twice."
            ) from None
        if self._line == 0:
            raise Unacceptable(f"{self.path.name} is empty: the first line must name the columns.")

    def _lines(self, file: BinaryIO) -> Iterator[str]:
        while line := file.readline(LONGEST_LINE + 1):
            self._line += 1
            self.bytes_read += len(line)
            if len(line) > LONGEST_LINE:
                raise Unacceptable(
                    f"Line {self._line} of {self.path.name} is longer than 1 MiB; the rows before "
                    "it are stored. Mend it and start again: nothing is stored twice."
                )
            encoding = "utf-8-sig" if self._line == 1 else "utf-8"
            # The csv module stops at a NUL in some versions; the row is refused either way.
            yield line.decode(encoding, errors="replace")
