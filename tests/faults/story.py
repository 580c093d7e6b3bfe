"""What drivers were told before they were killed, and what must be true because of it."""

import csv
import json
import os
from dataclasses import dataclass, field
from pathlib import Path


class Told:
    """What the drivers were told, one line each, durable before anything else happens."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._story, self._read = Story(), 0  # what was told so far, and up to which byte

    def note(self, what: str, **details) -> None:
        line = json.dumps({"what": what, **details}).encode() + b"\n"
        handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(handle, line)
            os.fsync(handle)
        finally:
            os.close(handle)

    def story(self) -> "Story":
        """What follows from all lines; those that were there before are not read again."""
        if self._path.exists():
            with self._path.open("rb") as file:
                file.seek(self._read)
                for line in file:
                    details = json.loads(line)
                    getattr(self._story, details.pop("what"))(**details)
                self._read = file.tell()
        return self._story


@dataclass
class Story:
    """Each method takes one kind of line; the fields say what follows from all of them."""

    may_be: dict[str, dict[str, set[str]]] = field(default_factory=dict)  # reference, element
    stored: set[str] = field(default_factory=set)  # references whose storing was acknowledged
    unfinished: list[str] = field(default_factory=list)  # files whose import has not ended
    going: dict[str, str] = field(default_factory=dict)  # reference -> customer, perhaps erased
    gone: dict[str, str] = field(default_factory=dict)  # the same, acknowledged
    joining: dict[str, str] = field(default_factory=dict)  # reference -> that of the survivor
    into: dict[str, str] = field(default_factory=dict)  # the same, acknowledged
    seen: list[dict] = field(default_factory=list)  # customer, writer, counter

    def bringing(self, file):
        """An import begins."""
        self.unfinished.append(file)

    def stored_rows(self, references):
        """A batch of an import was said to be stored."""
        self.stored.update(references)

    def brought(self, file):
        """An import was said to have ended."""
        self.unfinished.remove(file)
        for row in table(file):
            self.stored.add(row["No"])
            known = {"name": {row["Name"]}, "phone": {row["Phone"]}}
            self.may_be[row["No"]] = known

    def writing(self, reference, element, value):
        """A value is being written: from now on it may be there."""
        self.may_be[reference][element].add(value)

    def written(self, reference, element, value):
        """A value was said to be written: from now on nothing else may be there."""
        self.may_be[reference][element] = {value}

    def saw(self, **line):
        """A value was released."""
        self.seen.append(line)

    def merging(self, reference, into):
        """Two records are becoming one."""
        self.joining[reference] = into

    def merged(self, reference, into):
        """Two records were said to be one, or found to be."""
        self.joining.pop(reference, None)
        self.into[reference] = into

    def not_merged(self, reference):
        """After a crash the two were found to be two."""
        del self.joining[reference]

    def erasing(self, reference, customer):
        """An erasure begins."""
        self.going[reference] = customer

    def erased(self, reference, customer):
        """An erasure was said to be done."""
        self.gone[reference] = customer

    @property
    def alive(self) -> list[str]:
        """References of customers that nobody began to erase, nor to merge into another."""
        return sorted(set(self.may_be) - set(self.going) - set(self.into) - set(self.joining))

    def survivor(self, reference: str) -> str:
        """The reference of whoever has the values."""
        while reference in self.into:
            reference = self.into[reference]
        return reference


def table(path: str | Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with Path(path).open(newline="") as file:
        return list(csv.DictReader(file))
